#!/bin/sh
# Measures everything that needs no model and writes target/report/index.html and report.json. Arguments go to
# `yikouwen evaluate report`.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

build_program
heading 'yikouwen evaluate report'
exec "$server" evaluate report --out target/report "$@"
