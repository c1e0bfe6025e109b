#!/bin/bash
# The scene of demo.sh: two namespaces joined by a cable, a firewall in one of them that drops UDP
# to port 8080, the resident daemon on a bus of its own, and a client that asks what happened.
. "$(dirname "${BASH_SOURCE[0]}")/vm/lib.sh"

say() {
        printf '\n# %s\n' "$*"
}

bus_start
daemon_start
network
ruleset server <<'END'
table inet firewalld {
        chain filter_INPUT_POLICIES {
                udp dport 8080 drop
        }
        chain filter_INPUT {
                type filter hook input priority filter + 10; policy accept;
                ct state { established, related } accept
                jump filter_INPUT_POLICIES
        }
}
END
say "nfttracectl start --verdicts drop --filter 'udp port 8080'"
nfttracectl start --verdicts drop --filter 'udp port 8080' | tee "$work/id"
session=$(cat "$work/id")
say "a datagram to port 8080, and one to port 8081, from 10.0.42.1"
on client traffic udp 10.0.42.2 8080 1
on client traffic udp 10.0.42.2 8081 1
say "nfttracectl stop $session"
nfttracectl stop "$session"
say "nfttracectl show $session"
nfttracectl show --no-pager "$session"
nfttracectl show --no-pager "$session" | grep -q 'table firewalld .* chain filter_INPUT_POLICIES .* handle .* drop' || exit 1
