#!/bin/bash
# What a disk that fails or hangs does to journals: writeback that fails is counted as lost and
# reported everywhere, and a disk that does not answer holds up nobody for long.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

modprobe -a loop dm_flakey ext4
bus_start
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 9 counter drop
        }
}
END
daemon_config SyncInterval=1s SyncTimeout=2s

mkdir "$NFTTRACED_STATE_DIR"
truncate -s 64M "$work/disk"
mkfs.ext4 -q -O ^has_journal "$work/disk"
disk=$(losetup -f --show "$work/disk")
sectors=$(blockdev --getsz "$disk")
dmsetup create --noudevsync disk --table "0 $sectors linear $disk 0"
dmsetup mknodes disk
mount -o errors=continue /dev/mapper/disk "$NFTTRACED_STATE_DIR"

# table TEXT: what the disk is from now on.
table() {
        dmsetup suspend --nolockfs --noudevsync disk
        dmsetup load disk --table "0 $sectors $1"
        dmsetup resume --noudevsync disk
}

send() {
        on client traffic udp 10.0.42.2 9 "$1" >/dev/null
}

all_synced() {
        [ "$(session_property Unsynced)" = 0 ] && [ "$(session_property Synced)" = "$1" ]
}

lost_is() {
        [ "$(session_property Lost)" = "$1" ]
}

daemon_start
session_start --verdicts drop --filter "udp port 9" --no-track --rate 0
send 100
check "recorded events reach the disk" await 30 all_synced 100

table "flakey $disk 0 0 600 1 error_writes"
send 50
check "what the disk fails to store is lost" await 30 lost_is 50
is_stalled() { [ "$(session_property State)" = '"stalled"' ]; }
check "the session says that it can't be stored" await 30 is_stalled
nfttracectl status >"$work/status"
check "status is degraded and names the error" grep -q 'degraded: .*Input/output error' "$work/status"
check "the log has it, too" grep -q "can't be stored (Input/output error)" "$daemon_log"

nfttracectl start --verdicts drop >"$work/refused" 2>&1
check "a session whose journal can't be created is refused" equal $? 1
check "what the state directory did not take is counted" at_least "$(counter state-errors)" 1

table "linear $disk 0"
send 20
is_running() { [ "$(session_property State)" = '"running"' ]; }
check "it resumes when the disk works" await 30 is_running
session_stop
check "a stop with losses is no success" equal $? 3
check "what was lost is not journaled" equal "$(total journaled)" 120
grep -q "disk-error 50" "$work/totals"
check "the totals name the reason" equal $? 0
check "the journal has the loss" grep -q 'disk error' "$work/text"

session_start --verdicts drop --filter "udp port 9" --no-track --rate 0
first=$session
session_start --verdicts drop --filter "udp port 9" --no-track --rate 0
send 10
check "two sessions are on the disk as far as they got" await 30 all_synced 10
nfttracectl start --name quiet --verdicts drop --filter "udp port 8" --no-track >/dev/null
dmsetup suspend --nolockfs --noudevsync disk
nfttracectl stop quiet >"$work/totals"
check "a stop that could not store the journal's end alone says so" equal $? 3
check "with its bytes" grep -qE '; [1-9][0-9.]* ([KM]i)?B not yet on the disk' "$work/totals"
check "and the log, that it is the end" grep -q 'B of the journal are not known to be stored, which is its end: all of its events are' "$daemon_log"
send 30
begin=$SECONDS
nfttracectl stop "$session" >"$work/totals"
check "a stop says what a disk that does not answer has not stored" equal $? 3
check "with the number of bytes" grep -qE '; [1-9][0-9.]* ([KM]i)?B not yet on the disk' "$work/totals"
check "within its time" test $((SECONDS - begin)) -lt 10
nfttracectl list >"$work/list"
check "others are answered meanwhile" equal $? 0
dmsetup resume --noudevsync disk
completed() { grep -q "session $session: all of its journal is on the disk" "$daemon_log"; }
check "it is completed when the disk answers" await 30 completed
session=$first
check "the other session is stored as a whole" session_stop
check "the daemon ends" daemon_stop
umount "$NFTTRACED_STATE_DIR"
dmsetup remove --noudevsync disk
losetup -d "$disk"
