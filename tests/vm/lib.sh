#!/bin/bash
# What the scenarios of the VM lab share: a bus and a daemon of their own, networks made of namespaces, checks that
# print one line each. Sourced by each scenario; everything it starts ends with the scenario.
#
# A scenario is run as root in a guest, with NFTTRACED_BUILD naming the build directory.

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source_root=$(cd "$here/../.." && pwd -P)
build=${NFTTRACED_BUILD:?names the build directory}
export PATH=$build/client:$build/daemon:$build/tests/vm:$PATH
export NO_COLOR=1

work=$(mktemp -d /run/scenario.XXXXXX)
# shellcheck source-path=SCRIPTDIR source=../checks.sh
. "$source_root/tests/checks.sh"
export NFTTRACED_STATE_DIR=$work/state
daemon_log=$work/daemon.log
daemon_pid=
printf '[Daemon]\nDropCounters=no\n' >"$work/daemon.conf"

# check_suite TEST: runs a test program of the build; each of its checks is one of the scenario's.
check_suite() {
        # Check says: ok 1 - FILE:CASE:some_sentence_with_underscores: Passed
        CK_TAP_LOG_FILE_NAME=- "$build/tests/$1" 2>>"$daemon_log" |
                sed -uE 's/^(not ok|ok) [0-9]+ - [^:]*:([^:]*):([^:]*): (.*)$/\1 - \3 # \4/; /^(not )?ok/s/_/ /g; s/ # Passed$//'
        [ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
}

# bus_start: with the policy in $bus_policy, the project's by default, a system bus of the scenario's own; every program here finds it by its address, and root the daemon by its private socket.
bus_start() {
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus NFTTRACED_PRIVATE_SOCKET=$work/private
        chmod 755 "$work"
        sed -e "s,@socket@,$work/bus," -e "s,@policy@,${bus_policy:-$source_root/dbus/org.nfttraced1.conf}," "$here/../bus/bus.conf.in" >"$work/bus.conf"
        exec {bus_address}< <(exec dbus-daemon --nofork --nopidfile --config-file="$work/bus.conf" --print-address=1)
        bus_pid=$!
        read -r -u "$bus_address" _ || {
                echo "not ok - the bus starts"
                exit 1
        }
}

# daemon_config KEY=VALUE...: what the daemon's configuration has from now on, over what it had. In the beginning that
# is DropCounters=no, so that the daemon is idle without a session.
daemon_config() {
        printf '%s\n' "$@" >>"$work/daemon.conf"
}

# daemon_start [OPTION...]: returns when the daemon has its name on the bus. Another --config takes the place of what
# daemon_config said.
daemon_start() {
        mkdir -p "$NFTTRACED_STATE_DIR"
        nfttraced --config "$work/daemon.conf" --state-dir "$NFTTRACED_STATE_DIR" ${NFTTRACED_ATTACH:+--attach "$NFTTRACED_ATTACH"} "$@" >>"$daemon_log" 2>&1 &
        daemon_pid=$!
        gdbus wait --system --timeout 60 org.nfttraced1 || {
                echo "not ok - the daemon starts"
                sed 's/^/#   /' "$daemon_log"
                exit 1
        }
}

daemon_stop() {
        [ -n "$daemon_pid" ] || return 0
        kill -TERM "$daemon_pid" 2>/dev/null
        wait "$daemon_pid"
        local status=$?
        daemon_pid=
        return $status
}

finish() {
        local status=$?
        if [ -n "$daemon_pid" ]; then
                check "the daemon ends with status 0 on SIGTERM" daemon_stop
        fi
        [ -n "${bus_pid:-}" ] && kill "$bus_pid" 2>/dev/null
        for netns in $(ip netns list | cut -d' ' -f1); do
                ip netns del "$netns"
        done
        if [ "$failed" != 0 ] || [ "$status" != 0 ]; then
                sed 's/^/# daemon: /' "$daemon_log" 2>/dev/null | tail -n 30
                exit 1
        fi
        exit 0
}
trap finish EXIT

on() {
        local netns=$1
        shift
        ip netns exec "$netns" "$@"
}

# network: namespaces "client" and "server", joined by v0 (10.0.42.1, fd00::1) and v1 (10.0.42.2, fd00::2), with
# neighbours known beforehand, so that the packets a scenario sends are the only ones.
network() {
        ip netns add client
        ip netns add server
        ip -n client link add v0 type veth peer name v1 netns server
        ip -n client link set v0 address 02:00:00:00:00:01
        ip -n server link set v1 address 02:00:00:00:00:02
        on client sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.v0.router_solicitations=0 net.ipv6.conf.v0.accept_dad=0
        on server sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.v1.router_solicitations=0 net.ipv6.conf.v1.accept_dad=0
        ip -n client address add 10.0.42.1/24 dev v0
        ip -n server address add 10.0.42.2/24 dev v1
        ip -n client -6 address add fd00::1/64 dev v0 nodad
        ip -n server -6 address add fd00::2/64 dev v1 nodad
        ip -n client link set lo up
        ip -n server link set lo up
        ip -n client link set v0 up
        ip -n server link set v1 up
        ip -n client neighbour add 10.0.42.2 lladdr 02:00:00:00:00:02 dev v0 nud permanent
        ip -n server neighbour add 10.0.42.1 lladdr 02:00:00:00:00:01 dev v1 nud permanent
        ip -n client neighbour add fd00::2 lladdr 02:00:00:00:00:02 dev v0 nud permanent
        ip -n server neighbour add fd00::1 lladdr 02:00:00:00:00:01 dev v1 nud permanent
}

# ruleset NETNS: loads what comes on standard input in place of what is there.
ruleset() {
        {
                echo "flush ruleset"
                cat
        } >"$work/ruleset.nft"
        on "$1" nft -f "$work/ruleset.nft" || {
                echo "not ok - the ruleset of $1 loads"
                exit 1
        }
}

# A load that nests: packets come from a delay queue by a timer interrupt, on the CPU where a local sender is being
# dropped. nesting_network: after network. nesting_rules: what drops both. nesting_load EACH: so many of both, all of
# which meet the rules; sets $sent, what the rules' counters have then.
nesting_network() {
        # A slow guest must not lose what arrives while it is busy: all of the load is to meet the rules.
        sysctl -qw net.core.netdev_max_backlog=100000
        tc -n client qdisc add dev v0 root netem delay 2ms limit 100000
}

nesting_rules() {
        ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 5001 counter drop comment "inbound"
        }
        chain output {
                type filter hook output priority 0; policy accept;
                udp dport 5002 counter drop comment "outbound"
        }
}
END
}

