#!/bin/sh
# Sees to it that the named programs are installed: by apt-get where this is root on Debian, otherwise it
# says what is missing. It never fails: the tests that need a program fail with the same cure.
set -u

# Servers are where the PATH of an ordinary user does not lead.
PATH=$PATH:/usr/sbin

# The Debian package of a program: most are called the same.
package() {
    case $1 in
    sshd) echo openssh-server ;;
    ssh | ssh-keygen) echo openssh-client ;;
    mariadbd) echo mariadb-server ;;
    pg_createcluster) echo postgresql ;;
    rabbitmqctl) echo rabbitmq-server ;;
    *) echo "$1" ;;
    esac
}

missing=
for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $(package "$program")"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    printf 'Missing for the end-to-end tests:%s. Install them (Debian, as root: apt-get install%s), or run make unit.\n' \
        "$missing" "$missing" >&2
    exit 0
fi

# Debian starts a server as soon as its package is installed; this policy lets packages start nothing.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
fi

printf 'Installing%s …\n' "$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # one word a package
apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    printf 'apt-get could not install%s: install them by hand, or run make unit.\n' "$missing" >&2
exit 0
