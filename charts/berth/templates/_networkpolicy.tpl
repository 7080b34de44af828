{{/* What selects the pods of sessions, in whichever namespace. */}}
{{- define "berth.sessionLabels" -}}
app.kubernetes.io/managed-by: berth
app.kubernetes.io/name: whatsapp-session
{{- end -}}

{{/* Everything but the private networks, as peers. */}}
{{- define "berth.internet" -}}
{{- $ipv4 := list -}}
{{- $ipv6 := list -}}
{{- range .Values.networkPolicy.privateCidrs -}}
{{- if contains ":" . -}}
{{- $ipv6 = append $ipv6 . -}}
{{- else -}}
{{- $ipv4 = append $ipv4 . -}}
{{- end -}}
{{- end -}}
- ipBlock:
    cidr: 0.0.0.0/0
    {{- with $ipv4 }}
    except: {{ toJson . }}
    {{- end }}
- ipBlock:
    cidr: "::/0"
    {{- with $ipv6 }}
    except: {{ toJson . }}
    {{- end }}
{{- end -}}

{{/* The egress rule that lets names be resolved. */}}
{{- define "berth.dnsEgress" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.peers | nindent 4 }}
  ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{/* The egress rule that lets the API server be reached. */}}
{{- define "berth.apiServerEgress" -}}
- to:
    {{- range .Values.networkPolicy.apiServer.cidrs }}
    - ipBlock:
        cidr: {{ . | quote }}
    {{- end }}
  ports:
    {{- range .Values.networkPolicy.apiServer.ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{/* Namespaces whose sessions the chart knows of, as a JSON list. */}}
{{- define "berth.sessionNamespaces" -}}
{{- .Values.networkPolicy.session.namespaces | default (list .Release.Namespace) | toJson -}}
{{- end -}}
