#!/bin/sh
# Puts the model pack INSIGHTFACE_MODEL into MODELS_DIR; what is there and right is left alone. The manifests are always
# copied, so that a new image brings its own to an old volume. A pack given as a folder is the operator's: not fetched.
set -eu
cp /app/models/*.json "$MODELS_DIR"/
case "$INSIGHTFACE_MODEL" in
  */*) echo "$INSIGHTFACE_MODEL is a folder; nothing to fetch" ;;
  *) exec node /app/dist/cli/models.js fetch "$INSIGHTFACE_MODEL" ;;
esac
