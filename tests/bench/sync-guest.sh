#!/bin/bash
# The guest's side of sync.sh, which see. Events come at about the rate that a session has by
# default, 1,000 a second.

# shellcheck source-path=SCRIPTDIR source=../vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

rounds=20
each=1000
modprobe -a loop ext4
bus_start
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 9 drop
        }
}
END
mkdir "$NFTTRACED_STATE_DIR"
truncate -s 256M "$work/disk"
mkfs.ext4 -q "$work/disk"
mount -o loop "$work/disk" "$NFTTRACED_STATE_DIR"

# spent NAME: ns on a processor of the daemon's thread of that name.
spent() {
        local task
        for task in /proc/"$daemon_pid"/task/*; do
                [ "$(<"$task/comm")" = "$1" ] && cut -d' ' -f1 "$task/schedstat"
        done
}

for interval in 1h 5s 1s 1h 5s 1s; do
        daemon_config SyncInterval=$interval
        daemon_start
        session_start --verdicts drop --filter 'udp port 9' --no-track --rate 0
        on client traffic udp 10.0.42.2 9 $each >/dev/null
        sleep 2
        data=$(spent nfttraced-data)
        disk=$(spent nfttraced-disk)
        for _ in $(seq $rounds); do
                on client traffic udp 10.0.42.2 9 $each >/dev/null
                sleep 1
        done
        data=$(($(spent nfttraced-data) - data))
        disk=$(($(spent nfttraced-disk) - disk))
        session_stop
        printf 'SyncInterval=%-3s %6d events: the data thread %5d ns an event, the disk thread %5d ns an event\n' \
                $interval $((rounds * each)) $((data / rounds / each)) $((disk / rounds / each))
        daemon_stop
done
umount "$NFTTRACED_STATE_DIR"