nesting_load() {
        local first second
        taskset -c 0 ip netns exec client traffic udp 10.0.42.2 5001 "$1" >/dev/null &
        first=$!
        taskset -c 0 ip netns exec server traffic udp 10.0.42.1 5002 "$1" >/dev/null &
        second=$!
        wait $first $second
        # The delay queue is empty when the rules' counters have all of them.
        for _ in $(seq 200); do
                sent=$(counted_by_nft server)
                [ "$sent" = $((2 * $1)) ] && break
        done
}

# counted_by_nft NETNS: packets of all rules' counters there.
counted_by_nft() {
        on "$1" nft list ruleset | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p' | paste -sd+ | bc
}

# Handles as nft tells them. handle_of_table NETNS FAMILY TABLE; handle_of_chain NETNS FAMILY TABLE CHAIN;
# handle_of_rule NETNS FAMILY TABLE CHAIN TEXT
handle_of_table() {
        on "$1" nft -a list table "$2" "$3" | sed -n 's/^table .* # handle \([0-9]*\)$/\1/p'
}

handle_of_chain() {
        on "$1" nft -a list chain "$2" "$3" "$4" | sed -n 's/^\tchain .* # handle \([0-9]*\)$/\1/p'
}

handle_of_rule() {
        on "$1" nft -a list chain "$2" "$3" "$4" | grep -F -- "$5" | sed -n 's/.* # handle \([0-9]*\)$/\1/p' | head -n 1
}

