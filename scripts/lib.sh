# Shared by the scripts here, which source it after `cd` to the root of the repository. POSIX sh.

# Where tools and build results may be kept between runs; inside target/ when nobody named a better place.
cache=${YIKOUWEN_CACHE:-$PWD/target/cache}
# The virtual environments of Python that tests run programs in; the tests ask for them by this variable.
venvs=${YIKOUWEN_VENVS:-$cache/venvs}
export YIKOUWEN_VENVS=$venvs
# The directory cargo builds into, and the profile everything is built with. One profile for tests, lints and the
# server that the browser stories run against, so that the dependencies are compiled once.
target=${CARGO_TARGET_DIR:-$PWD/target}
profile=${PROFILE:-ci}
case $profile in
dev) server=$target/debug/yikouwen ;; # cargo's name for the directory is older than the profile's
*) server=$target/$profile/yikouwen ;;
esac

# Prints the heading of a step.
heading() {
  printf '\n== %s\n' "$*"
}

# Ends the script with a reason.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Whether a command is there.
have() {
  command -v "$1" >/dev/null 2>&1
}

# Whether a Debian package is installed.
have_package() {
  dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

# Installs Debian packages when that is possible without asking for a password, else prints the one command to run.
install_packages() {
  if ! have apt-get; then
    fail "these are missing, and there is no apt-get to install them with: $*"
  elif [ "$(id -u)" = 0 ]; then
    as_root=
  elif have sudo && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
  else
    printf 'Some packages are missing. Please run:\n\n' >&2
    printf '    sudo apt-get update && sudo apt-get install --yes --no-install-recommends %s\n\n' "$*" >&2
    exit 1
  fi
  printf 'installing Debian packages: %s\n' "$*"
  $as_root apt-get update --quiet --quiet
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends "$@"
}

# Ubuntu's package `chromium` is a stub for a snap, which does not run in containers: there the browser stories run with
# Playwright's own build.
is_ubuntu() {
  [ -r /etc/os-release ] && grep -q '^ID=ubuntu$' /etc/os-release
}

# Rust and Node.js come from their own installers, so they are asked for rather than installed.
need_rust() {
  have cargo || fail 'Rust is missing: install rustup, then `rustup toolchain install stable`'
  # Some crates compile C, and rustc links with the C compiler.
  have cc || install_packages build-essential
}

need_node() {
  have npm || fail 'Node.js is missing: version 20.19 or newer of 20, or 22.12 and newer, with npm'
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1);
  ' || fail "Node.js $(node --version) is too old: 20.19 or newer of 20, or 22.12 and newer"
}

# Installs what a package-lock.json names, unless that has been done since it last changed.
npm_packages() {
  if [ -f "$1/node_modules/.package-lock.json" ] &&
    [ -z "$(find "$1/package.json" "$1/package-lock.json" -newer "$1/node_modules/.package-lock.json")" ]; then
    return
  fi
  printf 'installing npm packages in %s\n' "$1"
  # Browsers come from the system (scripts/setup-tests.sh), not with the packages.
  (cd "$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund)
}

# Installs a cargo tool of exactly this version into the cache, without debug information: it runs for seconds only.
cargo_tool() {
  case "$("$cache/tools/bin/$1" --version 2>/dev/null)" in
  "$2" | *" $2") return ;;
  esac
  printf 'installing %s %s into %s\n' "$1" "$2" "$cache/tools"
  # Not into our own target directory, where its build would stay for ever.
  env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=false \
    cargo install --quiet --locked --debug --root "$cache/tools" "$1@$2"
}

# Builds the web parts and the program with them, into $server.
build_program() {
  need_rust
  heading 'web parts'
  scripts/web.sh
  heading "program (profile $profile; the first build takes some minutes)"
  cargo build --locked --profile "$profile" --bin yikouwen
}

# Makes a virtual environment of Python in the cache that holds these packages, unless it does already: programs that are
# not ours, and stand opposite to ours in tests.
python_venv() {
  venv=$venvs/$1
  shift
  [ "$(cat "$venv/holds" 2>/dev/null)" = "$*" ] && [ -x "$venv/bin/python" ] && return
  printf 'installing %s into %s\n' "$*" "$venv"
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
  printf '%s' "$*" >"$venv/holds"
}
