#!/bin/sh
# Looks for the servers that the tests talk to, and installs Debian's where that needs no question.
# Without them their tests are skipped; under CI=true that is a failure.
set -eu

PACKAGES="dovecot-imapd dovecot-lmtpd postfix postgresql"
PATH=$PATH:/usr/sbin:/usr/local/sbin

missing() {
    command -v dovecot >/dev/null || printf 'dovecot '
    command -v postfix >/dev/null || printf 'postfix '
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || printf 'postgresql '
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install() {
    # The tests start servers of their own, in temporary folders: RUNLEVEL=1 asks the packages to start none.
    echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections || true
    as_root apt-get update -qq || true
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $PACKAGES
}

[ -n "$(missing)" ] || exit 0
if command -v apt-get >/dev/null && as_root true 2>/dev/null; then
    printf 'Installing Debian packages for the tests: %s\n' "$PACKAGES" >&2
    install >/dev/null 2>&1 || true
fi
[ -n "$(missing)" ] || exit 0
printf '\n*** NOT INSTALLED: %s- tests against real servers WILL BE SKIPPED. Install: %s ***\n\n' "$(missing)" "$PACKAGES" >&2
[ "${CI:-}" != true ]
