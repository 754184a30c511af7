#!/bin/sh
# Installs Aftergreen into a new environment of another Python, with nothing beside what it needs. The arguments are
# the version (3.12) and the folder for the environment.
set -eu
cd "$(dirname "$0")/.."

python=$(sh .ci/python.sh "$1")
folder=$2
nice -n 19 "$python" -m venv "$folder"
nice -n 19 "$folder/bin/python" -m pip install -qq --constraint constraints.txt --upgrade pip
nice -n 19 "$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --build-constraint constraints.txt .
