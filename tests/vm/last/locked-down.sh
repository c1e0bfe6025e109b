#!/bin/bash
# A kernel that is locked down: with "integrity" all works, with "confidentiality" the daemon does
# not start and says why. A kernel can't be unlocked again, so no scenario comes after this one.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

lockdown=/sys/kernel/security/lockdown
[ -e $lockdown ] || mount -t securityfs securityfs /sys/kernel/security

bus_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END
echo integrity >$lockdown
check "the kernel is locked down for its integrity" grep -qF '[integrity]' $lockdown
daemon_start
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
check "the daemon starts and records all the same" equal "$events" 5
echo confidentiality >$lockdown
check "the kernel is locked down for confidentiality" grep -qF '[confidentiality]' $lockdown
check "start reports what is in the way" refused 1 "locked down" nfttracectl start
check "the daemon that runs ends well" daemon_stop
check "a new one is refused" refused 1 "start it with lockdown=integrity" timeout 120 nfttraced --state-dir "$NFTTRACED_STATE_DIR"
check "in one sentence" equal "$(wc -l <"$work/refused.err")" 1
check "and leaves nothing" not_armed
