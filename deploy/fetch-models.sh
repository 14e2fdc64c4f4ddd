#!/bin/sh
# Downloads the model pack INSIGHTFACE_MODEL to MODELS_DIR unless it is already complete. Always copies the manifests, so
# that a new image updates an old volume. A pack given as a folder belongs to the operator and is not downloaded.
set -eu
cp /app/models/*.json "$MODELS_DIR"/
case "$INSIGHTFACE_MODEL" in
  */*) echo "$INSIGHTFACE_MODEL is a folder; nothing to download" ;;
  *) exec node /app/dist/cli/models.js fetch "$INSIGHTFACE_MODEL" ;;
esac
