#!/bin/sh
# Measures everything that needs no model and writes target/report/index.html and report.json. Arguments go to
# `yikouwen evaluate report`.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
heading 'web parts'
scripts/web.sh
heading "program (profile $profile; the first build takes some minutes)"
cargo build --locked --profile "$profile" --bin yikouwen
heading 'yikouwen evaluate report'
exec "$server" evaluate report --out target/report "$@"
