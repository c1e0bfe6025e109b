#!/bin/bash
# Looks at a journal on a disk whose power was cut: all that was synced can be read, and nothing
# before the end of that is damaged.
#
# usage: power-cut-look.sh TYPE DIRECTORY IMAGE SESSION SYNCED

set -uo pipefail

type=$1
mount=$2
options=loop
[ "$type" != xfs ] || options+=,nouuid
mount -t "$type" -o "$options" "$3" "$mount" || {
        echo "the disk can't be mounted"
        exit 1
}
trap 'umount "$mount"' EXIT
nfttracectl show --no-pager --json "$mount/$4" >"$mount.json" 2>"$mount.err"
status=$?
[ "$status" = 0 ] || [ "$status" = 3 ] || {
        echo "the journal can't be read: $(cat "$mount.err")"
        exit 1
}
# Events that stand before the first loss, and all of them.
read -r before all < <(awk '/"loss":/ { lost = 1 } /"nft":/ { all++; if (!lost) before++ } END { print before + 0, all + 0 }' "$mount.json")
[ "$before" -ge "$5" ] || {
        echo "$5 events were synced, $all can be read, $before of them before a loss: $(grep -m1 '"loss":' "$mount.json")"
        exit 1
}
