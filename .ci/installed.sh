#!/bin/sh
# Uses an installed Aftergreen as its users do: from another directory, without this tree on the path.
# Its argument is the environment that `pip install .` went into.
set -eu

tree=$(cd "$(dirname "$0")/.." && pwd)
environment=$(cd "$1" && pwd)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
cd "$elsewhere"
export XDG_STATE_HOME="$elsewhere/state" XDG_CONFIG_HOME="$elsewhere/config"

"$environment/bin/aftergreen" --version
"$environment/bin/aftergreen" demo --help >/dev/null
"$environment/bin/aftergreen" paths

# Style sheets, themes and the demo's configuration travel in the wheel.
site=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
(cd "$tree" && find aftergreen tui widgets themes -name __pycache__ -prune -o -type f -print) |
    while read -r file; do
        [ -e "$site/$file" ] || { printf 'the wheel lacks %s\n' "$file" >&2; exit 1; }
    done

code=0
# The demo is this drill; on a machine that has other things to do, whose clock leaps is not late.
"$environment/bin/aftergreen" drill error-spike </dev/null || code=$?
[ "$code" = 23 ] || { printf 'the installed drill ended with %s, not with 23\n' "$code" >&2; exit 1; }
