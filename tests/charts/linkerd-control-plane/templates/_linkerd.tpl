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

{{- define "linkerd.labels" -}}
linkerd.io/control-plane-component: {{ .component }}
linkerd.io/control-plane-ns: {{ .root.Release.Namespace }}
{{- end -}}

{{- /* The proxy beside a container, and what makes or checks its network first. */ -}}
{{- define "linkerd.proxy" -}}
- name: {{ ternary "linkerd-network-validator" "linkerd-init" .Values.cniEnabled }}
  image: {{ .Values.proxy.image.name }}:{{ .Values.proxy.image.version | default .Values.linkerdVersion }}
  {{- include "linkerd.resources" (dict "resources" .Values.proxy.resources) | nindent 2 }}
  {{- if .Values.cniEnabled }}
  {{- include "linkerd.strict" 65534 | nindent 2 }}
  {{- else }}
  securityContext:
    capabilities: {add: [NET_ADMIN, NET_RAW]}
  {{- end }}
- name: linkerd-proxy
  image: {{ .Values.proxy.image.name }}:{{ .Values.proxy.image.version | default .Values.linkerdVersion }}
  {{- if .Values.proxy.nativeSidecar }}
  restartPolicy: Always
  {{- end }}
  env:
    - name: LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS
      valueFrom:
        configMapKeyRef: {name: linkerd-identity-trust-roots, key: ca-bundle.crt}
  ports:
    - {name: linkerd-proxy, containerPort: {{ .Values.proxy.ports.inbound }}}
    - {name: linkerd-admin, containerPort: {{ .Values.proxy.ports.admin }}}
  readinessProbe:
    httpGet: {path: /ready, port: {{ .Values.proxy.ports.admin }}}
  {{- include "linkerd.resources" (dict "resources" .Values.proxy.resources) | nindent 2 }}
  {{- include "linkerd.strict" .Values.proxy.uid | nindent 2 }}
{{- end -}}

{{- define "linkerd.webhook" -}}
{{- $hook := .hook -}}
metadata:
  name: {{ .name }}-webhook-config
  {{- with $hook.injectCaFrom }}
  annotations:
    cert-manager.io/inject-ca-from: {{ . }}
  {{- end }}
  labels:
    {{- include "linkerd.labels" . | nindent 4 }}
webhooks:
  - name: {{ .name }}.linkerd.io
    admissionReviewVersions: [v1]
    clientConfig:
      service: {name: {{ .name }}, namespace: {{ .root.Release.Namespace }}, path: /}
    failurePolicy: {{ .root.Values.webhookFailurePolicy }}
    namespaceSelector: {{ toJson $hook.namespaceSelector }}
    sideEffects: None
    rules:
      - operations: [CREATE]
        apiGroups: {{ toJson .groups }}
        apiVersions: ["*"]
        resources: {{ toJson .resources }}
{{- if not $hook.externalSecret }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}-k8s-tls
  namespace: {{ .root.Release.Namespace }}
type: kubernetes.io/tls
data: {tls.crt: {{ $hook.crtPEM | b64enc | quote }}, tls.key: {{ $hook.keyPEM | b64enc | quote }}}
{{- end }}
{{- end -}}
