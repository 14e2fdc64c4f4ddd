{{- define "face.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Prefix of every resource. Short enough for -worker-POOL and the suffixes of pods. */}}
{{- define "face.fullname" -}}
{{- $name := include "face.name" . }}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Name of a pool's Deployment. Takes root and pool (its name). */}}
{{- define "face.workerName" -}}
{{- printf "%s-worker-%s" (include "face.fullname" .root) .pool }}
{{- end }}

{{- define "face.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "face.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* Priority classes belong to the whole cluster, so the name has the namespace. */}}
{{- define "face.priorityClassName" -}}
{{- printf "%s-%s" .Release.Namespace (include "face.fullname" .) }}
{{- end }}

{{/* Labels that never change. Takes root, component and possibly pool. Redis has another name, so that the Service for
metrics selects API and workers. */}}
{{- define "face.selectorLabels" -}}
app.kubernetes.io/name: {{ ternary "redis" (include "face.name" .root) (eq .component "redis") }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .pool }}
face-verification/pool: {{ . }}
{{- end }}
{{- end }}

{{- define "face.podLabels" -}}
{{ include "face.selectorLabels" . }}
app.kubernetes.io/part-of: face-verification
{{- end }}

{{- define "face.labels" -}}
{{ include "face.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Takes root, component and possibly pool. */}}
{{- define "face.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "face.labels" . | nindent 2 }}
{{- end }}

{{/* Takes root and image (settings). */}}
{{- define "face.image" -}}
{{- $name := list .root.Values.imageRegistry .image.repository | compact | join "/" }}
{{- if .image.digest }}{{ printf "%s@%s" $name .image.digest }}{{ else }}{{ printf "%s:%s" $name (.image.tag | default .root.Chart.AppVersion) }}{{ end }}
{{- end }}