# counter NAME: a number of the manager's Counters.
counter() {
        busctl --json=short get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager Counters | sed -nE "s/.*\"$1\":([0-9]+).*/\1/p"
}

# told SESSION TEXT: some event of the session has a rule with this text.
told() {
        nfttracectl show --no-pager --rules "$1" 2>/dev/null | grep -qF "$2"
}

# property_becomes NAME TEXT: waits for the manager's property to have TEXT in it.
property_becomes() {
        local end=$((SECONDS + 60)) value
        until value=$(busctl get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager "$1") && [[ $value == *"$2"* ]]; do
                [ $SECONDS -lt $end ] || {
                        echo "$1 is $value"
                        return 1
                }
                sleep 0.1
        done
}

# not_armed: nobody here keeps a namespace in which tracing is switched on.
not_armed() {
        equal "$(hidden-netns)" 0
}

nf_tables_loaded() {
        grep -q '^nf_tables ' /proc/modules
}

# modules_on MODULE: those that keep it loaded, and those that keep them, the last to be loaded first.
modules_on() {
        local holder
        for holder in /sys/module/"$1"/holders/*; do
                [ -e "$holder" ] || continue
                modules_on "${holder##*/}"
                echo "${holder##*/}"
        done
}

# module_unload MODULE: removes it and what stands on it. The kernel takes down the namespaces of scenarios before this
# one in its own time, and what they hold keeps modules until then.
module_unload() {
        local end=$((SECONDS + 60))
        while grep -q "^$1 " /proc/modules; do
                # shellcheck disable=SC2046
                modprobe -r $(modules_on "$1") "$1" 2>"$work/modprobe.err" && continue
                [ $SECONDS -lt $end ] || {
                        echo "$1 stays loaded:"
                        cat "$work/modprobe.err"
                        grep -E '^(nf|nft)_' /proc/modules
                        nft list tables
                        ip netns list
                        bpftool prog show
                        return 1
                }
                sleep 0.1
        done
}

# session_start OPTION...: sets $session.
session_start() {
        session=$(nfttracectl start "$@") || {
                echo "not ok - a session starts: $*"
                failed=$((failed + 1))
                return 1
        }
}

# session_stop: stops $session, checks that its books balance and that nothing is pending, and leaves its text in
# $work/text and the books in $work/books.
session_stop() {
        nfttracectl stop "$session" >"$work/books" 2>&1
        local status=$?
        cat "$work/books" >"$work/check.out"
        if ! books_balance "$work/books"; then
                echo "not ok - the books of session $session balance: $(cat "$work/books")"
                failed=$((failed + 1))
        fi
        nfttracectl show --no-pager "$session" >"$work/text" 2>"$work/text.err" || [ $? = 3 ] || {
                echo "not ok - session $session can be shown: $(cat "$work/text.err")"
                failed=$((failed + 1))
        }
        return $status
}

book() {
        sed -n "s/.*\\b$1 \\([0-9]*\\).*/\\1/p" "$work/books" | head -n 1
}

books_balance() {
        local matched journaled lost suppressed pending
        matched=$(book matched)
        journaled=$(book journaled)
        lost=$(book lost)
        suppressed=$(book suppressed)
        pending=$(book pending)
        [ -n "$matched" ] && [ "$pending" = 0 ] && [ "$matched" = $((journaled + lost + suppressed)) ] &&
                events=$matched
}

# count_lines REGEX: how many lines of the session's text match.
count_lines() {
        grep -cE -- "$1" "$work/text" || true
}

# sees SENTENCE COUNT REGEX: the session's text has exactly COUNT lines that match.
sees() {
        check "$1" equal "$(count_lines "$3")" "$2"
}
