#!/bin/bash
# Further probes: a packet is followed from a tracepoint through functions to its end under one
# identity; what can't be probed is refused; nothing is left when the session is over, or its
# daemon.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Programs that the daemon has in the kernel.
programs() {
        bpftool prog show | grep -cE 'name (probe_|tracepoint_|nfttraced_|kprobe_|kretprobe_|fentry_|fexit_)' || true
}

# journeys PROBE...: how many identities were seen at these probes, in this order, and nowhere else.
journeys() {
        awk -v wanted="$*" '
                / #[0-9a-f]+ \(skb / {
                        match($0, /#[0-9a-f]+/)
                        id = substr($0, RSTART, RLENGTH)
                        probe = $0
                        sub(/ #[0-9a-f]+ .*/, "", probe)
                        sub(/.* /, "", probe)
                        path[id] = path[id] (path[id] == "" ? "" : " ") probe
                }
                END { for (id in path) count += path[id] == wanted; print count + 0 }' "$work/text"
}

# stack PROBE: the lines of the stack of its first event.
stack() {
        awk -v probe="$1" 'index($0, " " probe " #") { found = 1; next } found && !/^    / { exit } found' "$work/text"
}

# record OPTION...: five packets that are dropped, in a session of these options.
record() {
        session_start --verdicts drop --filter 'udp port 8080' "$@" || return
        on client traffic udp 10.0.42.2 8080 5 >/dev/null
        session_stop
}

# probe ATTACH
probe() {
        local before
        daemon_start --attach "$1"
        record
        before=$(programs)
        record --probe net:netif_receive_skb --probe ip_local_deliver --probe tp:skb:kfree_skb
        check "$1: each packet is seen on its way, under one identity" equal \
                "$(journeys net:netif_receive_skb ip_local_deliver __nft_trace_packet skb:kfree_skb)" 5
        sees "$1: and nothing else is" 20 '^[0-9]+ \([0-9]+\) \['
        sees "$1: a tracepoint is marked so" 10 '\[tp\] (net:netif_receive_skb|skb:kfree_skb) '
        sees "$1: and has the reason why the packet was dropped" 5 'skb:kfree_skb .* drop \(reason (NETFILTER_DROP|0x[0-9a-f]+)\)$'
        sees "$1: a function is marked so" 5 '\[k\] ip_local_deliver '
        sees "$1: each event has its packet" 20 '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.8080 .* proto UDP'
        sees "$1: and its namespace and device" 20 '^  ns 0x[0-9a-f]+/[0-9]+ .*\(v1\)'
        check "$1: after stop no program of it is left" equal "$(programs)" "$before"

        record --probe kretprobe:ip_local_deliver --probe kretprobe:__netif_receive_skb
        check "$1: the return of a function is seen though the packet is gone, under its identity" equal \
                "$(journeys __nft_trace_packet ip_local_deliver __netif_receive_skb)" 5
        sees "$1: a return is marked so" 10 '\[kr\] '
        sees "$1: nothing of a packet that is gone is looked at" 5 '^  10\.0\.42\.1\.[0-9]+ > '

        session_start --verdicts drop --probe __ip_queue_xmit
        on client bash -c '</dev/tcp/10.0.42.2/1' 2>/dev/null
        session_stop
        check "$1: a packet that has no headers yet is seen" at_least "$(count_lines '\[k\] __ip_queue_xmit ')" 1
        sees "$1: and nothing is taken for them" 0 '^  .* (proto|ethertype)'

        record --stack --probe ip_local_deliver --probe tp:skb:kfree_skb
        for function in ip_local_deliver __nft_trace_packet skb:kfree_skb; do
                check "$1: $function has a stack" at_least "$(stack $function | wc -l)" 5
        done
        check "$1: it begins with the function that is probed" equal \
                "$(stack ip_local_deliver | sed -n '1s/^ *\(.*\)+0x[0-9a-f]*\( .*\)*$/\1/p') $(stack __nft_trace_packet | sed -n '1s/^ *\(.*\)+0x[0-9a-f]*\( .*\)*$/\1/p')" \
                "ip_local_deliver __nft_trace_packet"
        check "$1: continues with its caller" equal "$(stack __nft_trace_packet | sed -n '2s/^ *\(.*\)+0x[0-9a-f]*\( .*\)*$/\1/p')" nft_do_chain
        check "$1: and has nothing of ours in it" equal "$(grep -cE '^    .*(bpf|fentry|trampoline)' "$work/text")" 0
        stack skb:kfree_skb | head -n 3 | sed "s/^    /# $1: skb:kfree_skb's stack: /"
        record --probe ip_local_deliver --probe tp:skb:kfree_skb/stack
        check "$1: a stack that only one probe shall have" equal \
                "$(stack ip_local_deliver | wc -l) $(stack __nft_trace_packet | wc -l)" "0 0"
        check "$1: is at that one" at_least "$(stack skb:kfree_skb | wc -l)" 5
        record --probe __nft_trace_packet/stack
        check "$1: the stack of __nft_trace_packet alone" at_least "$(stack __nft_trace_packet | wc -l)" 5
        sees "$1: has no further events" 5 '^[0-9]+ \([0-9]+\) \['
        check "$1: the daemon ends with status 0 on SIGTERM" daemon_stop
        check "$1: and leaves no program" equal "$(programs)" 0
}

bus_start
programs_stay
network
ruleset server <<'END'
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
probe kprobe
probe auto

daemon_start
check "a function that does not exist is refused, and a similar one named" refused 1 "the kernel has no function ip_local_delivre: is it ip_local_deliver?" nfttracectl start --probe ip_local_delivre
check "a function without a packet is refused" refused 1 "the function vfs_read has no packet" nfttracectl start --probe vfs_read
check "a tracepoint without a packet is refused" refused 1 "the tracepoint sched:sched_switch has no packet" nfttracectl start --probe sched:sched_switch
check "a tracepoint that does not exist is refused" refused 1 "no tracepoint skb:qqqqqqqqqqqq" nfttracectl start --probe skb:qqqqqqqqqqqq
check "an invalid probe is refused" refused 1 '"ip_rcv+4" is not a probe' nfttracectl start --probe ip_rcv+4
check "a probe that is given twice is refused" refused 1 "kprobe:ip_rcv is given twice" nfttracectl start --probe ip_rcv --probe k:ip_rcv/stack
# shellcheck disable=SC2046
check "more probes than numbers are refused" refused 1 "at most 30 probes" nfttracectl start $(printf -- '--probe f%d ' $(seq 31))
check "what was refused left no session" equal "$(nfttracectl list | wc -l)" "$(nfttracectl list | grep -c ID)"

session_start --verdicts drop --probe ip_local_deliver --probe tp:skb:kfree_skb --probe kretprobe:ip_rcv
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null
daemon_pid=
no_program() {
        equal "$(programs)" 0
}
check "a daemon that is killed leaves no program" await 20 no_program
