#!/bin/bash
# What an administrator does every day: status and what it says of this kernel, journals and the
# room they take, and the examples of org.nfttraced1(5) with packets.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

modprobe nf_tables
bash "$source_root/tests/man/firewalld-policy.sh" "$source_root" >"$work/policy.conf"
bus_policy=$work/policy.conf
nfttracectl status >"$work/status" 2>&1
check "without a bus the status is one of its own" equal $? 4
check "and says what to do" grep -q '^not running: .*is dbus running?$' "$work/status"
bus_start
nfttracectl status >"$work/status" 2>&1
check "without the daemon, too" equal $? 4
check "with its remedy" grep -qx "not running: start it with 'systemctl start nfttraced'" "$work/status"
check "and what this kernel allows" grep -qE '^  kprobes +yes$' "$work/status"

daemon_start
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0
                udp dport 8080 drop
                accept
        }
}
END

# feature NAME: its value.
feature() {
        nfttracectl status | sed -n '/^kernel features/,$p' | awk -v name="$1" '$1 == name { print $2 }'
}

check "the daemon is healthy" nfttracectl status --quiet
check "and says so" sh -c 'nfttracectl status | head -n 1 | grep -q "^healthy: no sessions"'
for name in btf kprobes bpf-jit nf-tables; do
        check "this kernel has $name" equal "$(feature $name)" yes
done
check "this kernel has drop reasons" equal "$(feature drop-reasons)" yes
attach=$(nfttracectl status | awk '$1 == "attach" { print $2 }')
case $attach in
fentry) check "status has fentry" equal "$(feature fentry) $(feature missed)" "yes yes" ;;
*) check "status has a kprobe, and what that means" equal "$(feature fentry)" no ;;
esac
check "status has the layout of the arguments" equal "$(nfttracectl status | grep -c '^  layout .* argument ')" 1

session_start --name web --verdicts drop -- udp port 8080
check "a session arms the key" equal "$(feature trace-key)" yes
on client traffic udp 10.0.42.2 8080 20
session_stop
of_session=$events
check "list has the size of an ended session" equal "$(nfttracectl list --all | awk '$2 == "web" { print $3, ($8 != "-") }')" "ended 1"
check "an export reads as the journal" equal "$(nfttracectl export web | nfttracectl show - | grep -c ' drop$')" "$of_session"
check "remove frees it" sh -c 'nfttracectl remove web | grep -q ": freed [0-9]"'
check "nothing is left of it" test ! -e "$NFTTRACED_STATE_DIR/$session"

cd "$work" || exit 1
for name in dropped.sh rich-rules.py; do
        bash "$source_root/tests/man/example.sh" "$source_root/man/org.nfttraced1.5" $name >$name
done
sh dropped.sh 8 >busctl.out 2>&1 &
example=$!
has_session() {
        [ -n "$(nfttracectl list --names)" ]
}
check "the busctl example starts a session" await 30 has_session
on client traffic udp 10.0.42.2 8080 7
wait $example
check "and says how many packets were dropped" equal "$(cat busctl.out)" 7

rule='rule family="ipv4" port port="8080" protocol="udp" drop'
/usr/bin/python3 rich-rules.py >python.out 2>&1 &
example=$!
exec {firewalld}> >(exec /usr/bin/python3 "$source_root/tests/man/firewalld-stand-in.py")
# said REGEX COUNT: waits until COUNT lines that the example has printed match.
said() {
        await 60 printed "$@"
}

printed() {
        cat python.out
        [ "$(grep -cE -- "$1" python.out)" = "$2" ]
}
check "the Python example waits for rich rules" said '^ready' 1
gdbus wait --system --timeout 60 org.fedoraproject.FirewallD1
echo "added $rule" >&"$firewalld"
check "it records when one is added" said '^watching: rule family' 1
on client traffic udp 10.0.42.2 8080 5
check "it reads the events as they come" said '^drop by filter input$' 5
echo "removed $rule" >&"$firewalld"
check "it stops when the rule is removed, and prints the totals" said '^stopped: .*: 5 events$' 1
kill $example
exec {firewalld}>&-
