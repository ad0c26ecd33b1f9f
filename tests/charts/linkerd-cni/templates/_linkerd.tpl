{{- /* The resources of a container, from the way in which these charts have them. */ -}}
{{- define "linkerd.resources" -}}
{{- $all := dict -}}
{{- range $kind, $field := dict "request" "requests" "limit" "limits" -}}
{{- range $unit, $amount := ($.resources | default dict) -}}
{{- with get $amount $kind -}}
{{- $_ := set $all $field (merge (dict $unit .) (get $all $field | default dict)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
resources: {{ toJson $all }}
{{- end -}}

{{- define "linkerd.strict" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  runAsUser: {{ . }}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}
