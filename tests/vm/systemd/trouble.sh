#!/bin/bash
# What happens to a machine in the course of years: its clock is set, its disk is full, sessions
# come and go.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

# send COUNT
send() {
        on client traffic udp 10.0.42.2 8080 "$1" >/dev/null
}

# holdings: what the service holds, and its processes.
holdings() {
        local pid
        for pid in $(systemctl show -P MainPID nfttraced) $(pgrep -x nfttraced-pcap) $(pgrep -x nfttraced-names); do
                find "/proc/$pid/fd" -mindepth 1 | wc -l
        done
        bpftool prog show | grep -c '^[0-9]'
        bpftool map show | grep -c '^[0-9]'
        nft list tables | wc -l
}

# memory: KiB that the main process has to itself.
memory() {
        awk '/^RssAnon:/ { print $2 }' "/proc/$(service_property MainPID)/status"
}

cycle() {
        local cycle_session
        cycle_session=$(nfttracectl start --verdicts drop --filter 'udp port 8080') &&
                nfttracectl stop "$cycle_session" >/dev/null
}

network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 counter drop
        }
}
END
service_start DropCounters=no SegmentSize=64K JournalSize=16M

# A clock that steps, back and forth.
session_start --verdicts drop --filter 'udp port 8080' --duration 1h
now=$(date +%s)
up=$(cut -d. -f1 /proc/uptime)
send 5
date -s "@$((now - 86400))" >/dev/null
send 5
date -s "@$((now + 30 * 86400))" >/dev/null
send 5
date -s "@$((now - up + $(cut -d. -f1 /proc/uptime)))" >/dev/null
check "a clock that is set ends no session" bash -c "nfttracectl list | grep -q '^ *$session '"
session_stop
sees "nor does it lose an event" 15 'handle [0-9]+ drop'
check "events are in the order in which they happened" bash -c "grep -oE '^[0-9]+ ' '$work/text' | sort -nc"
check "nor does the watchdog bark" equal "$(service_property NRestarts)" 0

# A full disk.
systemctl stop nfttraced
mount -t tmpfs -o size=2M,mode=700 tmpfs "$state"
service_start
journal_mark
session_start --verdicts drop --filter 'udp port 8080' --size 1M
send 10
head -c 4M /dev/zero >"$state/filler" 2>/dev/null
send 3000
check "a full disk is reported" await 30 journal_has "can't be stored (No space left on device)" -u nfttraced
check "it keeps running" systemctl is-active nfttraced
rm "$state/filler"
check "and records when there is room" await 30 journal_has "the journal is written again" -u nfttraced
session_stop
check "what was lost was counted" at_least "$(total lost)" 1
service_reset
umount "$state"

# A system journal that stands still, with no room for one message more.
service_start DropCounters=no
journal_mark
kill -STOP "$(service_property MainPID systemd-journald)"
python3 - <<'END'
import socket

for _ in range(8):
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    try:
        while True:
            sender.sendto(b"MESSAGE=in the way\n", "/run/systemd/journal/socket")
    except BlockingIOError:
        pass
END
check "a session starts and stops while the system's journal stands still" timeout 20 bash -c \
        "nfttracectl stop \$(nfttracectl start --verdicts drop --filter 'udp port 8080') >/dev/null"
check "its messages wait" bash -c "! journalctl -q --after-cursor '$cursor' -u nfttraced | grep 'ended: matched'"
kill -CONT "$(service_property MainPID systemd-journald)"
check "messages of that time arrive when it continues" await 30 journal_has "ended: matched" -u nfttraced
check "nothing of it is lost" bash -c "! grep discarded '$work/journal'"
check "the watchdog did not bark at this either" equal "$(service_property NRestarts)" 0
service_reset

# Sessions come and go.
cycles=${NFTTRACED_CYCLES:-10}
service_start DropCounters=no
for _ in 1 2 3; do
        cycle
done
holdings >"$work/before"
memory_before=$(memory)
done=0
for ((i = 0; i < cycles; i++)); do
        cycle && done=$((done + 1))
done
check "$cycles sessions come and go" equal "$done" "$cycles"
check "of the kernel's objects and of descriptors nothing is left" await 30 bash -c "diff '$work/before' <($(declare -f holdings); holdings)"
check "memory is as before" at_least $((memory_before + 512)) "$(memory)"
echo "# $cycles cycles: $memory_before KiB before, $(memory) KiB after"
