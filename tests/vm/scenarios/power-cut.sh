#!/bin/bash
# What a power cut leaves of journals: while events flow the disk under the state directory is held
# at random moments and what it has then is copied, as it would be found after the power has failed;
# the copies are looked at afterwards. $NFTTRACED_POWER_CUTS says how many, by default 3 for each
# file system.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

cuts=${NFTTRACED_POWER_CUTS:-3}
tools=$here
modprobe -a loop dm_mod xfs ext4
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
daemon_config SyncInterval=1s SegmentSize=64K

# disk_make TYPE: a new one, mounted where the daemon has its state.
disk_make() {
        NFTTRACED_STATE_DIR=$work/$1
        mkdir "$NFTTRACED_STATE_DIR" "$work/cut.$1"
        truncate -s 320M "$work/disk"
        "mkfs.$1" -q "$work/disk"
        disk=$(losetup -f --show "$work/disk")
        dmsetup create --noudevsync cut --table "0 $(blockdev --getsz "$disk") linear $disk 0"
        dmsetup mknodes cut
        mount -t "$1" /dev/mapper/cut "$NFTTRACED_STATE_DIR"
}

disk_remove() {
        umount "$NFTTRACED_STATE_DIR"
        dmsetup remove --noudevsync cut
        losetup -d "$disk"
        rm "$work/disk"
}

# look SYNCED: the disk as it is now has that many events at least.
look() {
        dmsetup suspend --nolockfs --noudevsync cut
        cp --sparse=always "$work/disk" "$work/copy"
        dmsetup resume --noudevsync cut
        bash "$tools/power-cut-look.sh" "$type" "$work/cut.$type" "$work/copy" "$session" "$1" || return 1
        rm "$work/copy"
}

cut_often() {
        local some=0 number
        for _ in $(seq "$cuts"); do
                sleep "0.$((RANDOM % 9))"
                number=$(session_property Synced)
                [ "$number" = 0 ] || some=1
                look "$number" || return 1
        done
        [ $some = 1 ] || {
                echo "nothing was synced at any of them"
                return 1
        }
}

is_synced() {
        [ "$(session_property Unsynced)" = 0 ] &&
                [ "$(session_property Synced)" -gt 0 ]
}

for type in ext4 xfs; do
        disk_make $type
        daemon_start
        session_start --verdicts drop --filter "udp port 9" --no-track --rate 0
        check "on $type the head of a journal is on the disk when its start is answered" look 0
        (
                for _ in $(seq 1000); do
                        on client traffic udp 10.0.42.2 9 60 >/dev/null
                        sleep 0.1
                done
        ) &
        load=$!
        check "at $cuts power cuts $type has all events that were synced, in front of any damage" cut_often
        kill $load
        wait $load 2>/dev/null
        check "what rests is on the disk" await 30 is_synced
        on client traffic udp 10.0.42.2 9 100 >/dev/null
        session_stop
        check "a stopped session is on the disk as a whole" look "$(total journaled)"
        check "its end, too" grep -q '"end":' "$work/cut.$type.json"
        check "the daemon ends" daemon_stop
        disk_remove
done
