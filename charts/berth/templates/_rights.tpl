{{/* What the operator may do where sessions are, as rules of a role. */}}
{{- define "berth.sessionRules" -}}
# The desired state is the user's: of a session itself the operator changes the finalizer alone.
- apiGroups: [berth.dev]
  resources: [whatsappsessions]
  verbs: [get, list, watch, patch]
- apiGroups: [berth.dev]
  resources: [whatsappsessions/status]
  verbs: [patch]
{{ include "berth.sessionEndRules" . }}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, watch, create, delete]
# The CA that session pods check the operator against. A creation cannot be restricted by name.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [berth-ca]
  verbs: [get, patch]
{{ include "berth.secretRules" . }}
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* Records of ends: beside the session, or in the operator's namespace where the session's takes none. */}}
{{- define "berth.sessionEndRules" -}}
- apiGroups: [berth.dev]
  resources: [sessionends]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [berth.dev]
  resources: [sessionends/status]
  verbs: [patch]
{{- end -}}

{{/* Signing keys of webhooks. */}}
{{- define "berth.secretRules" -}}
# Signing keys of webhooks, in Secrets that sessions name. Neither list nor watch is granted: the operator reads the
# named one when it signs, and cannot find out which others there are.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end -}}

{{/* Name of the Role and RoleBinding in each of watchNamespaces. */}}
{{- define "berth.sessionsRole" -}}
{{- include "berth.operator" . }}-sessions
{{- end -}}

{{/*
Whether the roles in a namespace carry the finalizer that keeps the operator's rights in a namespace that is being deleted, until its last session has ended there:
(dict "context" . "namespace" "team-a"). Not in the release's own: with it goes the operator, and nobody would be left to take the finalizer off.
*/}}
{{- define "berth.lastOut" -}}
{{- if ne .namespace .context.Release.Namespace -}}
true
{{- end -}}
{{- end -}}
