#!/bin/sh
# Installs what the tests need besides Rust and Node.js: a browser, a font with Chinese characters, the program that
# reads PDF files, npm packages.
# Does nothing when everything is there.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
need_node
npm_packages web
npm_packages tests/e2e

missing=
# Without it the browser shows boxes for Chinese text, and screenshots cannot be judged.
have_package fonts-noto-cjk || missing="$missing fonts-noto-cjk"
have pdftotext || missing="$missing poppler-utils"
is_ubuntu || have chromium || missing="$missing chromium"
# shellcheck disable=SC2086 # a list of names without spaces
[ -z "$missing" ] || install_packages $missing

if is_ubuntu; then
  (cd tests/e2e && npx playwright install --with-deps chromium)
fi
