#!/bin/bash
# Beside a firewall: real firewalld with its zones, reloads and panic mode, plain nft that flushes
# everything. Nothing disarms the recorder, and nobody is refused a change because of it.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

# firewall MEMBER [TYPES ARGUMENT...]: what firewall-cmd does, without the time that its Python
# takes to start here.
firewall() {
        local member=$1 interface=org.fedoraproject.FirewallD1
        shift
        case $member in
        *RichRule | changeZoneOfInterface) interface+=.zone ;;
        esac
        busctl --timeout=120 call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1 "$interface" "$member" "$@"
}

# armed: and nothing of it is in the host's ruleset.
armed() {
        [ "$(hidden-netns)" = 1 ] && ! nft list ruleset | grep nfttraced && property_becomes Armed true
}

# send COUNT PORT: from the namespace to this one.
send() {
        on client traffic udp 10.0.43.1 "$2" "$1" >/dev/null
}

systemctl -q stop nftables
ip netns add client
ip link add host0 type veth peer name v0 netns client
ip address add 10.0.43.1/24 dev host0
ip link set host0 up
ip -n client address add 10.0.43.2/24 dev v0
ip -n client link set v0 up
await 30 on client ping -qc1 -W1 10.0.43.1 >/dev/null

service_start DropCounters=no
session_start --verdicts drop --filter 'udp and host 10.0.43.2'
check "firewalld starts beside it" systemctl start firewalld
check "it is armed" armed

# A tool that follows rich rules: the example of org.nfttraced1(5).
bash "$source_root/tests/man/example.sh" "$source_root/man/org.nfttraced1.5" rich-rules.py >"$work/rich-rules.py"
/usr/bin/python3 "$work/rich-rules.py" >"$work/tool" 2>&1 &
tool=$!
check "a tool in Python waits for rich rules" await 60 file_has "$work/tool" ready
rule='rule family="ipv4" port port="8080" protocol="udp" drop'
check "firewalld takes a rich rule" firewall addRichRule ssi "" "$rule" 0
check "the tool starts a session for it" await 30 file_has "$work/tool" "watching: $rule"
send 3 8080
check "and reads what it drops" await 30 bash -c "[ \$(grep -c '^drop by firewalld filter_IN_public_deny\$' '$work/tool') = 3 ]"
check "firewalld takes it back" firewall removeRichRule ss "" "$rule"
check "the tool stops the session" await 30 file_has "$work/tool" "stopped: $rule: 3 events"
firewall addRichRule ssi "" "$rule" 0 >/dev/null
await 30 bash -c "[ \$(nfttracectl list | grep -c 'default udp port 8080') = 1 ]"
kill "$tool"
wait "$tool" 2>/dev/null
check "killed, it leaves no session" await 30 bash -c "! nfttracectl list | grep 'default udp port 8080'"

# Zones.
check "an interface goes to the zone that drops" firewall changeZoneOfInterface ss drop host0
send 2 9999
check "what the zone drops is recorded" await 10 bash -c "[ \$(nfttracectl show --no-pager $session | grep -cE 'chain filter_IN(PUT_POLICIES|_drop)[^ ]* .*drop') -ge 2 ]"

# Panic mode, reloads, a flush: each change is allowed, and the recorder stays armed.
check "panic mode comes" firewall enablePanicMode
send 2 7777
check "and goes" firewall disablePanicMode
check "it reloads" firewall reload
check "armed after the reload" armed
check "it reloads all of it" firewall completeReload
check "armed after that" armed
send 2 6666
check "everybody may flush the ruleset" nft flush ruleset
check "armed after that, too" armed
check "and the firewall's rules are gone" bash -c '! nft list tables | grep firewalld'
nft -f - <<'END'
table ip plain {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 5555 drop
        }
}
END
send 4 5555
check "the next one's rules are recorded" await 10 bash -c "[ \$(nfttracectl show --no-pager $session | grep -c 'table plain .* drop') = 4 ]"
check "nobody was refused anything" bash -c "! grep -iE 'error:|not permitted' /var/log/firewalld"
session_stop
check "panic mode's drops are among what was recorded" at_least "$(count_lines 'table firewalld_policy_drop \([0-9]+\) .* drop')" 2
systemctl stop firewalld
check "only the end of its session disarmed the recorder" not_armed
