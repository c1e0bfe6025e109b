#!/bin/bash
# What the service itself costs: starts a guest whose clock counts instructions and prints how long
# the daemon takes until it is ready, armed when drops are counted, and until it has ended, and what
# memory it has then and with 64 sessions.
#
# usage: service.sh [KERNEL]

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)

exec bash "$root/tests/lab/run.sh" --kernel "${1:-6.12}" --icount --timeout 3000 --env NFTTRACED_BUILD="${NFTTRACED_BUILD:-$root/build}" -- \
        bash "$here/service-guest.sh"
