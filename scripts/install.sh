#!/bin/sh
# Makes a virtual environment from the lock, every file checked by its hash, with this checkout in it.
#   sh scripts/install.sh FOLDER
set -eu

venv=$1

say() { printf '%s\n' "$*" >&2; }

find_python() {
    # One that can make virtual environments is better than a newer one that cannot. A name on the PATH may be a
    # version manager's shim that leads nowhere, so each has to run.
    for modules in sys,ensurepip,venv sys; do
        for name in python3.14 python3.13 python3.12 python3.11 python3; do
            if "$name" -c "import $modules; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1; then
                command -v "$name"
                return
            fi
        done
    done
    say "Python 3.11 or later is needed and none was found."
    say "Debian, Ubuntu: apt-get install python3 python3-venv     macOS: brew install python"
    exit 1
}

can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

add_venv_module() {
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    become=
    [ "$(id -u)" = 0 ] || become="sudo -n"
    if command -v apt-get >/dev/null && $become true 2>/dev/null; then
        say "Installing Debian's python$version-venv ..."
        $become apt-get update -qq >/dev/null || true
        $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >/dev/null || true
    fi
    can_make_venv "$1" && return
    say "$1 cannot make virtual environments. Please run: sudo apt-get install python$version-venv"
    exit 1
}

python=$(find_python)
can_make_venv "$python" || add_venv_module "$python"

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    say "Making $venv with $python ..."
    "$python" -m venv --clear "$venv"
fi
say "Installing what the lock names, half a minute ..."
# Without compiling: most of it is never imported, and the rest compiles when it is.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.txt
# The lock holds the build backend, so that this step needs no network and runs no code from it.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
