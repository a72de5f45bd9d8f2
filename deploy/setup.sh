#!/usr/bin/env bash
# Make the virtual environment from the lock file, checking every file's hash.
set -euo pipefail
PYTHON=${PYTHON:-python3} VENV=${VENV:-.venv}

fail() { echo "make: $1" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"
    else return 1; fi
}

command -v "$PYTHON" >/dev/null || fail "$PYTHON is missing: apt-get install python3 python3-venv"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed; $("$PYTHON" --version) is here. Name another with PYTHON=…"

if ! [ -x "$VENV/bin/python" ]; then
    if ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
        rm -rf "$VENV"
        { as_root apt-get update -qq && as_root apt-get install -y -qq python3-venv; } >/dev/null 2>&1 ||
            fail "python3-venv is missing: apt-get install python3-venv"
        "$PYTHON" -m venv "$VENV"
    fi
fi
[ -x "$VENV/bin/uv" ] || "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check uv ||
    fail "uv could not be installed; is the package index reachable?"

requirements=$(mktemp)
trap 'rm -f "$requirements"' EXIT
"$VENV/bin/uv" export --frozen --no-emit-project --quiet --output-file "$requirements" >/dev/null
uv_version=$("$VENV/bin/uv" --version | cut -d' ' -f2)
echo "Installing $(grep -c '==' "$requirements") packages …"
VIRTUAL_ENV=$VENV "$VENV/bin/uv" pip install --quiet --compile-bytecode --require-hashes -r "$requirements"
echo "Ready (uv $uv_version)."
