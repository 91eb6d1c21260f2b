#!/bin/sh
# Builds the web parts into web/dist, which the server embeds. Does nothing when nothing has changed since.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_node
npm_packages web

# The mark of the last build lies beside the packages, because all of web/dist ends up in the server.
built=web/node_modules/.yikouwen-built
if [ -f "$built" ] && [ -f web/dist/widget.js ] && [ -f web/dist/desk/index.html ] && [ -f web/dist/assist.js ] &&
  [ -z "$(find web \( -name node_modules -o -path web/dist \) -prune -o -type f -newer "$built" -print)" ]; then
  echo 'the web parts are current'
  exit
fi
# File names carry a hash of their content, so old ones would stay and be embedded for ever.
rm -rf web/dist
(cd web && npm run build)
touch "$built"
