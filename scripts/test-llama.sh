#!/bin/sh
# Tests beside llama.cpp's own inference, with a model of random weights that is made here: whatever noise comes, citizens get
# cited answers. Not a part of `make test`, because llama.cpp is compiled the first time, which takes a quarter of an hour on
# two cores.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_rust
have c++ || install_packages build-essential
python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv

heading 'llama.cpp with its server (compiled the first time)'
# CMake and ninja come as packages of Python.
python_venv llama 'llama-cpp-python[server]==0.3.36' gguf==0.19.0

heading 'web parts'
scripts/web.sh

heading 'tests'
cargo test --locked --profile "$profile" --workspace --test it model_llama -- --ignored --nocapture
