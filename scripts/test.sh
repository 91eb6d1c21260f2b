#!/bin/sh
# Everything that has to hold before a change goes in. `make test` and .ci/run call this and nothing else.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

heading 'what the tests need'
scripts/setup-tests.sh

scripts/check.sh

heading 'web parts: tests (vitest)'
(cd web && npm test)

heading 'Rust tests (cargo test)'
cargo test --locked --profile "$profile" --workspace

heading 'server'
cargo build --locked --profile "$profile" --bin yikouwen

heading 'browser stories (Playwright)'
# The stories start the server themselves, on a free port, with data that is thrown away.
YIKOUWEN_BIN=$server
# The browser; empty where Playwright brings its own.
CHROMIUM=
is_ubuntu || CHROMIUM=$(command -v chromium)
export YIKOUWEN_BIN CHROMIUM
cd tests/e2e
npx playwright test
