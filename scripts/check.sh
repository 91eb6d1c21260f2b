#!/bin/sh
# Everything that judges the code without running it: format, lints, documentation, dependencies, types.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust

heading 'format (cargo fmt)'
cargo fmt --all --check

heading 'web parts: packages and build'
# Before anything that compiles the server, which embeds web/dist.
scripts/web.sh

heading 'web parts: lint'
(cd web && npm run lint)

heading 'web parts: types'
(cd web && npm run typecheck)

heading 'lints (cargo clippy)'
cargo clippy --locked --profile "$profile" --workspace --all-targets -- -D warnings

heading 'documentation (cargo doc)'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --profile "$profile" --workspace --no-deps --document-private-items

heading 'dependencies: licences, bans, sources (cargo deny)'
cargo_tool cargo-deny 0.20.2
"$cache/tools/bin/cargo-deny" check bans licenses sources

heading 'dependencies: unused (cargo machete)'
cargo_tool cargo-machete 0.9.2
"$cache/tools/bin/cargo-machete" --skip-target-dir
