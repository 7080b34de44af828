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
  "priorityClassName" (.Values.session.priorityClassName | default (ternary (include "berth.sessionPriorityClass" .) "" .Values.priorityClasses.create))
  "allowedPriorityClasses" .Values.session.allowedPriorityClasses
  "allowedRuntimeClasses" .Values.session.allowedRuntimeClasses -}}
{{- $certificates := dict
  "publishSeconds" .Values.tls.publishSeconds
  "caLifetimeSeconds" (mulf .Values.tls.ca.lifetimeDays 86400)
  "caRenewBeforeSeconds" (mulf .Values.tls.ca.renewBeforeDays 86400) -}}
{{- if gt (addf (divf .Values.tls.publishSeconds 86400) .Values.tls.ca.renewBeforeDays) (divf .Values.tls.ca.lifetimeDays 2) -}}
{{- fail "tls.ca.renewBeforeDays and tls.publishSeconds must together be at most half of tls.ca.lifetimeDays" -}}
{{- end -}}
{{- if .Values.tls.certManager.enabled -}}
{{- $_ := set $certificates "secretName" (include "berth.certificate" .) -}}
{{- end -}}
{{- dict
  "namespace" .Release.Namespace
  "watchNamespaces" .Values.watchNamespaces
  "sessionsRoleName" (include "berth.sessionsRole" .)
  "serviceName" (include "berth.operator" .)
  "leaseName" (include "berth.operator" .)
  "session" $session
  "certificates" $certificates
  "outbound" (dict "allow" .Values.outbound.allow)
  "starts" .Values.starts
  "rollout" .Values.rollout
  "drainSeconds" .Values.sessionEnd.drainSeconds
  "endRecordDeadlineSeconds" .Values.sessionEnd.endRecordDeadlineSeconds
  "sinks" .Values.sessionEnd.sinks
  "fenceSeconds" .Values.nodeLoss.fenceSeconds
  "perSessionSeries" .Values.monitoring.perSessionSeries
  | toPrettyJson -}}
{{- end -}}

{{/* Pod settings of the operator, the drain and the test, by the restricted Pod Security Standard. */}}
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
{{- with .Values.priorityClassName | default (ternary (include "berth.operator" .) "" .Values.priorityClasses.create) }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: config
    configMap:
      name: {{ include "berth.operator" . }}
{{- end -}}

{{/* Container settings of the same. */}}
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

{{/* Where operators run: apart from each other, unless the values say otherwise. */}}
{{- define "berth.operatorPlacement" -}}
{{- $labels := include "berth.selectorLabels" (dict "context" . "component" "operator") -}}
affinity:
  {{- if .Values.affinity }}
  {{- toYaml .Values.affinity | nindent 2 }}
  {{- else }}
  # Preferred, so that one node is enough, and that a new operator can start beside the one that it replaces.
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- $labels | nindent 14 }}
  {{- end }}
topologySpreadConstraints:
  {{- if .Values.topologySpreadConstraints }}
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    # Those of one version: the ones that are just being replaced do not count.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- $labels | nindent 8 }}
  {{- end }}
{{- end -}}
