#!/bin/bash
# The text of the rule as it was when the packet met it: with its comment, in namespaces with and
# without a name, after reloads that removed everything, of large rulesets; and what is said where
# it could not be read.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# shown OPTION...: the text of $session with its rules, in $work/text.
shown() {
        nfttracectl show --no-pager --rules "$session" >"$work/text" 2>"$work/text.err" || [ $? = 3 ] || {
                echo "not ok - session $session can be shown with its rules: $(cat "$work/text.err")"
                failed=$((failed + 1))
        }
}

resolver() {
        pgrep -P "$daemon_pid" -x nfttraced-names
}

bus_start
daemon_start
network
ruleset server <<'EOF'
table inet filter {
        set ports { type inet_service; elements = { 8081, 8082 } }
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 counter drop comment "keep out"
                udp dport @ports log prefix "a # handle 7 " drop comment "# handle 5"
                udp dport vmap { 8083 : drop, 8084 : accept }
        }
}
EOF
handle=$(handle_of_rule server inet filter input 'keep out')

session_start --verdicts drop --name reload
on client traffic udp 10.0.42.2 8080 3 >/dev/null
on client traffic udp 10.0.42.2 8081 2 >/dev/null
on client traffic udp 10.0.42.2 8083 1 >/dev/null
ruleset server <<'EOF'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 drop comment "after the reload"
        }
}
EOF
on client traffic udp 10.0.42.2 8080 4 >/dev/null
check "the text of a new rule is there soon" await 30 shows_rule reload 'after the reload'
on server nft flush ruleset
session_stop
check "without --rules there are no rules" equal "$(count_lines '^  rule ')" 0
shown
sees "a rule's text has its comment, and no counts" 3 '^  rule udp dport 8080 counter drop comment "keep out"$'
check "under its own line" equal "$(grep -A1 "handle $handle drop\$" "$work/text" | grep -c '^  rule udp dport 8080 counter drop')" 3
sees "words that look like handles are words" 2 '^  rule udp dport @ports log prefix "a # handle 7 " drop comment "# handle 5"$'
sees "a map is on its line" 1 '^  rule udp dport vmap \{ 8083 : drop, 8084 : accept \}$'
sees "after a reload the text is the new one" 4 '^  rule udp dport 8080 drop comment "after the reload"$'
sees "no text is unknown" 0 '^  rule text unknown'
sees "a namespace has its name" 10 '^  ns 0x[0-9a-f]+/[0-9]+ \(server\) if '

# A namespace that nobody gave a name.
session_start --verdicts drop --name unnamed
cat >"$work/unnamed.sh" <<'EOF'
ip link set lo up
nft -f - <<'RULES'
table ip filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 9090 drop comment "nameless"
        }
}
RULES
traffic udp 127.0.0.1 9090 3
read -r _
EOF
mkfifo "$work/unnamed.end"
unshare -n bash "$work/unnamed.sh" <>"$work/unnamed.end" >"$work/unnamed.out" 2>&1 &
unnamed=$!
has_its_rules() {
        equal "$(nfttracectl show --no-pager --rules unnamed | grep -c '^  rule udp dport 9090 drop comment "nameless"$')" 3
}
await 30 has_its_rules
echo >"$work/unnamed.end"
wait $unnamed
session_stop
shown
sees "a namespace without a name has its rules" 3 '^  rule udp dport 9090 drop comment "nameless"$'
sees "and no name" 3 '^  ns 0x[0-9a-f]+/[0-9]+ if '

