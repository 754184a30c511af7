#!/bin/sh
# Installs Aftergreen into a new environment of another Python, uses it there, and runs the tests that need
# nothing else. Its arguments are the version (3.12) and the folder for the environment.
set -eu
cd "$(dirname "$0")/.."

python=$(sh .ci/python.sh "$1")
"$python" -m venv "$2"
"$2/bin/python" -m pip install -qq --constraint constraints.txt --upgrade pip
"$2/bin/python" -m pip install -qq --constraint constraints.txt --build-constraint constraints.txt .
sh .ci/installed.sh "$2"
"$2/bin/python" -m pip install -qq --constraint constraints.txt --group dev
"$2/bin/python" -m pytest -q -p no:cacheprovider tests/unit tests/properties
