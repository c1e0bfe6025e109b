#!/bin/bash
# Drop counters are exact: what was counted, what could not be counted by rule and what the kernel
# skipped is what nft's own counters say, at full speed from two CPUs, under a load that nests,
# while sessions come and go and rules are reloaded. NFTTRACED_DROPS is how many packets each of two
# senders sends.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

each=${NFTTRACED_DROPS:-2000}

# balance SENTENCE SENT: what nft has counted is what was counted and missed, and the totals are
# their sum.
balance() {
        local counted missed
        drops_read
        counted=$(drops t.packets)
        missed=$(drops t.missed)
        check "$1: the counters and what is uncounted are the totals" equal "$(drops 'packets() + t.uncounted')" "$counted"
        if [ "$missed" = -1 ]; then
                echo "# $1: this kernel does not count what it skipped: counted $counted of $2"
                check "$1: nearly all were counted where the kernel does not count the rest" at_least "$counted" $(($2 * 98 / 100))
                check "$1: and none twice" at_least "$2" "$counted"
        else
                echo "# $1: counted $counted, skipped by the kernel $missed, nft has $2"
                check "$1: counted and missed add up to what nft has" equal $((counted + missed)) "$2"
        fi
}

two_rules() {
        ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 5001 counter drop comment "first"
                udp dport 5002 counter drop comment "second"
        }
}
END
}

# two_senders: from two CPUs at once.
two_senders() {
        local first second
        taskset -c 0 ip netns exec client traffic udp 10.0.42.2 5001 "$each" >/dev/null &
        first=$!
        taskset -c 1 ip netns exec client traffic udp 10.0.42.2 5002 "$each" >/dev/null &
        second=$!
        wait $first $second
}

full_speed() {
        two_rules
        daemon_start --attach "$1"
        check "$1: it is ready" property_becomes State ready
        check "$1: and armed without a session" property_becomes Armed true
        two_senders
        balance "$1, full speed" "$(counted_by_nft server)"
        check "$1: and nothing else is said beside them" equal "$(nfttracectl drops 2>&1 >/dev/null)" ""
        check "$1: there are two counters" equal "$(drops 'len(c)')" 2
        check "$1: with the rules' texts" drops_become 'sorted(x.rule for x in c)' \
                "['udp dport 5001 counter drop comment \"first\"', 'udp dport 5002 counter drop comment \"second\"']"
        check "$1: and the namespace's name" drops_become '[x.netns for x in c]' "['server', 'server']"
        check "$1: table, chain and handles are nft's" equal \
                "$(drops 'sorted((x.family, x.table, x.table_handle, x.chain, x.chain_handle, x.handle, x.policy) for x in c)')" \
                "[('inet', 'filter', $(handle_of_table server inet filter), 'input', $(handle_of_chain server inet filter input), $(handle_of_rule server inet filter input first), False), ('inet', 'filter', $(handle_of_table server inet filter), 'input', $(handle_of_chain server inet filter input), $(handle_of_rule server inet filter input second), False)]"
        check "$1: bytes are nft's" equal "$(drops 'all(x.bytes == 32 * x.packets for x in c)')" True
        check "$1: an example is one of the packets" grep -qE "^10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.500[12] udp on v1$" <(drops c[0].example)
        check "$1: the time of the last one is now" equal "$(drops "abs(c[0].last / 1e6 - $(date +%s)) < 60 and c[0].first <= c[0].last")" True

        # While sessions come and go, and rules are loaded again.
        # Without tracking, whose hooks would be put into functions that the other processor runs at
        # that moment: an emulator (QEMU until 8.0) may translate the code in between, and keep
        # running what was there for a moment.
        rm -f "$work/enough"
        until [ -e "$work/enough" ]; do two_senders; done &
        local senders=$!
        for _ in 1 2 3; do
                session_start --no-track --verdicts drop,accept --filter 'udp port 5001'
                nfttracectl stop "$session" >/dev/null
        done
        : >"$work/enough"
        wait $senders
        balance "$1, sessions that come and go" "$(counted_by_nft server)"
        local before
        before=$(counted_by_nft server)
        two_rules
        on client traffic udp 10.0.42.2 5001 100 >/dev/null
        balance "$1, rules loaded again" $((before + 100))
        check "$1: the counters of rules that are gone are there beside the new ones" equal "$(drops 'len(c)')" 3
        check "$1: the daemon ends with status 0 on SIGTERM" daemon_stop
}

nested() {
        nesting_rules
        daemon_start --attach "$1"
        check "$1: it is ready" property_becomes State ready
        check "$1: and armed" property_becomes Armed true
        nesting_load "$each"
        check "$1: the rules dropped every packet of the load that nests" equal "$sent" $((2 * each))
        balance "$1, a load that nests" "$sent"
        daemon_stop
}

bus_start
network
daemon_config DropCounters=yes DropSummary=no
modprobe nf_tables
full_speed kprobe
full_speed fentry

# Names as long as can be, a policy, families, several namespaces.
long=$(printf 'x%.0s' {1..255})
ip netns add other
on other ip link set lo up
daemon_start
property_becomes State ready
ruleset server <<END
table ip $long {
        chain $long { type filter hook input priority 0; policy drop; udp dport 5001 accept; }
}
table arp guard { chain input { type filter hook input priority 0; policy accept; arp operation reply counter drop; }; }
END
on other nft -f - <<'END'
table ip6 filter { chain input { type filter hook input priority 0; udp dport 5003 counter drop; }; }
END
on client traffic udp 10.0.42.2 5009 50 >/dev/null
on other traffic udp ::1 5003 30 >/dev/null
drops_read
check "names of 255 bytes are whole, and a policy has no handle" equal \
        "$(drops "[(x.packets, x.chain, x.handle, x.rule) for x in of(table='$long', policy=True)]")" "[(50, '$long', 0, '')]"
check "what another namespace drops is counted for it, escaped" drops_become "[(x.packets, x.netns, x.family, x.rule) for x in of(table='filter')]" \
        "[(30, 'other', 'ip6', 'udp dport 5003 counter drop')]"
check "its namespace is another one" equal "$(drops 'len({x.netns_cookie for x in c}) == len({x.netns_inode for x in c}) == 2')" True
check "an example of IPv6 is in brief" grep -qE '^::1\.[0-9]+ > ::1\.5003 udp on lo$' <(drops "of(family='ip6')[0].example")
daemon_stop

# A share that is full, here that of root's namespaces, which is half: what finds no room is counted
# all the same.
daemon_config DropCountersMax=32
ruleset server < <(
        echo "table ip many { chain input { type filter hook input priority 0; policy accept;"
        for port in $(seq 6001 6024); do echo "udp dport $port counter drop"; done
        echo "}; }"
)
daemon_start
property_becomes State ready
property_becomes Armed true
for port in $(seq 6001 6024); do on client traffic udp 10.0.42.2 "$port" 10 >/dev/null; done
balance "a full table" "$(counted_by_nft server)"
check "16 rules are counted by rule" equal "$(drops 'len(c)')" 16
check "and 80 packets are not" equal "$(drops t.uncounted)" 80
daemon_stop

daemon_config DropCountersMax=4096
nesting_network
nested kprobe
nested fentry
