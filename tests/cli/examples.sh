#!/bin/bash
# The examples of org.nfttraced1(5), as they stand there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

page=$source_root/man/org.nfttraced1.5
bash "$source_root/tests/man/firewalld-policy.sh" "$source_root" >"$work/policy.conf"
bus_policy=$work/policy.conf
bus_start
daemon_start
cd "$work" || exit 1
for name in dropped.sh rich-rules.py; do
        check "$name is in the page" bash "$source_root/tests/man/example.sh" "$page" $name
        bash "$source_root/tests/man/example.sh" "$page" $name >$name
done

no_session() {
        [ -z "$(nfttracectl list --names)" ]
}

two_sessions() {
        [ "$(grep -c ^watching python.out)" = 2 ]
}

check "busctl: how many were matched" equal "$(sh dropped.sh 0)" 0
check "busctl: the session is stopped" no_session
check "busctl: it had the filter" has "$(nfttracectl show 1)" 'verdicts drop filter udp port 8080'

rule='rule family="ipv4" port port="8080" protocol="udp" drop'
/usr/bin/python3 rich-rules.py >python.out 2>&1 &
example=$!
exec {firewalld}> >(exec /usr/bin/python3 "$source_root/tests/man/firewalld-stand-in.py")
check "Python: the example waits" await 30 grep -q '^ready' python.out
gdbus wait --system --timeout 30 org.fedoraproject.FirewallD1
echo "added $rule" >&"$firewalld"
check "Python: a rule that is added starts a session" await 30 grep -qxF "watching: $rule" python.out
check "Python: with its filter" has "$(nfttracectl list)" "udp port 8080"
echo "removed $rule" >&"$firewalld"
check "Python: one that is removed stops it" await 30 grep -qxF "stopped: $rule: 0 events" python.out
check "Python: and it is gone" await 30 no_session
echo "added $rule" >&"$firewalld"
check "Python: another time" await 30 two_sessions
kill -KILL $example
check "Python: a killed program leaves no session" await 30 no_session
exec {firewalld}>&-
[ "$failed" = 0 ] || sed 's/^/# python: /' python.out
