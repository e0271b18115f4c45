#!/bin/sh
# The test suite on another Python: in a bare Debian, as root and as an ordinary user, without git, patch and engines.
# Needs root, Debian's debootstrap, and a machine that may install packages:
#   sh tests/support/chroot.sh 3.14                       # of Debian sid, where the newest ones are
#   sh tests/support/chroot.sh 3.14 tests/lookup -x       # what follows is for pytest
#   SUITE=trixie sh tests/support/chroot.sh 3.13          # of another Debian
#   PYTHON_PREFIX=/opt/python3.14t sh tests/support/chroot.sh 3.14t     # a Python of this machine, copied
# What pip and apt need to know on this machine is copied; the Debian stays in $CHROOT for the next time.
set -eu

version=$1
shift
cd -- "$(dirname -- "$0")/../.."
suite=${SUITE:-sid}
CHROOT=${CHROOT:-/tmp/chroot/$suite-$version}
export CHROOT

# Mounts in a namespace of their own end with this script, however it ends.
if [ "${MOUNTED:-}" != "$CHROOT" ]; then
    if [ ! -e "$CHROOT/etc/debian_version" ]; then
        debootstrap --variant=minbase --include=ca-certificates "$suite" "$CHROOT" "${MIRROR:-http://deb.debian.org/debian}"
    fi
    MOUNTED=$CHROOT exec unshare --mount --propagation private sh "tests/support/${0##*/}" "$version" "$@"
fi
mount -t proc proc "$CHROOT/proc"
mount --rbind /dev "$CHROOT/dev"

inside() {
    chroot "$CHROOT" env -i LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$@"
}

cp /etc/resolv.conf /etc/hosts "$CHROOT/etc/"
apt-config dump Acquire | grep -E '^Acquire::(http|https|Check)' > "$CHROOT/etc/apt/apt.conf.d/99machine" || true
for file in /etc/pip.conf /etc/xdg/pip /usr/local/share/ca-certificates; do
    if [ -e "$file" ]; then mkdir -p "$CHROOT${file%/*}" && cp -r "$file" "$CHROOT${file%/*}/"; fi
done
inside update-ca-certificates > /dev/null

if [ -n "${PYTHON_PREFIX:-}" ]; then
    python=/opt/python/bin/python$version package=libpython3-stdlib # what it needs to be linked with
    if [ ! -e "$CHROOT$python" ]; then
        cp -r "$PYTHON_PREFIX" "$CHROOT/opt/python"
        echo /opt/python/lib > "$CHROOT/etc/ld.so.conf.d/python.conf" # it may be built with a library of its own
        inside ldconfig
    fi
else
    python=python$version package=python$version-venv
fi
if ! inside dpkg -s "$package" > /dev/null 2>&1; then
    inside apt-get -qq update
    inside DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$package" > /dev/null
fi
inside sh -c 'id tester || { useradd --create-home tester && chmod 755 /home/tester; }' > /dev/null 2>&1

# What git knows, or in an unpacked sdist all that is there.
home=/home/tester checkout=/home/tester/checkout
rm -rf "${CHROOT:?}$checkout"
mkdir "$CHROOT$checkout"
{ git ls-files -z 2> /dev/null || find . -type f -print0; } | tar --null -T - -c | tar -x -C "$CHROOT$checkout" --no-same-owner
inside chown -R tester: "$checkout"

# Only pip is told what this machine tells its own.
inside "$python" -m venv "$home/venv"
chroot "$CHROOT" env -C "$checkout" HOME=/root PATH=/usr/bin:/bin \
    "$home/venv/bin/python" -m pip install -q -e '.[dev]'

if [ $# = 0 ]; then set -- -n 2; fi
code=0
for user in root tester; do
    printf '\n%s as %s\n' "$(inside "$python" -VV | head -n 1)" "$user"
    home=/root
    [ "$user" = root ] || home=/home/tester
    chroot --userspec="$user" "$CHROOT" env -i -C "$checkout" LANG=C.UTF-8 HOME=$home USER=$user \
        PATH=/home/tester/venv/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 python -m pytest -p no:cacheprovider "$@" || code=$?
done
exit $code
