#!/bin/bash
# Armed, the daemon shows in nobody's ruleset and in no list of namespaces, can be disarmed by
# nobody, sees every packet, and is disarmed by whatever ends it. Where it can't be armed like that
# it says so, and does nothing else instead.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

# in_each COMMAND...: here and in all namespaces with names.
in_each() {
        "$@" && on client "$@" && on server "$@"
}

# look: rulesets, and namespaces as they are listed.
look() {
        in_each nft -s list ruleset
        lsns --noheadings --output NS,TYPE,COMMAND -t net
        # Those with names get ids while rules are watched.
        ip netns list | cut -d' ' -f1
        ip netns list-id | grep -v 'netns name: \(client\|server\))'
        ls /run/netns /sys/class/net
}

# looks_like WHEN: as it did then.
looks_like() {
        look >"$work/now"
        diff "$work/$1" "$work/now"
}

rules() {
        ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; policy accept; udp dport 8080 counter drop; }
}
END
}

monitors_begin() {
        local netns
        monitors=()
        for netns in client server; do
                ip netns exec $netns stdbuf -oL nft monitor >"$work/monitor.$netns" 2>&1 &
                monitors+=($!)
        done
        stdbuf -oL nft monitor >"$work/monitor.host" 2>&1 &
        monitors+=($!)
        await 30 monitors_hear first
}

# monitors_hear TABLE: what is done with TABLE is said by each of them.
monitors_hear() {
        in_each nft "add table ip $1; delete table ip $1"
        [ "$(grep -lF "delete table ip $1" "$work"/monitor.* | wc -l)" = 3 ]
}

# monitors_silent: they hear, and heard of nothing else.
monitors_silent() {
        await 30 monitors_hear last || return 1
        ! grep -hvE '^(add|delete) table ip (first|last)$|^# new generation [0-9]+ by process [0-9]+ \(nft\)$' "$work"/monitor.*
}

# calls COUNT: how often the kernel has called the probe's function when COUNT more packets were
# dropped.
calls() {
        on client traffic udp 10.0.42.2 8080 "$1" >/dev/null
        awk '$1 == "unseen" { print $2 }' $tracing/kprobe_profile
}

# namespaces_limit COUNT: at most that many may be made.
namespaces_limit() {
        sysctl -qw user.max_net_namespaces="$1"
}

bus_start
network
check "nf_tables is not loaded" module_unload nf_tables
programs=$(bpftool prog show | grep -c '^[0-9]')
daemon_config DropCounters=yes DropSummary=no
daemon_start
check "with drop counters and without nf_tables the daemon waits" property_becomes State waiting
check "and does not load it" sh -c '! grep -q "^nf_tables " /proc/modules'
check "nor any program" equal "$(bpftool prog show | grep -c '^[0-9]')" "$programs"
check "nor makes a namespace" not_armed
rules
nft 'table ip host { chain input { type filter hook input priority 0; udp dport 9 counter drop; }; }'
check "it is armed when nf_tables comes" property_becomes Armed true
check "in one namespace" equal "$(hidden-netns)" 1
check "where the rule is" has "$(hidden-netns nft list ruleset)" 'meta nftrace set 1'
monitors_begin
session_start --verdicts drop --filter 'udp port 8080'
look >"$work/armed"
on client traffic udp 10.0.42.2 8080 200 >/dev/null
session_stop
check "every packet is recorded" equal "$(total journaled)" 200
check "and counted" drops_become 'sum(x.packets for x in c)' 200
daemon_stop
check "it is not armed when the daemon has ended" not_armed
check "armed, it showed in no ruleset and no list of namespaces" looks_like armed
daemon_start
property_becomes Armed true
check "nft monitor said nothing of its going and coming" monitors_silent
kill "${monitors[@]}"

nft list ruleset >"$work/saved"
nft -j list ruleset >"$work/saved.json"
check "a ruleset that was saved is valid" nft -c -f "$work/saved"
check "as JSON, too" nft -j -c -f "$work/saved.json"
check "it can replace the loaded ruleset" sh -c "{ echo 'flush ruleset'; cat '$work/saved'; } | nft -f -"
check "and over it" nft -f "$work/saved"
check "everybody may flush their ruleset" in_each nft flush ruleset
check "even where it is armed" hidden-netns nft flush ruleset
check "it stays armed" property_becomes Armed true
rules
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 50 >/dev/null
session_stop
check "and records" equal "$(total journaled)" 50

# Killed.
tracing=/sys/kernel/tracing
[ -e $tracing/kprobe_events ] || mount -t tracefs tracefs $tracing
echo 'p:unseen __nft_trace_packet' >>$tracing/kprobe_events
echo 1 >$tracing/events/kprobes/unseen/enable
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null
daemon_pid=
check "killed, it is not armed any more" not_armed
check "and the kernel does not call the function" equal "$(calls 20)" 0
nft 'table ip trace { chain trace { meta nftrace set 1; }; }'
check "which it does with somebody else's rule" at_least "$(calls 20)" 20
echo 0 >$tracing/events/kprobes/unseen/enable
echo '-:unseen' >>$tracing/kprobe_events

# Where no namespace can be made.
in_each nft flush ruleset
look >"$work/before"
limit=$(sysctl -n user.max_net_namespaces)
namespaces_limit 0
daemon_start
check "at the limit of namespaces the reason is reported" property_becomes Problem \
        "the limit of network namespaces is reached: raise the sysctl user.max_net_namespaces; or set AllowSystemChanges=no"
check "and what is missing" property_becomes Problem "drops are not counted: "
check "in status" sh -c 'nfttracectl status | grep user.max_net_namespaces'
check "in the log" grep 'user.max_net_namespaces' "$daemon_log"
check "to who starts a session" refused 1 user.max_net_namespaces nfttracectl start
check "and is not armed" not_armed
check "it leaves rulesets alone" looks_like before
namespaces_limit "$limit"
check "when the limit is raised it is armed" property_becomes Armed true
check "and nothing is wrong" problem_ends
daemon_stop
daemon_config DropCounters=no
namespaces_limit 0
daemon_start
check "without counters, start reports it" refused 1 user.max_net_namespaces nfttracectl start
check "and status says that none can be started" property_becomes Problem user.max_net_namespaces
namespaces_limit "$limit"
check "until one can" problem_ends
check "for which it is not armed" not_armed
