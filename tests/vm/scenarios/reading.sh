#!/bin/bash
# What was recorded is read again: by packet, by selection, counted, as a capture that tshark reads,
# of two sessions at once, and while it is recorded; and a session is started with a profile.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export NFTTRACED_PROFILE_PATH=$source_root/client/profiles

bus_start
daemon_start
network
ruleset server <<'END'
table ip nat {
        chain pre { type nat hook prerouting priority dstnat; udp dport 7070 dnat to 10.0.42.2:8080; }
}
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
rule=$(handle_of_rule server ip filter input 'udp dport 8080 drop')

# shown ARGUMENT...: prints them, into $work/text; the exit status.
shown() {
        nfttracectl show --no-pager "$@" >"$work/text" 2>"$work/text.err"
}

check "profiles are listed" sh -c 'nfttracectl profiles | grep -q "^nft-dropmon "'
session_start --name all --profile rules --filter 'udp dst port 7070'
all=$session
session_start --name drops --verdicts drop --filter 'udp dst port 8080 or udp dst port 7070'
drops=$session
nfttracectl pcap --follow all -o "$work/live.pcapng" 2>"$work/live.err" &
follower=$!
# The capture's header says that it follows.
await 60 test -s "$work/live.pcapng"
on client traffic udp 10.0.42.2 7070 5 >/dev/null
nfttracectl stop "$drops" >/dev/null
session=$all
session_stop
wait $follower
check "a capture that follows ends with its session" equal "$?" 0
check "it has every packet" equal "$(tshark -r "$work/live.pcapng" 2>/dev/null | wc -l)" "$(total journaled)"

shown --sort "$all"
check "a journey begins with n 0" equal "$(count_lines '^[0-9]+ .*\) n 0$')" 5
check "its second event is below the first" equal "$(count_lines '^  ↳ [0-9]+ .*\) n 1$')" 5
check "which is the drop" equal "$(grep -A 5 '^  ↳ .* n 1$' "$work/text" | grep -cE "^      table filter .* handle $rule drop$")" 5
shown --sort -n 2 "$all"
check "the last two journeys are two" equal "$(count_lines '^[0-9]+ .*\) n 0$')" 2
shown --reverse -n 1 "$all"
check "the newest event is a drop" equal "$(count_lines '^  table filter .* drop$')" 1

shown --table filter --verdicts drop "$all"
sees "a table and a verdict are selected" 5 '^  table filter .* drop$'
sees "and nothing else" 0 '^  table nat '
shown --handle "$rule" "$all"
sees "a rule is selected by its handle" 5 " handle $rule drop$"
shown --filter 'udp dst port 8080' --chain pre "$all"
sees "a filter sees the packet as it was there" 0 '^  table '
shown --filter 'udp dst port 7070' --chain pre "$all"
sees "before it was translated" 5 '^  table nat .* chain pre '
shown --since -1h --until now "$all"
sees "of the last hour there is all" 5 '^  table filter .* drop$'
shown --until yesterday "$all"
sees "of the days before nothing" 0 '^  table '
inode=$(on server stat -Lc %i /proc/self/ns/net)
shown --netns "$inode" "$all"
sees "a namespace is selected" 5 '^  table filter .* drop$'
shown --netns server "$all"
sees "by its name, too" 5 '^  table filter .* drop$'
shown --netns 1 "$all"
sees "another one has none" 0 '^  table '

shown "$all" "$drops"
sees "what two sessions recorded is shown once" 5 '^  table filter .* drop$'
sees "of each session there is its head" 2 '^  recorded with nfttraced '

nfttracectl stats "$all" >"$work/text"
sees "events are counted by rule" 1 "^ *5 .* table ip filter chain input handle $rule drop +udp dport 8080 drop$"
sees "packets are counted once" 1 '^[0-9]+ events of 5 packets, '
nfttracectl pcap "$all" -o "$work/all.pcapng"
check "a capture is written" equal "$?" 0
check "tshark reads every event" equal "$(tshark -r "$work/all.pcapng" 2>/dev/null | wc -l)" "$(total journaled)"
check "with what the rule did" equal "$(tshark -r "$work/all.pcapng" -T fields -e frame.comment 2>/dev/null | grep -cE "table filter \([0-9]+\) chain input \([0-9]+\) handle $rule drop")" 5
check "and its text" equal "$(tshark -r "$work/all.pcapng" -T fields -e frame.comment 2>/dev/null | grep -cF 'rule udp dport 8080 drop')" 5
check "on the device where it was" equal "$(tshark -r "$work/all.pcapng" -T fields -e frame.interface_name 2>/dev/null | sort -u)" v1

# The incumbent's example: a packet from the device to its end.
ruleset server <<'END'
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
session_start --profile journey --filter 'udp dst port 8080'
on client traffic udp 10.0.42.2 8080 3 >/dev/null
session_stop
shown --sort "$session"
sees "a journey begins at the device" 3 '^[0-9]+ .* \[tp\] net:netif_receive_skb #.* n 0$'
sees "goes to delivery" 3 '^  ↳ [0-9]+ .* \[k\] ip_local_deliver #.* n 1$'
sees "meets the rule" 3 '^  ↳ [0-9]+ .* \[k\] __nft_trace_packet #.* n 2$'
sees "and ends there" 3 '^  ↳ [0-9]+ .* \[tp\] skb:kfree_skb #.* n 3 drop \(reason NETFILTER_DROP\)$'

session_start --profile nft-dropmon --filter 'udp dst port 8080'
on client traffic udp 10.0.42.2 8080 2 >/dev/null
session_stop
sees "the profile of the incumbent's drop monitor sees drops" 2 '^  table filter .* drop$'
check "with their stacks" at_least "$(count_lines '^ +nft_do_chain\+0x')" 2
sees "and without tracking" 0 '#[0-9a-f]{17,}'

check "an unknown profile is refused" refused 2 "there is no profile" nfttracectl start --profile nowhere
check "an invalid time is refused" refused 2 "--since takes a time" nfttracectl show --since soon "$all"
check "an invalid filter is refused" refused 2 "syntax error" nfttracectl show --filter 'udp porrt' "$all"
check "a target that can't be written is reported" refused 1 "can't be written" nfttracectl pcap "$all" -o /nowhere/x
