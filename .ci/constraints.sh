#!/bin/sh
# Writes constraints.txt: the newest versions that pyproject.toml allows, as a real installation has them.
set -eu
cd "$(dirname "$0")/.."

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1

.venv/bin/python -m venv "$fresh"
"$fresh/bin/python" -m pip install -qq --upgrade pip
"$fresh/bin/python" -m pip install -qq --editable . --group dev
# What builds the package is pinned as well.
"$fresh/bin/python" -m pip install -qq hatchling
{
    echo "# Versions that the checks and tests of this repository run with. Written by make constraints."
    "$fresh/bin/python" -m pip freeze --all --exclude-editable | grep -v '^setuptools=='
} >constraints.txt
