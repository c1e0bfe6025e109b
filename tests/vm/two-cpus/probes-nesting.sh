#!/bin/bash
# Programs of tracepoints exclude only themselves: they interrupt each other, and the kprobes'.
# Under a load that nests - packets arriving from a delay queue by a timer interrupt, on the CPU
# where a local sender is being dropped - what was counted at all probes and what was skipped add
# up, and no event has another one's packet.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

each=8000

# Events of a probe whose packet that probe has had before, by port and IPv4 id.
repeated() {
        awk -v probe="$1" '
                / \(skb [0-9a-f]+\)/ { wanted = index($0, "] " probe " ") }
                wanted && / > .* proto UDP/ {
                        port = $3; sub(/.*\./, "", port)
                        match($0, / id [0-9]+/)
                        if (seen[port, substr($0, RSTART, RLENGTH)]++) again++
                        wanted = 0
                }
                END { print again + 0 }' "$work/text"
}

# Events of a probe whose packet was not on the side of the device that it came by.
misplaced() {
        awk -v probe="$1" '
                / \(skb [0-9a-f]+\)/ { wanted = index($0, "] " probe " ") }
                wanted && / > .* proto UDP/ { port = $3; sub(/.*\./, "", port) }
                wanted && /^  ns / {
                        if (port == 5001 && $0 !~ /\(v1\) rxif/ || port == 5002 && $0 ~ /rxif/) wrong++
                        wanted = 0
                }
                END { print wrong + 0 }' "$work/text"
}

# nest ATTACH
nest() {
        local before after sent
        nesting_rules
        daemon_start --attach "$1"
        # Each packet is dropped by one rule, and then freed; the inbound ones are received and
        # delivered before.
        session_start --verdicts drop --filter 'udp portrange 5001-5002' --no-track --probe tp:skb:kfree_skb --probe ip_local_deliver --probe net:netif_receive_skb
        before=$(missed)
        nesting_load $each
        after=$(missed)
        session_stop
        check "$1: the rules dropped every packet" equal "$sent" $((2 * each))
        # Two probes see every packet, two more the inbound ones.
        sent=$((2 * 2 * each + 2 * each))
        echo "# $1: matched $events of $sent calls, nested $(counter nested), too deep $(counter too-deep)"
        if [ -z "$before" ]; then
                check "$1: nearly all were seen where the kernel does not count the rest" at_least "$events" $((sent * 97 / 100))
        else
                echo "# $1: skipped by the kernel $((after - before))"
                check "$1: it counts no more skipped calls than there were" at_least "$sent" $((events + after - before))
                if [ "$(uname -r | cut -d. -f1-2)" != 6.1 ]; then
                        check "$1: matched and missed add up to what was sent" equal $((events + after - before)) "$sent"
                fi
        fi
        for probe in skb:kfree_skb ip_local_deliver net:netif_receive_skb __nft_trace_packet; do
                check "$1: no packet is seen twice at $probe" equal "$(repeated $probe)" 0
        done
        check "$1: no event at skb:kfree_skb has another one's packet" equal "$(misplaced skb:kfree_skb)" 0
        check "$1: no frame was another one's" equal "$(counter nested)" 0
        check "$1: the daemon ends with status 0 on SIGTERM" daemon_stop
}

bus_start
network
nesting_network
nest kprobe
nest auto
