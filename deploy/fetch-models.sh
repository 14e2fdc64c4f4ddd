#!/bin/sh
# Downloads the model pack INSIGHTFACE_MODEL to MODELS_DIR unless it is already complete. Copies the manifests first, so
# that a new image updates an old volume. A pack given as a folder belongs to the operator: nothing is written there.
set -eu
case "$INSIGHTFACE_MODEL" in
  */*) echo "$INSIGHTFACE_MODEL is a folder; nothing to download" ;;
  *)
    mkdir -p "$MODELS_DIR"
    # A worker that starts meanwhile reads a whole manifest, the old one or the new one.
    manifests=$(mktemp -d "$MODELS_DIR/.manifests-XXXXXX")
    # npm would leave 40 MB in its cache, which often lies in memory.
    npm_config_cache=$(mktemp -d)
    export npm_config_cache
    trap 'rm -rf "$manifests" "$npm_config_cache"' EXIT
    cp /app/models/*.json "$manifests"/
    mv "$manifests"/*.json "$MODELS_DIR"/
    node /app/dist/cli/models.js fetch "$INSIGHTFACE_MODEL"
    ;;
esac
