#!/bin/bash
# What the pipeline costs a packet, in instructions: starts a guest whose clock counts them and
# compares, in one boot and side by side, a UDP packet that a rule drops after one jump: untouched,
# with sessions that do not want it, with sessions that record it, and with what else there is for
# the job.
#
# usage: pipeline.sh [KERNEL [PACKETS]]

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)

exec bash "$root/tests/lab/run.sh" --kernel "${1:-6.12}" --icount --timeout 3000 --env NFTTRACED_BUILD="${NFTTRACED_BUILD:-$root/build}" -- \
        bash "$here/pipeline-guest.sh" "${2:-30000}"
