{{- define "stack.name" -}}
{{- .Values.fullnameOverride | default (printf "%s-%s" .Release.Name .Chart.Name) | trunc 26 | trimSuffix "-" -}}
{{- end -}}

{{- define "stack.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/version: {{ .Chart.Version | quote }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
heritage: {{ .Release.Service }}
release: {{ .Release.Name }}
{{- end -}}

{{- /* Of a dict of root, image and tag. */ -}}
{{- define "stack.image" -}}
{{ .root.Values.global.imageRegistry | default .image.registry }}/{{ .image.repository }}:{{ .image.tag | default .tag }}
{{- end -}}

{{- /* What is before and behind the pods of one program: of a dict of root, name, values, and app, its labels. */ -}}
{{- define "stack.around" -}}
{{- with .root -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $.name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "stack.labels" . | nindent 4 }}
automountServiceAccountToken: {{ $.values.serviceAccount.automountServiceAccountToken }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $.name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- toYaml $.app | nindent 4 }}
    {{- include "stack.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector: {{ toJson $.selector }}
  ports: {{ toJson $.ports }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $.name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- toYaml $.app | nindent 4 }}
    {{- include "stack.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- toYaml $.app | nindent 6 }}
      release: {{ .Release.Name }}
  endpoints:
    {{- range $.ports }}
    - port: {{ .name }}
    {{- end }}
{{- end }}
{{- end -}}
