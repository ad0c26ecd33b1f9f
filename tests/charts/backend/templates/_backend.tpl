{{- define "backend.secret" -}}
{{- .Values.existingSecret | default (include "standin.name" .) -}}
{{- end -}}

{{- /* A container of the application, from a dict of root, name, command, args, resources and mounts. */ -}}
{{- define "backend.container" -}}
- name: {{ .name }}
  {{- include "standin.image" .root | nindent 2 }}
  command: {{ toJson .command }}
  args: {{ toJson .args }}
  {{- with .root.Values }}
  env:
    {{- range $name, $value := .env }}
    - {name: {{ $name }}, value: {{ $value | quote }}}
    {{- end }}
    {{- with .envVars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  envFrom:
    - configMapRef: {name: {{ include "standin.name" $.root }}}
    - secretRef: {name: {{ include "backend.secret" $.root }}}
    {{- with .envFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  resources: {{ toJson (.resources | default dict) }}
  {{- with concat .mounts (.root.Values.extraVolumeMounts | default list) }}
  volumeMounts:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .more }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "backend.volumes" -}}
{{- $name := include "standin.name" .root -}}
{{- range $volume, $about := dict "media" (list .root.Values.persistence.media $name) "dwh-media" (list .root.Values.persistence.datawarehouse (print $name "-datawarehouse")) }}
{{- $persistence := index $about 0 }}
{{- $here := and $persistence.enabled (or (not $.switch) (get $persistence ($.switch | default ""))) }}
{{ include "standin.volume" (dict "volume" $volume "name" (index $about 1) "persistence" (dict "enabled" $here "existingClaim" $persistence.existingClaim)) }}
{{- end }}
{{- end -}}

{{- /* A Deployment of the application: a dict of root, suffix, component, replicas, strategy, init, container,
       annotations, volumes (of the chart: true or false) and switch (what says that they are mounted here). */ -}}
{{- define "backend.deployment" -}}
{{- $files := print .root.Template.BasePath -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "standin.name" .root }}{{ .suffix }}
  labels:
    {{- include "standin.labels" .root | nindent 4 }}
    component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  selector:
    matchLabels:
      {{- include "standin.selector" .root | nindent 6 }}
      component: {{ .component }}
  strategy:
    type: {{ .strategy | default .root.Values.deploymentStrategy }}
  template:
    metadata:
      annotations:
        checksum/configmap: {{ include (print $files "/settings.yaml") .root | sha256sum }}
        checksum/secret: {{ include (print $files "/secret.yaml") .root | sha256sum }}
        {{- with .annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      labels:
        {{- include "standin.labels" .root | nindent 8 }}
        component: {{ .component }}
    spec:
      {{- include "standin.pod" .root | nindent 6 }}
      {{- with .init }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      containers:
        {{- .container | nindent 8 }}
      {{- if or .volumes .root.Values.extraVolumes }}
      volumes:
        {{- if .volumes }}
        {{- include "backend.volumes" . | nindent 8 }}
        {{- end }}
        {{- with .root.Values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
{{- end -}}

{{- define "backend.mounts" -}}
- {name: media, mountPath: /app/media}
- {name: dwh-media, mountPath: /dwh_media}
{{- end -}}
