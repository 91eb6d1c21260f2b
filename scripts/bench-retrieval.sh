#!/bin/sh
# The product's search beside SQLite FTS5 and bm25s on entries made for it: speed, memory, right answers. Arguments go to
# knowledge/benches/retrieval/compare.py, such as --sizes 5000,56000 to leave the largest out. Takes about half an hour
# the first time; the figures as JSON lie in the cache directory afterwards.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
have python3 || install_packages python3 python3-venv

heading 'Python packages: bm25s, jieba, numba'
venv=$cache/bench-retrieval/venv
if [ ! -x "$venv/bin/python" ]; then
  mkdir -p "$cache/bench-retrieval"
  python3 -m venv "$venv" || {
    install_packages python3-venv
    python3 -m venv "$venv"
  }
fi
"$venv/bin/pip" install --quiet --disable-pip-version-check bm25s==0.3.16 jieba==0.42.1
# bm25s also runs without it, several times slower; not every system has a build of it.
"$venv/bin/pip" install --quiet --disable-pip-version-check numba || echo 'no numba here: bm25s is measured without it'

heading 'the bench of the crate knowledge (release)'
built=$(cargo bench --locked --package yikouwen-knowledge --bench retrieval --no-run --message-format=json |
  sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$built" ] || fail 'cargo has not said where the bench lies'

heading 'measuring'
mkdir -p "$cache/bench-retrieval/work"
"$venv/bin/python" knowledge/benches/retrieval/compare.py --bench "$built" --work "$cache/bench-retrieval/work" \
  --json "$cache/bench-retrieval/figures.json" "$@"
