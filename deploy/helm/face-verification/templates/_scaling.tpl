{{/* Scales a pool. Takes root, component, pool, name and settings. */}}
{{- define "face.scaledObject" -}}
{{- $scaling := .settings.scaling }}
{{- $prometheus := .root.Values.scaling.prometheus }}
{{- $release := $prometheus.selector | default (printf "namespace=%q" .root.Release.Namespace) }}
{{- $pack := printf "%s, pack=%q" $release (base .settings.pack) }}
{{- $pods := printf "%s, pod=~%q" $release (printf "%s-[a-z0-9]+-[a-z0-9]+" .name) }}
{{- $minimum := int $scaling.minReplicas }}
{{/* Other pools work on the same queue: each answers for as much of it as it has of the workers. */}}
{{- $pools := 0 }}
{{- range include "face.pools" .root | fromJsonArray }}
{{- if and (eq (base .pack) (base $.settings.pack)) (not .config.SHADOW_OF) }}{{ $pools = add1 $pools }}{{ end }}
{{- end }}
{{- $share := "" }}
{{- if gt (int $pools) 1 }}{{ $share = printf " * clamp_max(count(face_vision_processes{%s}) / max(face_workers{%s}), 1)" $pods $pack }}{{ end }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "face.metadata" . | nindent 2 }}
spec:
  scaleTargetRef: { name: {{ .name }} }
  minReplicaCount: {{ $minimum }}
  maxReplicaCount: {{ $scaling.maxReplicas }}
  pollingInterval: {{ $scaling.pollingSeconds }}
  # While Prometheus or every API is away, no worker is removed.
  fallback:
    failureThreshold: 3
    replicas: {{ ternary $minimum (int $scaling.fallbackReplicas) (kindIs "invalid" $scaling.fallbackReplicas) }}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        {{- toYaml $scaling.behavior | nindent 8 }}
  # Each query gives the workers that are needed, and the highest number counts.
  triggers:
    {{- $queries := list
      (list "wait" (printf "max(face_queue_oldest_job_seconds{%s}) * clamp_min(max(face_workers{%s}), 1) / %v%s" $pack $pack $scaling.waitSeconds $share))
      (list "depth" (printf "max(sum by (instance) (face_queue_jobs{%s, state=~\"waiting|prioritized\"})) / %v%s" $pack (int $scaling.jobsPerWorker) $share))
      (list "busy" (printf "sum(rate(face_step_duration_seconds_sum{%s, step!=\"fetch\"}[5m])) / avg(face_vision_processes{%s}) / %v" $pods $pods $scaling.busyShare)) }}
    {{- range $queries }}
    - type: prometheus
      name: {{ first . }}
      metricType: AverageValue
      {{- with $prometheus.authenticationRef }}
      authenticationRef: { name: {{ . }} }
      {{- end }}
      metadata:
        serverAddress: {{ $prometheus.serverAddress }}
        query: {{ last . | squote }}
        threshold: "1"
        # No figure is an error and not 0, which would remove workers.
        ignoreNullValues: "false"
        {{- with $prometheus.authModes }}
        authModes: {{ . }}
        {{- end }}
    {{- end }}
{{- end }}
