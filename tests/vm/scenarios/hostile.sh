#!/bin/bash
# Callers that mean harm, with the real daemon: nonsense, too much at once, streams that nobody
# reads. What it holds, programs and maps of the kernel included, is the same before and after.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

modprobe nf_tables
export NFTTRACED_TEST_DAEMON=$build/daemon/nfttraced NFTTRACED_TEST_CYCLES=${NFTTRACED_TEST_CYCLES:-6} NFTTRACED_TEST_ALONE=1
check_suite bus/test_hostile

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END

# A reader that stands still, of a journal far smaller than what comes.
session_start --verdicts drop --filter 'udp port 8080' --no-track --size 256K
followed=$session
nfttracectl follow "$followed" >"$work/followed" 2>&1 &
reader=$!
await 30 test -s "$work/followed"
kill -STOP "$reader"
session_start --verdicts drop --filter 'udp port 8080' --no-track
on client traffic udp 10.0.42.2 8080 12000 >/dev/null
session_stop
check "a reader that stands still keeps nothing from another session" equal "$(total journaled)" 12000
kill -CONT "$reader"
session=$followed
session_stop
wait "$reader"
check "and it reports that it missed some" grep -q 'events lost.*the reader was too slow' "$work/followed"
check "the daemon keeps nothing of it open" sh -c "! ls -l /proc/$daemon_pid/fd | grep -q '$NFTTRACED_STATE_DIR/$followed/'"
