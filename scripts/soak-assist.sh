#!/bin/sh
# A shared form for MINUTES of real time, with a change a second and lines that are severed: prints the heap of the helper's page,
# bytes per second and the longest task of the citizen's page, and fails past what docs/assist.md promises.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

heading 'what the browser story needs'
scripts/setup-tests.sh

heading 'web parts and server'
scripts/web.sh
cargo build --locked --profile "$profile" --bin yikouwen

heading "a session of ${MINUTES:=120} minutes"
# Building anew meanwhile does not disturb it.
YIKOUWEN_BIN=$(mktemp -d)/yikouwen
cp "$server" "$YIKOUWEN_BIN"
CHROMIUM=
is_ubuntu || CHROMIUM=$(command -v chromium)
export MINUTES YIKOUWEN_BIN CHROMIUM
cd tests/e2e
npx playwright test assist-long
