#!/bin/bash
# The main job on a kernel that is newer than those that everything is tested on: drops and other
# verdicts as events, with the rule's text and one identity over namespaces, by both ways of
# attaching; counters that are nft's; and nothing of it left in the kernel when the daemon is gone.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

# What of the daemon's could be left behind: programs and links of BPF, kprobes, tables in a
# ruleset.
residue() {
        bpftool prog show | sed -n 's/^[0-9]*: \([a-z_]*\) .*name \([^ ]*\).*/\1 \2/p' | grep -E '^(kprobe|tracing|raw_tracepoint) '
        bpftool link show | grep -E 'perf_event|tracing|raw_tracepoint'
        grep -v '^$' /sys/kernel/debug/kprobes/list
        nft list ruleset
        ip netns list | grep -vE '^(client|server)( |$)'
        return 0
}

# gone: nothing is there that was not before.
gone() {
        residue >"$work/residue"
        diff "$work/residue.before" "$work/residue"
}

# main_job ATTACH
main_job() {
        daemon_start --attach "$1"
        check "$1: it is ready" property_becomes State ready
        session_start --verdicts all --filter udp
        on client traffic udp 10.0.42.2 8080 5 >/dev/null
        on client traffic udp 10.0.42.2 8081 4 >/dev/null
        on client traffic udp 10.0.42.2 8082 3 >/dev/null
        session_stop
        check "$1: nothing was lost" equal "$(total lost)" 0
        nfttracectl show --no-pager --rules "$session" >"$work/text"
        sees "$1: each drop with its rule's handle" 5 "^  $place handle $(handle_of_rule server inet filter input 'keep out') drop\$"
        sees "$1: and with its text" 5 '^  rule udp dport 8080 counter drop comment "keep out"$'
        sees "$1: a jump and its target" 4 "^  $place handle [0-9]+ jump chain leaf\$"
        sees "$1: a drop in the chain that it leads to" 4 '^  rule udp dport 8081 counter drop comment "leaf"$'
        sees "$1: a policy" 3 "^  $place accept \\(policy\\)\$"
        check "$1: the packet" at_least "$(count_lines '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.8082 .*proto UDP')" 3
        check "$1: and its connection" at_least "$(count_lines '^  ct_state NEW .*10\.0\.42\.2\.8082')" 3
        sees "$1: no event without a chain" 0 'table \? chain \?'
        check "$1: both namespaces saw one identity of each packet that was accepted" equal \
                "$(nfttracectl show --json --no-pager "$session" | journeys)" 3
        check "$1: a reason why the kernel freed a packet has a name" reason_named
        drops_read
        check "$1: the drops are counted" equal "$(drops 'packets(table="filter")')" 10
        check "$1: with the rules' texts" drops_become 'sorted(x.rule for x in c)' \
                "['udp dport 8080 counter drop comment \"keep out\"', 'udp dport 8081 counter drop comment \"leaf\"']"
        check "$1: the daemon ends" daemon_stop
        check "$1: and leaves nothing in the kernel" await 20 gone
}

# journeys: identities of packets to port 8082 that were seen in two namespaces.
journeys() {
        python3 -c '
import base64, collections, json, sys
seen = collections.defaultdict(set)
for e in map(json.loads, sys.stdin):
    if "skb-tracking" in e and base64.b64decode(e["packet"]["data"])[36:38] == (8082).to_bytes(2, "big"):
        t = e["skb-tracking"]
        seen[t["timestamp"], t["orig_head"]].add(e["netns"]["inum"])
print(sum(len(places) == 2 for places in seen.values()))'
}

# A drop by a rule has its reason from the kernel, whatever that calls it.
reason_named() {
        session_start --verdicts drop --filter 'udp dst port 8080' --probe tp:skb:kfree_skb
        on client traffic udp 10.0.42.2 8080 1 >/dev/null
        session_stop
        [ "$(count_lines '\[tp\] skb:kfree_skb .* drop \(reason [A-Z_]+\)$')" -ge 1 ] || {
                cat "$work/text"
                return 1
        }
}

mount -t debugfs none /sys/kernel/debug 2>/dev/null
bus_start
daemon_config DropCounters=yes
network
ruleset client <<'END'
table inet sender {
        chain output { type filter hook output priority 0; policy accept; udp dport 8082 counter; }
}
END
ruleset server <<'END'
table inet filter {
        chain leaf { udp dport 8081 counter drop comment "leaf"; }
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 counter drop comment "keep out"
                udp dport 8081 jump leaf
                ct state established accept
        }
}
END
place="table filter \\($(handle_of_table server inet filter)\\) chain input \\($(handle_of_chain server inet filter input)\\)"
residue >"$work/residue.before"
main_job fentry
main_job kprobe
