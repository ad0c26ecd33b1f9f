{{- define "linkerd.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
linkerd.io/control-plane-ns: {{ .Release.Namespace }}
{{- end -}}
