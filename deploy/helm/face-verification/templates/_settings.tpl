{{/* Writes each setting of `over` into `base`, map by map, so that false and 0 count too. null removes a setting. */}}
{{- define "face.override" -}}
{{- $base := .base }}
{{- range $key, $value := .over }}
{{- if kindIs "invalid" $value }}{{ $_ := unset $base $key }}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $base $key)) }}
{{- include "face.override" (dict "base" (get $base $key) "over" $value) }}
{{- else }}{{ $_ := set $base $key $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* Merges maps of variables, the last one wins, and makes each value a text. Helm reads numbers as floats and would print
large ones with an exponent. As JSON. */}}
{{- define "face.variables" -}}
{{- $variables := dict }}
{{- range . }}
{{- range $name, $value := . }}
{{- $text := $value }}
{{- if kindIs "float64" $value }}{{ $text = ternary (int64 $value) $value (eq (floor $value) $value) }}{{ end }}
{{- $_ := set $variables $name (toString $text) }}
{{- end }}
{{- end }}
{{- toJson $variables }}
{{- end }}

{{/* The pools with what they have from `worker`, as JSON. Fails if no pool serves the API. */}}
{{- define "face.pools" -}}
{{- $pools := list }}
{{- $packs := list }}
{{- $names := list }}
{{- range .Values.pools }}
{{- $pool := deepCopy $.Values.worker }}
{{- include "face.override" (dict "base" $pool "over" .) }}
{{- $models := $pool.models }}
{{- if and (eq $models.source "claim") (not $models.claim) }}{{ fail (printf "pools: %s needs models.claim, the name of a PersistentVolumeClaim" .name) }}{{ end }}
{{- if and (eq $models.source "imageVolume") (not $models.reference) }}{{ fail (printf "pools: %s needs models.reference, the name of an image" .name) }}{{ end }}
{{- $isShadow := $pool.config.SHADOW_OF }}
{{- if and $isShadow $pool.scaling.enabled }}{{ fail (printf "pools: %s has SHADOW_OF, and shadows have no metrics to scale by: set its scaling.enabled to false" .name) }}{{ end }}
{{- if has .name $names }}{{ fail (printf "pools: two pools are called %s" .name) }}{{ end }}
{{- $pools = append $pools $pool }}
{{- if not $isShadow }}{{ $packs = append $packs .pack }}{{ end }}
{{- $names = append $names .name }}
{{- end }}
{{- if not (has .Values.api.pack $packs) }}{{ fail (printf "api.pack: no pool has the pack %s, so callers would get 503 no_worker" .Values.api.pack) }}{{ end }}
{{- toJson $pools }}
{{- end }}

{{/* The secrets of a program as JSON: variable to name and key. Takes root and program (api or worker). */}}
{{- define "face.secrets" -}}
{{- $root := .root }}
{{- $secrets := dict }}
{{- range $source := list $root.Values.secrets.shared (get $root.Values.secrets .program) }}
{{- range $variable, $entry := $source }}
{{- $_ := set $secrets $variable (dict "name" $entry.name "key" ($entry.key | default $variable)) }}
{{- end }}
{{- end }}
{{- if $root.Values.redis.enabled }}
{{- if hasKey $secrets "REDIS_URL" }}{{ fail "secrets.shared.REDIS_URL and redis.enabled: keep one of the two" }}{{ end }}
{{- $_ := set $secrets "REDIS_URL" (dict "name" (include "face.redisSecret" $root) "key" "REDIS_URL") }}
{{- else if not (hasKey $secrets "REDIS_URL") }}
{{- fail "secrets.shared.REDIS_URL: name the Secret with the address of your Redis, or set redis.enabled" }}
{{- end }}
{{- toJson $secrets }}
{{- end }}

{{/* Variables of a container. Takes variables, secrets (variable to name and key) and extra (entries as in a pod). */}}
{{- define "face.env" -}}
{{- range $name, $value := .variables }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $_ := .secrets }}
- name: {{ ternary $name (printf "%s_FILE" $name) (hasSuffix "_FILE" $name) }}
  value: /etc/face-verification/secrets/{{ $name }}
{{- end }}
{{- with .extra }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The volume with the files of `secrets`. */}}
{{- define "face.secretsVolume" -}}
name: secrets
projected:
  # 0440: readable for the group of the pod alone.
  defaultMode: 288
  sources:
    {{- range $name, $source := . }}
    - secret:
        name: {{ $source.name }}
        items: [{ key: {{ $source.key }}, path: {{ $name }} }]
    {{- end }}
{{- end }}

{{/* Changes with the secrets that programs read only at start, so that an upgrade restarts them. Secret and value are
hashed with the uid of the Secret, which only its readers know. Without the Secret that the chart makes: it never changes, and
does not exist yet at the first installation. Empty where the cluster cannot be asked. */}}
{{- define "face.restartDigest" -}}
{{- $root := .root }}
{{- $reloaded := list "API_KEYS" "ADMIN_API_KEYS" "WEBHOOK_SECRETS" "IMAGE_HOST_HEADERS" "TENANTS_FILE" }}
{{- $own := ternary (include "face.redisSecret" $root) "" (and $root.Values.redis.enabled (not $root.Values.redis.existingSecret)) }}
{{- $seen := list }}
{{- range $name, $source := .secrets }}
{{- if not (or (has $name $reloaded) (eq $source.name $own)) }}
{{- with lookup "v1" "Secret" $root.Release.Namespace $source.name }}
{{- $seen = append $seen (printf "%s %s %s" $name .metadata.uid (get (.data | default dict) $source.key)) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $seen }}{{ join "\n" . | sha256sum }}{{ end }}
{{- end }}

{{/* The Secret with REDIS_URL and users.acl of the Redis of this chart. It is immutable and its user can use one prefix, so
another prefix has another Secret, which restarts what uses it. */}}
{{- define "face.redisSecret" -}}
{{- $prefix := include "face.redisPrefix" . }}
{{- $name := printf "%s-redis%s" (include "face.fullname" .) (ternary "" (printf "-%s" (sha256sum $prefix | trunc 8)) (eq $prefix "{face}")) }}
{{- .Values.redis.existingSecret | default $name }}
{{- end }}

{{- define "face.redisPrefix" -}}
{{- .Values.config.REDIS_PREFIX | default "{face}" }}
{{- end }}

{{/* A rule that allows name servers. Takes networkPolicy.dns. */}}
{{- define "face.dnsRule" -}}
- ports:
    {{- range .ports }}
    - { port: {{ int . }}, protocol: UDP }
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
  to:
    {{- toYaml .to | nindent 4 }}
{{- end }}
