{{- define "face.modelsVolumes" -}}
{{- if eq .source "download" -}}
- { name: models, emptyDir: { sizeLimit: {{ .sizeLimit }} } }
# npm's cache and archives, on the disk and away from the memory of the worker.
- { name: download, emptyDir: { sizeLimit: {{ .sizeLimit }} } }
{{- else if eq .source "claim" -}}
- { name: models, persistentVolumeClaim: { claimName: {{ .claim }}, readOnly: true } }
{{- else if eq .source "imageVolume" -}}
- { name: models, image: { reference: {{ .reference }}, pullPolicy: IfNotPresent } }
{{- end }}
{{- end }}

{{/* A container of the worker image that downloads, or waits for, the pack. Takes root, pool, places (variables), command
and tmp (the volume for /tmp). */}}
{{- define "face.modelsContainer" -}}
- name: models
  image: {{ include "face.image" (dict "root" .root "image" .pool.image) }}
  imagePullPolicy: {{ .pool.image.pullPolicy }}
  command: {{ toJson .command }}
  env:
    {{- include "face.env" (dict "variables" .places) | trim | nindent 4 }}
  volumeMounts:
    - { name: models, mountPath: /models }
    - { name: {{ .tmp }}, mountPath: /tmp }
  securityContext:
    {{- include "face.containerSecurity" . | nindent 4 }}
  resources:
    requests: { cpu: 100m, memory: 128Mi }
    limits: { memory: 1Gi }
{{- end }}

{{- define "face.modelsInit" -}}
{{- $models := .pool.models }}
{{- if eq $models.source "download" -}}
initContainers:
  {{- include "face.modelsContainer" (merge (dict "command" (list "/app/fetch-models.sh") "tmp" "download") .) | nindent 2 }}
{{- else if and (eq $models.source "claim") $models.fill }}
initContainers:
  # Until the Job has filled the volume.
  {{- $wait := `until node /app/dist/cli/models.js verify "$INSIGHTFACE_MODEL"; do sleep 5; done` }}
  {{- include "face.modelsContainer" (merge (dict "command" (list "sh" "-c" $wait) "tmp" "tmp") .) | nindent 2 }}
{{- end }}
{{- end }}

{{/* Fills the claim of a pool. One Job for all its pods, so that only one downloads. */}}
{{- define "face.modelsJob" -}}
{{- $scope := dict "root" .root "component" "models" "pool" .pool.name "settings" .pool }}
{{- $container := include "face.modelsContainer" (merge (dict "command" (list "/app/fetch-models.sh") "tmp" "download") .) }}
{{- $name := printf "%s-models-%s-%s" (include "face.fullname" .root) .pool.name (sha256sum (print $container .pool.models.claim) | trunc 8) }}
---
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "face.metadata" (merge (dict "name" $name) $scope) | nindent 2 }}
spec:
  backoffLimit: 6
  template:
    metadata:
      labels:
        {{- include "face.selectorLabels" $scope | nindent 8 }}
    spec:
      {{- include "face.podBasics" (merge (dict "securityContext" .root.Values.podSecurityContext) $scope) | nindent 6 }}
      restartPolicy: OnFailure
      volumes:
        - { name: models, persistentVolumeClaim: { claimName: {{ .pool.models.claim }} } }
        - { name: download, emptyDir: { sizeLimit: {{ .pool.models.sizeLimit }} } }
      containers:
        {{- $container | nindent 8 }}
{{- end }}
