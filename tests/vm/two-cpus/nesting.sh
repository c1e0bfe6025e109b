#!/bin/bash
# Probe programs do not nest on a CPU. Under a load that nests - packets arriving from a delay queue
# by a timer interrupt, on the CPU where a local sender is being dropped - what was counted and what
# the kernel skipped add up, and no event blames the wrong rule.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

each=10000

# Events whose rule is not the one that drops packets to their port.
misattributed() {
        awk -v inbound="$(handle_of_rule server inet filter input '"inbound"')" \
                -v outbound="$(handle_of_rule server inet filter output '"outbound"')" '
                / > .* proto UDP/ { port = $3; sub(/.*\./, "", port) }
                /^  table filter/ {
                        if (port == 5001 && $0 !~ "chain input .* handle " inbound " drop" ||
                            port == 5002 && $0 !~ "chain output .* handle " outbound " drop")
                                wrong++
                }
                END { print wrong + 0 }' "$work/text"
}

# nest ATTACH
nest() {
        local before after
        nesting_rules
        daemon_start --attach "$1"
        session_start --verdicts drop --filter 'udp portrange 5001-5002' --no-track
        before=$(missed)
        nesting_load $each
        after=$(missed)
        session_stop
        check "$1: the rules dropped every packet" equal "$sent" $((2 * each))
        if [ -z "$before" ]; then
                echo "# $1: this kernel does not count what it skipped: matched $events of $sent"
                check "$1: nearly all were seen where the kernel does not count the rest" at_least "$events" $((2 * each * 98 / 100))
        else
                echo "# $1: matched $events, skipped by the kernel $((after - before)), sent $sent"
                check "$1: matched and missed add up to what was sent" equal $((events + after - before)) "$sent"
        fi
        check "$1: no event blames the wrong rule" equal "$(misattributed)" 0
        check "$1: the daemon ends with status 0 on SIGTERM" daemon_stop
}

bus_start
network
nesting_network
nest kprobe
nest fentry
