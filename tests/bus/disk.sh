#!/bin/bash
# A disk that is full: the session says so, counts what it loses, and resumes when there is room;
# what was recorded before is unharmed.
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

session_is() {
        equal "$(session_property State)" "\"$1\""
}

mkdir -p "$NFTTRACED_STATE_DIR"
mount -t tmpfs -o size=8m tmpfs "$NFTTRACED_STATE_DIR"
bus_start
daemon_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END
session_start --verdicts drop --filter 'udp port 8080' --no-track
on client traffic udp 10.0.42.2 8080 100 >/dev/null
dd if=/dev/zero of="$NFTTRACED_STATE_DIR/filler" bs=64k 2>/dev/null
check "with the disk full a session can't begin" refused 1 "No space left" nfttracectl start --name other
on client traffic udp 10.0.42.2 8080 20000 >/dev/null
check "a session whose journal can't grow is stalled" await 20 session_is stalled
check "the manager works" nfttracectl list
rm "$NFTTRACED_STATE_DIR/filler"
check "it resumes by itself when there is room" await 20 session_is running
on client traffic udp 10.0.42.2 8080 100 >/dev/null
session_stop
check "every packet is in the totals" equal "$(total matched)" 20200
check "what the disk did not take is lost, with the reason" sh -c "grep -q 'disk-full' $work/totals"
sees "what was recorded is there" "$(total journaled)" '^  table filter .* drop$'
check "and the journal says where some are missing" at_least "$(count_lines 'disk full')" 1
check "the daemon ends well" daemon_stop
umount "$NFTTRACED_STATE_DIR"
