#!/bin/bash
# What the scenarios of the VM lab share beside tests/kit.sh: a bus and a daemon of their own,
# networks made of namespaces. Sourced by each scenario; everything it starts ends with the
# scenario.
#
# A scenario is run as root in a guest, with NFTTRACED_BUILD naming the build directory.

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source_root=$(cd "$here/../.." && pwd -P)
build=${NFTTRACED_BUILD:?names the build directory}
export PATH=$build/client:$build/daemon:$build/tests/vm:$PATH
export NO_COLOR=1

work=$(mktemp -d /run/scenario.XXXXXX)
# shellcheck source-path=SCRIPTDIR source=../kit.sh
. "$source_root/tests/kit.sh"
export NFTTRACED_STATE_DIR=$work/state
daemon_log=$work/daemon.log
bus_private_socket=$work/private
printf '[Daemon]\nDropCounters=no\n' >"$work/daemon.conf"

# check_suite TEST: runs a test program of the build; each of its checks is one of the scenario's.
check_suite() {
        # Check says: ok 1 - FILE:CASE:some_sentence_with_underscores: Passed
        CK_TAP_LOG_FILE_NAME=- "$build/tests/$1" 2>>"$daemon_log" |
                sed -uE 's/^(not ok|ok) [0-9]+ - [^:]*:([^:]*):([^:]*): (.*)$/\1 - \3 # \4/; /^(not )?ok/s/_/ /g; s/ # Passed$//'
        [ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
}

# daemon_config KEY=VALUE...: adds to the daemon's configuration, which at first is DropCounters=no,
# so that the daemon is idle without a session.
daemon_config() {
        printf '%s\n' "$@" >>"$work/daemon.conf"
}

# programs_stay: drops are counted, so that the programs stay loaded between two sessions of the
# scenario: loading them takes longer than most checks.
programs_stay() {
        daemon_config DropCounters=yes DropSummary=no
}

# daemon_start [OPTION...]: returns when the daemon has its name on the bus. Another --config takes
# the place of what daemon_config said.
daemon_start() {
        [ -d "$NFTTRACED_STATE_DIR" ] || mkdir -p "$NFTTRACED_STATE_DIR"
        nfttraced --config "$work/daemon.conf" --state-dir "$NFTTRACED_STATE_DIR" ${NFTTRACED_ATTACH:+--attach "$NFTTRACED_ATTACH"} "$@" >>"$daemon_log" 2>&1 &
        daemon_pid=$!
        name_await || {
                echo "not ok - the daemon starts"
                sed 's/^/#   /' "$daemon_log"
                exit 1
        }
}

finish() {
        local status=$?
        if [ -n "$daemon_pid" ]; then
                check "the daemon ends with status 0 on SIGTERM" daemon_stop
        fi
        bus_stop
        ip -all netns delete
        if [ "$failed" != 0 ] || [ "$status" != 0 ]; then
                sed 's/^/# daemon: /' "$daemon_log" 2>/dev/null | tail -n 30
                exit 1
        fi
        exit 0
}
trap finish EXIT

# on NETNS COMMAND...: in the network namespace. Unlike "ip netns exec" it makes no mount namespace,
# with a /sys of its own.
on() {
        nsenter --net=/run/netns/"$1" -- "${@:2}"
}

# network: namespaces "client" and "server", joined by v0 (10.0.42.1, fd00::1) and v1 (10.0.42.2,
# fd00::2), with neighbours known beforehand, so that the packets a scenario sends are the only
# ones.
network() {
        ip -batch - <<'END'
netns add client
netns add server
link add v0 netns client address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns server
END
        network_end client v0 1 2
        network_end server v1 2 1
}

# network_end NETNS DEVICE OWN OTHER: the device's addresses and its neighbour's end with these
# numbers.
network_end() {
        on "$1" sysctl -qw net.ipv6.conf.{all,default,"$2"}.accept_dad=0 net.ipv6.conf."$2".router_solicitations=0
        ip -n "$1" -batch - <<END
address add 10.0.42.$3/24 dev $2
address add fd00::$3/64 dev $2 nodad
link set lo up
link set $2 up
neighbour add 10.0.42.$4 lladdr 02:00:00:00:00:0$4 dev $2 nud permanent
neighbour add fd00::$4 lladdr 02:00:00:00:00:0$4 dev $2 nud permanent
END
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

# A load that nests: packets come from a delay queue by a timer interrupt, on the CPU where a local
# sender is being dropped. nesting_network: after network. nesting_rules: rules that drop both.
# nesting_load EACH: that many packets of both, all of which meet the rules; sets $sent, what the
# rules' counters have then.
nesting_network() {
        # A slow guest must not lose what arrives while it is busy: all of the load is to meet the
        # rules.
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
        await 60 nesting_has_met $((2 * $1))
}

nesting_has_met() {
        sent=$(counted_by_nft server)
        equal "$sent" "$1"
}

# counted_by_nft NETNS: packets of all rules' counters there.
counted_by_nft() {
        on "$1" nft list ruleset | awk 'match($0, /counter packets [0-9]+ /) { sum += substr($0, RSTART + 16) } END { print sum + 0 }'
}

# Handles as nft prints them. handle_of_table NETNS FAMILY TABLE; handle_of_chain NETNS FAMILY TABLE
# CHAIN; handle_of_rule NETNS FAMILY TABLE CHAIN TEXT
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

# manager_property NAME, session_property NAME: of the manager, and of $session, as busctl prints
# them, without the type.
manager_property() {
        local value
        value=$(busctl get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager "$1") && echo "${value#* }"
}

session_property() {
        local value
        value=$(busctl get-property org.nfttraced1 "/org/nfttraced1/session/$session" org.nfttraced1.Session "$1") && echo "${value#* }"
}

# missed: calls that the kernel skipped; empty where it does not count them.
missed() {
        local value
        value=$(manager_property Missed)
        [ "$value" = 18446744073709551615 ] || echo "$value"
}

# shows_rule SESSION TEXT: some event of the session has a rule with this text.
shows_rule() {
        nfttracectl show --no-pager --rules "$1" 2>/dev/null | grep -qF "$2"
}

property_has() {
        has "$(manager_property "$1")" "$2"
}

# problem_ends: waits until the manager has no problem.
problem_ends() {
        await 60 no_problem
}

no_problem() {
        equal "$(manager_property Problem)" '""'
}

# property_becomes NAME TEXT: waits for the manager's property to have TEXT in it.
property_becomes() {
        await 60 property_has "$1" "$2"
}

# programs_of_ours: those of any daemon that are in the kernel, one a line.
programs_of_ours() {
        bpftool prog show | grep -E 'nfttraced|kprobe_|kretprobe_|fentry_|fexit_|tracepoint_|probe_|matcher'
}

# session_is_over: it is in no list of those that run.
session_is_over() {
        ! nfttracectl list | grep "^ *$session "
}

# not_armed: nobody here keeps a namespace in which tracing is switched on.
not_armed() {
        equal "$(hidden-netns)" 0
}

nf_tables_loaded() {
        grep -q '^nf_tables ' /proc/modules
}

# modules_on MODULE: those that keep it loaded, and those that keep them, the last to be loaded
# first.
modules_on() {
        local holder
        for holder in /sys/module/"$1"/holders/*; do
                [ -e "$holder" ] || continue
                modules_on "${holder##*/}"
                echo "${holder##*/}"
        done
}

# module_unload MODULE: removes it and what stands on it. The kernel takes down the namespaces of
# scenarios before this one in its own time, and what they hold keeps modules until then.
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

# listens NETNS PROTOCOL PORT: somebody does; PROTOCOL as ss has it: tcp, udp, sctp.
listens() {
        on "$1" ss -Hln "--$2" | grep -q ":$3\b"
}

# session_start OPTION...: sets $session.
session_start() {
        session=$(nfttracectl start "$@") || {
                echo "not ok - a session starts: $*"
                failed=$((failed + 1))
                return 1
        }
}

# session_stop: stops $session, checks that its totals balance and that nothing is pending, and
# leaves its text in $work/text and the totals in $work/totals; its events, all that were matched,
# are $events.
session_stop() {
        local status=0 shown=0
        nfttracectl stop "$session" >"$work/totals" 2>&1 || status=$?
        if ! totals_balance; then
                echo "not ok - the totals of session $session balance: $(cat "$work/totals")"
                failed=$((failed + 1))
        fi
        nfttracectl show --no-pager "$session" >"$work/text" 2>"$work/text.err" || shown=$?
        [ $shown = 0 ] || [ $shown = 3 ] || {
                echo "not ok - session $session can be shown: $(cat "$work/text.err")"
                failed=$((failed + 1))
        }
        return $status
}

# total NAME: a number in $work/totals. total_in VARIABLE NAME: there, without a process.
total_in() {
        local text
        IFS= read -r -d '' text <"$work/totals"
        printf -v "$1" %s ""
        [[ $text =~ (^|[^[:alnum:]_])"$2 "([0-9]+) ]] && printf -v "$1" %s "${BASH_REMATCH[2]}"
}

total() {
        local value
        total_in value "$1"
        echo "$value"
}

totals_balance() {
        local matched journaled lost suppressed pending
        local name
        for name in matched journaled lost suppressed pending; do
                total_in $name $name || return
        done
        [ "$pending" = 0 ] && [ "$matched" = $((journaled + lost + suppressed)) ] && events=$matched
}

# count_lines REGEX: how many lines of the session's text match.
count_lines() {
        grep -cE -- "$1" "$work/text" || true
}

# sees SENTENCE COUNT REGEX: the session's text has exactly COUNT lines that match.
sees() {
        local count
        count=$(grep -cE -- "$3" "$work/text")
        check "$1" equal "$count" "$2"
}
