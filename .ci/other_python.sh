#!/bin/sh
# Installs Aftergreen into a new environment of another Python and uses it there, with all that its tests need. The
# arguments are the version (3.12) and the folder for the environment.
set -eu
cd "$(dirname "$0")/.."

python=$(sh .ci/python.sh "$1")
folder=$2
"$python" -m venv "$folder"
nice -n 19 "$folder/bin/python" -m pip install -qq --constraint constraints.txt --upgrade pip
nice -n 19 "$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --build-constraint constraints.txt .
# Not so that: what is used as people use it has deadlines, as people have.
sh .ci/installed.sh "$folder"
nice -n 19 "$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --group test
