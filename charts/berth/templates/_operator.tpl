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