# Replaced between packets, and while packets come: a rule that is replaced keeps its handle, and
# each event has the text of its time.
ruleset server <<'EOF'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 7070 drop comment "number 0"
        }
}
EOF
handle=$(handle_of_rule server inet filter input 'udp dport 7070')
session_start --verdicts drop --name replaced
on client traffic udp 10.0.42.2 7070 3 >/dev/null
on server nft replace rule inet filter input handle "$handle" udp dport 7070 drop comment '"number 1"'
in_journals() {
        grep -qa "$1" "$NFTTRACED_STATE_DIR"/*/*.nftj
}
await 30 in_journals 'number 1'
on client traffic udp 10.0.42.2 7070 2 >/dev/null
on client traffic udp 10.0.42.2 7070 300 >/dev/null &
sender=$!
for number in 2 3 4 5; do
        on server nft replace rule inet filter input handle "$handle" udp dport 7070 drop comment "\"number $number\""
done
wait $sender
session_stop
shown
sees "before a rule was replaced it has its first text" 3 '^  rule udp dport 7070 drop comment "number 0"$'
check "then the next" at_least "$(count_lines '^  rule udp dport 7070 drop comment "number 1"$')" 2
check "every event has a line for its rule" equal "$(count_lines '^  rule ')" "$(count_lines '^  table filter ')"
sees "and none is unknown" 0 '^  rule text unknown'

# A rule that was there for a moment while nobody looked.
session_start --verdicts drop --name moment
kill -STOP "$(resolver)"
on server nft add rule inet filter input udp dport 6060 drop
handle=$(handle_of_rule server inet filter input 'udp dport 6060')
on client traffic udp 10.0.42.2 6060 2 >/dev/null
on server nft delete rule inet filter input handle "$handle"
kill -CONT "$(resolver)"
session_stop
shown
sees "a rule that vanished says so" 2 '^  rule text unknown: it was removed before it could be read$'

# The resolver is killed: events are recorded all the same, and another one comes.
session_start --verdicts drop --name killed
before=$(resolver)
kill -KILL "$before"
on client traffic udp 10.0.42.2 7070 3 >/dev/null
session_stop
check "without its resolver the daemon records" equal "$events" 3
shown
sees "and every event has a line for its rule" 3 '^  rule '
session_start --verdicts drop --name again
other_resolver() {
        local now
        now=$(resolver) && [ "$now" != "$before" ]
}
await 30 other_resolver
on client traffic udp 10.0.42.2 7070 3 >/dev/null
session_stop
shown
sees "another resolver reads the rules" 3 '^  rule udp dport 7070 drop comment "number 5"$'

# A large ruleset, and following.
{
        echo "table inet filter {"
        echo "  chain input { type filter hook input priority 0; policy accept;"
        for number in {1..5000}; do
                echo "    ip saddr 192.0.2.$((number % 250)) udp dport $((number + 10000)) accept comment \"rule $number of many\""
        done
        echo '    udp dport 5050 drop comment "the last of many"'
        echo "  }"
        echo "}"
} | ruleset server
begin=$(date +%s%N)
session_start --verdicts drop --name many
echo "# a session with 5,001 rules starts in $((($(date +%s%N) - begin) / 1000000)) ms"
on client traffic udp 10.0.42.2 5050 2 >/dev/null
nfttracectl follow --rules many >"$work/followed" 2>&1 &
follower=$!
followed_rule() {
        on client traffic udp 10.0.42.2 5050 1
        grep -q '^  rule udp dport 5050 drop comment "the last of many"$' "$work/followed"
}
await 30 followed_rule
session_stop
wait $follower
shown
sees "the last of 5,001 rules has its text" "$events" '^  rule udp dport 5050 drop comment "the last of many"$'
check "follow --rules shows it, though it was sent before" grep -q '^  rule udp dport 5050 drop comment "the last of many"$' "$work/followed"
check "and in every event" equal "$(grep -c '^  rule ' "$work/followed")" "$(grep -c '^  table ' "$work/followed")"
check "when there is no session the resolver holds nothing" at_least 60000 "$(awk '/^VmRSS/ {print $2}' "/proc/$(resolver)/status")"
echo "# the resolver has $(awk '/^VmRSS/ {print $2}' "/proc/$(resolver)/status") KiB"
