#!/bin/sh
# Uses Aftergreen in an environment of another Python as people do, and runs tests there. The arguments are the folder
# of the environment, and words for pytest.
set -eu
cd "$(dirname "$0")/.."

folder=$1
shift
# Not with low priority: what is used as people use it has deadlines, as people have.
sh .ci/installed.sh "$folder"
nice -n 19 "$folder/bin/python" -m pip install -qq --no-compile --constraint constraints.txt --group test
nice -n 19 "$folder/bin/python" -m pytest -q -p no:cacheprovider "$@"
