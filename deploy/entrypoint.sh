#!/bin/sh
# A core file of these programs would hold photos and embeddings.
# shellcheck disable=SC3045 # not in POSIX, but the shells of Debian, Ubuntu and Alpine all know it
ulimit -c 0
exec "$@"
