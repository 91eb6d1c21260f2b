#!/bin/sh
# Builds everything and serves the demo city. Arguments go to `yikouwen serve`.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

build_program
heading 'yikouwen serve --demo'
exec "$server" serve --demo "$@"
