{{/* Labels and annotations of a pod. Takes root, component, possibly pool, settings, secrets and port (of the metrics). */}}
{{- define "face.podMetadata" -}}
{{- $annotations := dict }}
{{- if not .root.Values.metrics.serviceMonitor.enabled }}
{{- $_ := set $annotations "prometheus.io/scrape" "true" }}
{{- $_ := set $annotations "prometheus.io/port" (toString .port) }}
{{- end }}
{{- with include "face.restartDigest" . }}{{ $_ := set $annotations "checksum/secrets" . }}{{ end }}
{{- $annotations = mergeOverwrite $annotations .settings.podAnnotations -}}
labels:
  {{- include "face.podLabels" . | nindent 2 }}
  {{- with .settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What every pod has: no token, no service links, not root. Takes root, settings and securityContext. */}}
{{- define "face.podBasics" -}}
serviceAccountName: {{ include "face.serviceAccountName" .root }}
automountServiceAccountToken: false
# Links to services would set variables such as WORKER_PORT.
enableServiceLinks: false
securityContext:
  {{- toYaml .securityContext | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.priorityClassName | default (ternary (include "face.priorityClassName" .root) "" .root.Values.priorityClass.create) }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Pods of one Deployment and version over zones and nodes. Takes root, component, possibly pool, and settings. */}}
{{- define "face.topologySpread" -}}
{{- if .settings.topologySpread.enabled -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $.settings.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "face.selectorLabels" $ | nindent 8 }}
    # Without it, the old pods of a rolling update would count.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "face.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Takes name, root, component, possibly pool, and settings. */}}
{{- define "face.podDisruptionBudget" -}}
{{- if .settings.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "face.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .settings.podDisruptionBudget.maxUnavailable }}
  # Pods that are not ready, such as all while Redis is away, do not block a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "face.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}
