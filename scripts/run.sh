#!/bin/sh
# Builds everything and serves the demo city. Arguments go to `yikouwen serve`.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
heading 'web parts'
scripts/web.sh
heading "server (profile $profile; the first build takes some minutes)"
cargo build --locked --profile "$profile" --bin yikouwen
heading 'yikouwen serve --demo'
exec "$server" serve --demo "$@"
