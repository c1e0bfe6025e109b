#!/bin/bash
# Events as JSON: what the text says, in the form of the incumbent's events, of a packet whose
# destination is rewritten and that is dropped; and of records that two sessions share, each has
# what it asked for.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
daemon_start
network

ruleset server <<'END'
table ip nat {
        chain pre {
                type nat hook prerouting priority -100; policy accept;
                udp dport 7070 redirect to :8080
        }
}
table inet firewalld {
        chain filter_INPUT_POLICIES { udp dport 8080 drop; }
        chain filter_INPUT {
                type filter hook input priority 0; policy accept;
                jump filter_INPUT_POLICIES
        }
}
END

# json_lines TEXT...: how many lines have all of these in this order.
json_lines() {
        local pattern=$1
        shift
        for part in "$@"; do
                pattern+=".*$part"
        done
        grep -c -- "$pattern" "$work/json"
}

plain=$(nfttracectl start --verdicts all --filter 'udp')
session_start --verdicts all --sections all --filter 'udp'
on client traffic udp 10.0.42.2 7070 3 >/dev/null
nfttracectl stop "$plain" >/dev/null
session_stop
nfttracectl show --no-pager --json "$session" >"$work/json"
check "the first line is the start of the session" \
        grep -qm1 '"startup":{"retis_version":"v1\.7\.0-nfttraced-.*"machine":{"kernel_release":"'"$(uname -r)"'"' "$work/json"
check "every event is a line" equal "$(json_lines '"kernel":{"symbol":"__nft_trace_packet"')" "$(grep -c ' __nft_trace_packet ' "$work/text")"
check "the last line has the totals" grep -q '"end":{"matched":[0-9]*,' <(tail -n 1 "$work/json")
check "the packet is seen as it came, and rewritten" equal \
        "$(json_lines '"verdict":"drop"' '"family":"inet","hook":"input"' '"ct":{"state":"new"' \
                '"orig":{"ip":{"src":"10.0.42.1","dst":"10.0.42.2","version":"v4"},"proto":{"udp":{"sport":[0-9]*,"dport":7070}}' \
                '"reply":{"ip":{"src":"10.0.42.2","dst":"10.0.42.1","version":"v4"},"proto":{"udp":{"sport":8080,')" 3
check "the jump names its chain" equal "$(json_lines '"verdict":"jump","verdict_chain_name":"filter_INPUT_POLICIES"')" 3
check "the skb's own fields are there, of each event" equal \
        "$(json_lines '"skb":{"meta":{"len":' '"ip_summed":' '"data_ref":{"nohdr":')" "$(json_lines '"kernel":')"
check "the text has them, too" equal "$(grep -cE '^  skb \[csum .* len [0-9]+ priority 0 .*users [0-9]+ dataref [0-9]+\]' "$work/text")" "$(json_lines '"kernel":')"
check "and the connection" equal \
        "$(grep -cE '^  ct_state NEW status 0x[0-9a-f]+ udp orig \[10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.7070\] reply \[10\.0\.42\.2\.8080 > 10\.0\.42\.1\.[0-9]+\] zone 0 mark 0$' "$work/text")" \
        "$(json_lines '"reply":{"ip":{"src":"10.0.42.2",' '"sport":8080,')"
check "all lines begin as the incumbent's do" equal "$(grep -vc '^{"common":{"timestamp":[0-9]*[,}]' "$work/json")" 0

nfttracectl show --no-pager --json "$plain" >"$work/json"
check "another session of the same packets has what it asked for" equal "$(json_lines '"skb":{"meta"')" 0
check "and its connections, which is a default" at_least "$(json_lines '"ct":{"state":"new"')" 3
