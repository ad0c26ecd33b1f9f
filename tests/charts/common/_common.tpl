{{- /* The name of the objects, by Helm's custom: the release, with the chart behind it unless it is in there. */ -}}
{{- define "standin.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $chart) (contains $chart .Release.Name) -}}
{{- .Values.fullnameOverride | default $release | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "standin.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "standin.labels" -}}
{{ include "standin.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "standin.metadata" -}}
name: {{ include "standin.name" . }}
labels:
  {{- include "standin.labels" . | nindent 2 }}
{{- end -}}

{{- define "standin.image" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy | default "IfNotPresent" }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* What every pod takes from the values, beside its containers and volumes. */ -}}
{{- define "standin.pod" -}}
{{- $pod := pick .Values "affinity" "imagePullSecrets" "nodeSelector" "tolerations" -}}
{{- range $field, $value := $pod }}
{{- if $value }}
{{ $field }}:
  {{- toYaml $value | nindent 2 }}
{{- end }}
{{- end }}
securityContext:
  {{- toYaml (.Values.podSecurityContext | default dict) | nindent 2 }}
{{- end -}}

{{- define "standin.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "standin.metadata" . | nindent 2 }}
spec:
  type: {{ .Values.service.type }}
  selector:
    {{- include "standin.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .Values.service.port }}, targetPort: http, protocol: TCP}
{{- end -}}

{{- define "standin.ingress" -}}
{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "standin.metadata" . | nindent 2 }}
  {{- with .Values.ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .Values.ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .Values.ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range .Values.ingress.hosts }}
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths }}
          - path: {{ .path }}
            pathType: {{ .pathType }}
            backend:
              service: {name: {{ include "standin.name" $ }}, port: {number: {{ $.Values.service.port }}}}
          {{- end }}
    {{- end }}
{{- end }}
{{- end -}}

{{- /* A claim, from a dict of root, name and persistence; nothing where somebody else made it. */ -}}
{{- define "standin.claim" -}}
{{- with .persistence }}
{{- if and .enabled (not .existingClaim) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ $.name }}
  labels:
    {{- include "standin.labels" $.root | nindent 4 }}
spec:
  accessModes: {{ toJson .accessModes }}
  {{- with .storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ .size }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* A volume on that claim, from a dict of volume, name and persistence. */ -}}
{{- define "standin.volume" -}}
- name: {{ .volume }}
{{- if .persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ .persistence.existingClaim | default .name }}
{{- else }}
  emptyDir: {}
{{- end }}
{{- end -}}

{{- define "standin.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "standin.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "standin.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "standin.serviceAccountName" . }}
  labels:
    {{- include "standin.labels" . | nindent 4 }}
  {{- with .Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* What pods sign in with at a registry, where the values say so for the chart, or for all charts. */ -}}
{{- define "standin.pullSecrets" -}}
{{- $global := .Values.global | default dict -}}
{{- $given := concat (.Values.imagePullSecrets | default list) ($global.imagePullSecrets | default list) (($global.image | default dict).pullSecrets | default list) -}}
{{- $found := list -}}
{{- range $given }}{{ $found = append $found (kindIs "string" . | ternary (dict "name" .) .) }}{{ end -}}
{{- with $found }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}
