#!/bin/sh
# Prints an interpreter of the wanted version, for example 3.12: from PATH, or from pyenv.
set -u

is_wanted() { [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$wanted" ]; }

wanted=$1
# A name on PATH may be a shim that leads nowhere: only one that runs counts.
if is_wanted "python$wanted"; then
    command -v "python$wanted"
    exit 0
fi
pyenv=$(command -v pyenv || printf '%s/bin/pyenv' "${PYENV_ROOT:-$HOME/.pyenv}")
for version in $("$pyenv" versions --bare 2>/dev/null | grep "^$wanted\." | sort -rV); do
    python="$("$pyenv" prefix "$version")/bin/python"
    if is_wanted "$python"; then
        printf '%s\n' "$python"
        exit 0
    fi
done
printf 'Python %s is needed to test on it, and is neither on PATH nor in pyenv: install it.\n' "$wanted" >&2
exit 1
