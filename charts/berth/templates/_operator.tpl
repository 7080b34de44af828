{{/* The operator's configuration, checked by the operator at its start. */}}
{{- define "berth.config" -}}
{{- $images := dict
  "Baileys" (include "berth.image" (dict "context" . "image" .Values.image.session.baileys))
  "WhatsAppWebJS" (include "berth.image" (dict "context" . "image" .Values.image.session.whatsAppWebJS)) -}}
{{- $resources := dict
  "Baileys" .Values.session.resources.baileys
  "WhatsAppWebJS" .Values.session.resources.whatsAppWebJS -}}
{{- $session := dict
  "images" $images
  "imagePullPolicy" .Values.image.session.pullPolicy
  "env" .Values.session.env
  "resources" $resources
  "browser" .Values.session.browser
  "allowedPriorityClasses" .Values.session.allowedPriorityClasses
  "allowedRuntimeClasses" .Values.session.allowedRuntimeClasses -}}
{{- dict
  "namespace" .Release.Namespace
  "serviceName" (include "berth.operator" .)
  "leaseName" (include "berth.operator" .)
  "session" $session
  "outbound" (dict "allow" .Values.outbound.allow)
  "starts" .Values.starts
  "rollout" .Values.rollout
  "drainSeconds" .Values.sessionEnd.drainSeconds
  "endRecordDeadlineSeconds" .Values.sessionEnd.endRecordDeadlineSeconds
  "sinks" .Values.sessionEnd.sinks
  "fenceSeconds" .Values.nodeLoss.fenceSeconds
  | toPrettyJson -}}
{{- end -}}

{{/* Pod settings of the operator and of the drain, by the restricted Pod Security Standard. */}}
{{- define "berth.operatorPod" -}}
serviceAccountName: {{ include "berth.operator" . }}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: config
    configMap:
      name: {{ include "berth.operator" . }}
{{- end -}}

{{/* Container settings of the operator and of the drain. */}}
{{- define "berth.operatorContainer" -}}
image: {{ include "berth.image" (dict "context" . "image" .Values.image.operator) | quote }}
imagePullPolicy: {{ .Values.image.operator.pullPolicy }}
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: BERTH_CONFIG
    value: /etc/berth/config.json
  - name: LOG_LEVEL
    value: {{ .Values.logLevel }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: config
    mountPath: /etc/berth
    readOnly: true
{{- end -}}
