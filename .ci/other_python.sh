#!/bin/sh
# Installs Aftergreen into a new environment of another Python, uses it there, and runs tests that need nothing
# else. Its arguments are the version (3.12), the folder for the environment, and which tests: words for pytest.
set -eu
cd "$(dirname "$0")/.."

python=$(sh .ci/python.sh "$1")
folder=$2
shift 2
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install -qq --constraint constraints.txt --upgrade pip
"$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --build-constraint constraints.txt .
sh .ci/installed.sh "$folder"
"$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --group test
"$folder/bin/python" -m pytest -q -p no:cacheprovider "$@"
