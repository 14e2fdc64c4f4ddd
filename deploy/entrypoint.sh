#!/bin/sh
# Core files of these programs would contain photos and embeddings.
# shellcheck disable=SC3045 # not POSIX, but supported by the shells of Debian, Ubuntu and Alpine
ulimit -c 0
exec "$@"
