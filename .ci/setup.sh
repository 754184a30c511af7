#!/bin/sh
# Makes .venv with Aftergreen and its development tools in it. The stamp .venv/.ready is written last, so
# that a run which was interrupted is never taken for a finished one. PYTHON names the interpreter to use.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

find_python() {
    # A name on PATH may be a shim that leads nowhere: only one that runs counts.
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    asked=${PYTHON:-python3}
    found=$(version_of "$asked") || fail "$asked is not here: install Python 3.11 or newer, or name one with make PYTHON=…"
    fail "Aftergreen needs Python 3.11 or newer and $asked is $found: install a newer one, or name it with make PYTHON=…"
}

works() { new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }

# Debian's venv without python3-venv fails and leaves a folder with an interpreter and no pip in it.
make_venv() {
    rm -rf "$venv"
    "$1" -m venv "$venv" >/dev/null 2>&1 && works
}

mend_ensurepip() {
    command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ] || return 1
    say "Python $1 cannot make virtual environments here: installing Debian's package for it."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2 || return 1
    apt-get install -y -qq --no-install-recommends "python$1-venv" >&2 ||
        apt-get install -y -qq --no-install-recommends python3-venv >&2
}

if ! works; then
    python=$(find_python)
    say "Making $venv with $python …"
    if ! make_venv "$python"; then
        version=$(version_of "$python")
        rm -rf "$venv"
        { mend_ensurepip "$version" && make_venv "$python"; } || {
            rm -rf "$venv"
            fail "$python has no working ensurepip, so $venv cannot be made: run 'apt-get install python3-venv' as root (or install the venv part of your Python), then the same make again."
        }
    fi
fi

say "Installing Aftergreen and its tools into $venv …"
rm -f "$venv/.ready"
"$venv/bin/python" -m pip install -qq --upgrade --constraint constraints.txt pip
"$venv/bin/python" -m pip install -qq --constraint constraints.txt --build-constraint constraints.txt \
    --editable . --group dev
touch "$venv/.ready"
