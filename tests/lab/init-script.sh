#!/bin/bash
# The guest's process 1 when there is no systemd: mounts, runs the job, ends the guest.

# shellcheck source-path=SCRIPTDIR source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

guest_mount
guest_run_job
guest_end
