#!/bin/sh
# Downloads the model pack INSIGHTFACE_MODEL to MODELS_DIR unless it is already complete. Copies the manifests first, so
# that a new image updates an old volume. A pack given as a folder belongs to the operator: nothing is written there.
set -eu
case "$INSIGHTFACE_MODEL" in
  */*) echo "$INSIGHTFACE_MODEL is a folder; nothing to download" ;;
  *)
    mkdir -p "$MODELS_DIR"
    cp /app/models/*.json "$MODELS_DIR"/
    exec node /app/dist/cli/models.js fetch "$INSIGHTFACE_MODEL"
    ;;
esac
