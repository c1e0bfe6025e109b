#!/bin/bash
# Drops are reported in the system's journal: the messages add up to nft's own counters, whatever
# happens to the journal, and a flood of rules is no flood of messages.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

rule_message=099ad461032a4381a663c71ca7b22f21
rest_message=b5594edfee964be9a6055df9d230ce8f

# mark, since [OPTION...]: by the clock, for of what options select journalctl leaves out the first
# behind a cursor.
mark() {
        journalctl --sync
        mark=$(date +%s.%6N)
}

since() {
        journalctl --sync
        journalctl -q --no-pager --since "@$mark" "$@"
}

# says TEXT [OPTION...]: some message since the mark has TEXT in it.
says() {
        local text=$1
        shift
        since -o cat "$@" >"$work/journal"
        file_has "$work/journal" "$text"
}

# sum FIELD [MATCH...]: of a field of the messages since the mark.
sum() {
        local field=$1
        shift
        since -u nfttraced -o json --output-fields="$field" "$@" |
                jq -n --arg field "$field" '[inputs[$field] | tonumber] | add // 0'
}

# add_up PACKETS [MATCH...]: the messages since the mark have that sum.
add_up() {
        local packets=$1
        shift
        equal "$(sum PACKETS "$@")" "$packets"
}

# nft_packets TABLE: what nft's counters in it have.
nft_packets() {
        on server nft -j list table inet "$1" | jq '[.. | objects | .counter | objects | .packets] | add // 0'
}

# drops_packets OPTION...: what nfttracectl drops prints of these.
drops_packets() {
        nfttracectl drops --json "$@" | jq -n '[inputs.packets // 0] | add // 0'
}

known() {
        nfttracectl drops --table shop | grep -q 'in netns server .* drop comment'
}

send() {
        on client traffic udp 10.0.42.2 "$1" "$2" >/dev/null
}

# switches: how many threads the service has, and how often they have slept.
switches() {
        cat /proc/"$(service_property MainPID)"/task/*/status | awk '/^voluntary_ctxt_switches/ { t++; n += $2 } END { print t, n }'
}

# Run by itself it finds the boot's daemon, with a session.
service_reset
journalctl --update-catalog
network
ruleset server <<'END'
table inet shop {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 counter drop comment "not for sale"
        }
}
END
service_start DropSummaryInterval=1s DropSummaryRules=5 || exit
mark

# What a rule says is read when it is heard of.
send 8080 1
check "the rule of the first packet becomes known" await 30 known
send 8080 131
check "the messages add up to what was dropped" await 20 add_up 132 NFT_TABLE=shop
check "which is what nft has" equal "$(nft_packets shop)" 132
check "and the counters" equal "$(drops_packets --table shop)" 132
since -u nfttraced NFT_TABLE=shop -o cat | sed 's/^/# /'
check "a message is a sentence with the rule and a packet" says \
        "inet shop input handle $(handle_of_rule server inet shop input 8080) \"udp dport 8080 counter drop comment \"not for sale\"\" in netns server, last 10.0.42.1." \
        -u nfttraced NFT_TABLE=shop
check "its fields select it" says "Dropped " NFT_FAMILY=inet NFT_TABLE=shop NFT_CHAIN=input NFT_POLICY=no \
        NETNS=server PRIORITY=6 SYSLOG_IDENTIFIER=nfttraced MESSAGE_ID="$rule_message"
check "the rule has a field of its own" says "Dropped " NFT_RULE='udp dport 8080 counter drop comment "not for sale"'
since -x -u nfttraced NFT_TABLE=shop >"$work/explained"
check "journalctl -x explains it" grep -q "A firewall rule dropped packets" "$work/explained"
check "and says what to do" grep -q "nfttracectl drops " "$work/explained"
check "the table of drops has it" grep -qE '^ +132 .*inet shop input handle [0-9]+ in netns server +udp dport 8080 counter drop' \
        <(nfttracectl drops)
check "a collector can read it" grep -qE \
        '^nfttraced_drop_packets_total\{netns="server",family="inet",table="shop",chain="input",handle="[0-9]+",policy="no"\} 132$' \
        <(nfttracectl drops --openmetrics)

# Nothing is dropped here but by the rule.
sleep 2
before=$(switches)
sleep 10
after=$(switches)
check "no thread has come or gone" equal "${after% *}" "${before% *}"
woken=$((${after#* } - ${before#* }))
echo "# in 10 s of no drops the threads were woken $woken times: 10 intervals, and the watchdog"
check "without drops it is woken for the interval and the watchdog only" at_least 25 "$woken"

# A journal that takes nothing, with its queue full. A sender may fill a part of it only.
journald=$(systemctl show -P MainPID systemd-journald)
mark
kill -STOP "$journald"
python3 - <<'END'
import socket
senders = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(16)]
for sender in senders:
    sender.connect("/run/systemd/journal/socket")
    sender.setblocking(False)
    try:
        while True:
            sender.send(b"MESSAGE=filling\n")
    except BlockingIOError:
        pass
END
send 8080 50
sleep 3
check "a journal that does not answer does not stall the daemon" timeout 10 nfttracectl drops
send 8080 50
kill -CONT "$journald"
check "what it did not take then is reported later" await 30 add_up 100 NFT_TABLE=shop

# A hundred rules, and an interval that ends with the daemon.
configure DropSummaryInterval=1h DropSummaryRules=5
systemctl reload nfttraced
sleep 2
{
        printf '%s\n' "table inet flood {" "chain input {" "type filter hook input priority 0; policy accept;"
        printf 'udp dport %s counter drop\n' {6001..6100}
        printf '%s\n' "}" "}"
} | ruleset server
mark
on client bash -c 'for port in {6001..6100}; do traffic udp 10.0.42.2 $port 3; done' >/dev/null
send 6042 40
systemctl stop nfttraced
check "a flood is five messages" equal "$(since -u nfttraced MESSAGE_ID=$rule_message -o cat | wc -l)" 5
check "and one that sums up" equal "$(since -u nfttraced MESSAGE_ID=$rest_message -o cat | wc -l)" 1
since -u nfttraced MESSAGE_ID=$rest_message -o cat | sed 's/^/# /'
check "the most active is the first" grep -q '^Dropped 43 packets ' <(since MESSAGE_ID=$rule_message -o cat | head -n 1)
check "all of them together are what nft has" add_up "$(nft_packets flood)" MESSAGE_ID="$rule_message" + MESSAGE_ID="$rest_message"
check "that are 340" equal "$(nft_packets flood)" 340
