#!/bin/bash
# What the scenarios in systemd/ share, beside vm/lib.sh: the installed service in place of a daemon
# of the scenario's own, the system's bus and journal, users. Sourced by each scenario, which finds
# nfttraced stopped, without a session, with no configuration; what it leaves is taken away when it
# ends.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What is installed, and the programs for tests.
export PATH=$build/tests/vm:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset NFTTRACED_STATE_DIR
state=/var/lib/nfttraced
configuration=/etc/nfttraced/nfttraced.conf
dropins=/etc/systemd/system/nfttraced.service.d
users=()

# configure KEY=VALUE...: the group [Daemon], in place of what was there.
configure() {
        mkdir -p "${configuration%/*}"
        {
                echo "[Daemon]"
                printf '%s\n' "$@"
        } >"$configuration"
}

# dropin NAME: a drop-in of nfttraced.service from standard input.
dropin() {
        mkdir -p "$dropins"
        cat >"$dropins/$1.conf"
        systemctl daemon-reload
}

# service_start [KEY=VALUE...]: starts nfttraced with this configuration; returns when it has its
# name on the bus.
service_start() {
        [ $# = 0 ] || configure "$@"
        systemctl start nfttraced && name_await || {
                echo "not ok - the service starts"
                systemctl status --no-pager nfttraced | sed 's/^/#   /'
                failed=$((failed + 1))
                return 1
        }
}

service_property() {
        systemctl show -P "$1" "${2:-nfttraced}"
}

# service_reset: nfttraced is stopped, and as it was installed.
service_reset() {
        systemctl stop nfttraced
        rm -rf "$dropins" "$configuration" "$configuration.d" "${state:?}"/*
        systemctl daemon-reload
        systemctl reset-failed nfttraced 2>/dev/null
        return 0
}

# journal_mark: what comes into the journal from here on is what journal_since shows.
journal_mark() {
        journalctl --sync
        cursor=$(journalctl -q -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p')
}

# journal_since [OPTION...]: of journalctl.
journal_since() {
        journalctl --sync
        journalctl -q --no-pager --after-cursor "$cursor" "$@"
}

# journal_has TEXT [OPTION...]: some message since the mark has TEXT in it.
journal_has() {
        local text=$1
        shift
        journal_since -o cat "$@" >"$work/journal"
        file_has "$work/journal" "$text"
}

# user_add NAME...: users who can't do anything yet; they go with the scenario.
user_add() {
        local name
        for name in "$@"; do
                useradd --no-create-home --home-dir / --shell /bin/bash "$name" && users+=("$name")
        done
}

# as USER COMMAND...
as() {
        local user=$1
        shift
        setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
}

# Runs when the scenario ends, in place of lib.sh's.
finish() {
        local status=$? user
        if [ "$failed" != 0 ] || [ "$status" != 0 ]; then
                journalctl -q --no-pager -u nfttraced -n 30 -o short-monotonic | sed 's/^/# journal: /'
        fi
        service_reset
        ip -all netns delete
        for user in ${users[@]+"${users[@]}"}; do
                userdel "$user"
        done
        [ "$failed" = 0 ] && [ "$status" = 0 ]
        exit
}
