#!/bin/bash
# Who may record: users, and the real polkit with rules of its own.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

rules=/etc/polkit-1/rules.d/10-nfttraced-test.rules
folder=$work/polkit
mkdir -p "$folder" "${rules%/*}"
chmod 755 "$work" "$folder"

# ctl USER ARGUMENT...: nfttracectl, nobody at a terminal.
ctl() {
        as "$1" nfttracectl "${@:2}" </dev/null
}

# denied USER TEXT ARGUMENT...
denied() {
        local user=$1 text=$2
        shift 2
        refused 1 "$text" as "$user" nfttracectl "$@"
}

cat >"$rules" <<'END'
polkit.addRule(function(action, subject) {
        if (action.id.indexOf("org.nfttraced1.") != 0)
                return polkit.Result.NOT_HANDLED;
        if (subject.user == "recorder" && action.id != "org.nfttraced1.control-any")
                return polkit.Result.YES;
        if (subject.user == "counter" && action.id == "org.nfttraced1.read-status")
                return polkit.Result.YES;
        return polkit.Result.NOT_HANDLED;
});
END
user_add recorder stranger counter
systemctl restart polkit.service
service_start DropCounters=yes
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END

check "the actions are known to polkit" sh -c 'pkaction | grep -c "^org.nfttraced1\." | grep -qx 5'
roots=$(nfttracectl start --name secretname --filter 'udp port 4711')

session=$(ctl recorder start --verdicts drop --filter 'udp port 8080')
check "a user whom polkit allows starts a session" test -n "$session"
check "it is the user's, with half of what his sessions may have" sh -c "busctl call org.nfttraced1 /org/nfttraced1/session/$session org.nfttraced1.Session Describe | grep -q '\"Owner\" u $(id -u recorder).*\"Rate\" t 5000'"
check "he sees it, and no other" equal "$(ctl recorder list | awk 'NR > 1 { print $1 }')" "$session"
# Those that the boot has started may run, too.
all=$(nfttracectl list | awk 'NR > 1' | wc -l)
check "but list prints how many there are" sh -c "setpriv --reuid recorder --clear-groups nfttracectl list 2>&1 >/dev/null | grep -qE ': $((all - 1)) sessions? of other users (is|are) not shown'"
ctl recorder follow "$session" >"$folder/follow" 2>&1 &
follower=$!
await 20 test -s "$folder/follow"
on client traffic udp 10.0.42.2 8080 50 >/dev/null
check "he follows it" await 20 sh -c "[ \$(grep -c '^  table filter .* drop\$' '$folder/follow') = 50 ]"
ctl recorder show --no-pager --rules "$session" >"$folder/show" 2>&1
check "he reads it" equal "$(grep -c '^  table filter .* drop$' "$folder/show")" 50
check "with the rules" equal "$(grep -c '^  rule udp dport 8080 drop$' "$folder/show")" 50
check "but not by its path" refused 1 "" as recorder nfttracectl show --no-pager "$state/$session"
check "he changes it" ctl recorder set "$session" --filter 'udp port 8081'
check "he does not see what is root's" denied recorder org.nfttraced1.control-any show --no-pager "$roots"
check "nor a session that there is not, in the same words" denied recorder org.nfttraced1.control-any show --no-pager 99999
check "nor stops it" denied recorder org.nfttraced1.control-any stop "$roots"
check "a name of root's is none to him" denied recorder 'no session "secretname"' stop secretname

# counters USER
counters() {
        as "$1" busctl -j call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager GetDropCounters 'a{sv}' 0
}
counters recorder >"$folder/recorder"
counters counter >"$folder/counter"
check "who may read events reads the drop counters with examples of packets" file_has "$folder/recorder" '"example":{"type":"s","data":"10.0.42.1'
check "who may read how it is reads the numbers" file_has "$folder/counter" '"packets":{"type":"t","data":50}'
check "but of no packet" sh -c "! grep -F 10.0.42.1 '$folder/counter'"
check "a stranger reads none" sh -c "setpriv --reuid stranger --clear-groups busctl call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager GetDropCounters 'a{sv}' 0 2>&1 | grep -i 'access denied'"

check "a stranger starts nothing" denied stranger org.nfttraced1.start-session start
check "and the error says that it takes a password" denied stranger "password" start
check "or not asked at all" denied stranger "password" start --no-ask-password
check "he sees no session" equal "$(ctl stranger list | wc -l)" 1
check "he reads nothing" denied stranger org.nfttraced1.control-any follow "$session"
check "and stops nothing" denied stranger org.nfttraced1.control-any stop "$session"
check "he may see how nfttraced is" ctl stranger status
ctl stranger status >"$folder/status"
check "and that others record" file_has "$folder/status" "$all sessions of other users not shown"

check "he stops it" sh -c "setpriv --reuid recorder --clear-groups nfttracectl stop $session >'$folder/totals'"
wait "$follower"
check "and reads it afterwards" sh -c "setpriv --reuid recorder --clear-groups nfttracectl show --no-pager $session | grep -c '^  table filter .* drop\$' | grep -qx 50"
check "root's continues" sh -c "nfttracectl list | grep -q ' secretname '"

# A user who is asked for root's password at a terminal: one without a login session, as from cron,
# "su" or a container, and one who has logged in.
terminal="python3 $here/at-terminal.py"
echo 'root:the right one' | chpasswd
check "at a terminal, root's password lets a stranger start a session" as stranger $terminal 'the right one' nfttracectl start --name asked
check "which is there" sh -c "nfttracectl list | grep -q ' asked '"
check "a wrong password does not" refused 1 org.nfttraced1.start-session as stranger $terminal 'a wrong one' nfttracectl start --name unasked
check "so nothing was started" sh -c "! nfttracectl list | grep ' unasked '"
# login USER PASSWORD COMMAND...: on a terminal in a session of logind's.
login() {
        # shellcheck disable=SC2086
        systemd-run --quiet --pipe --wait --collect --uid="$1" --property=PAMName=login $terminal "$2" "${@:3}"
}
check "nor is it asked for in vain by who has logged in" login stranger 'the right one' nfttracectl start --name logged-in
check "and this one is there, too" sh -c "nfttracectl list | grep -q ' logged-in '"
nfttracectl stop asked >/dev/null
nfttracectl stop logged-in >/dev/null

systemctl mask --runtime --now polkit.service
check "without polkit nobody but root may" denied recorder "polkit can't be asked" start
denied recorder "polkit can't be asked" list >/dev/null
check "which is in the journal once" await 10 sh -c "journalctl --sync; journalctl -q -o cat -u nfttraced | grep -c \"polkit can't be asked\" | grep -qx 1"
check "root may" nfttracectl stop secretname
systemctl unmask --runtime polkit.service
rm "$rules"
