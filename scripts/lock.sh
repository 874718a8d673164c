#!/bin/sh
# Resolves pyproject.toml into the two locks: for every platform, with hashes, without addresses.
set -eu

if ! command -v uv >/dev/null; then
    [ -x build/uv/bin/uv ] || .venv/bin/python -m pip install --quiet --target build/uv uv
    PATH=$PWD/build/uv/bin:$PATH
fi

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links "$@" pyproject.toml
}

compile --upgrade --output-file requirements.txt
# The packages that both locks hold must be of one version.
compile --upgrade --constraint requirements.txt --group dev --output-file requirements-dev.txt
