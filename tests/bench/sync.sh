#!/bin/bash
# What syncing costs an event: starts a guest whose clock counts instructions and prints what the
# threads of the daemon that write and sync journals take for one, on ext4: synced every second,
# every 5 s (the default), and as good as never.
#
# usage: sync.sh [KERNEL]

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)

exec bash "$root/tests/lab/run.sh" --kernel "${1:-6.12}" --icount --timeout 3000 --env NFTTRACED_BUILD="${NFTTRACED_BUILD:-$root/build}" -- \
        bash "$here/sync-guest.sh"
