#!/bin/bash
# A small service is better than a dead one: with 48 MB of memory nfttraced chooses smaller sizes,
# says which, and records under load; what the kernel charges to its control group stays below the
# bound that it reports.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

groups=/sys/fs/cgroup
group=$groups/small
limit=$((48 << 20))
echo +memory >$groups/cgroup.subtree_control
mkdir $group
echo $limit >$group/memory.max
bus_start
network
{
        echo 'table inet filter {'
        echo '        chain input {'
        echo '                type filter hook input priority 0; policy accept;'
        echo '                udp dport 5001 counter drop'
        echo '        }'
        echo '        chain many {'
        seq 10000 11999 | sed -E "s/.*/tcp dport & ip saddr 10.0.0.0\/8 counter comment \"$(printf 'of many, %0110d' 0)&\"/"
        echo '        }'
        echo '}'
} | ruleset server

# In the group are the daemon and its helpers, and a shell only while it begins them.
limited_start() {
        echo $$ >$group/cgroup.procs
        daemon_start
        echo $$ >$groups/cgroup.procs
}

# memory NAME: a number of the manager's property.
memory() {
        busctl --json=short get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager Memory | sed -nE "s/.*\"$1\":([0-9]+).*/\1/p"
}

in_group() {
        sed -nE "s/^$1 ([0-9]+)$/\1/p" "$group/memory.events"
}

daemon_config DropCounters=yes
limited_start
first=$daemon_pid
check "the log names the sizes that were chosen, the limit and the remedy" grep -q 'its limit is 48.0 MiB: it uses RingSize=.*RuleTextsSize=.*raise MemoryMax=' "$daemon_log"
check "the bound is within the limit" at_least $limit "$(memory bound)"
check "the limit is reported" equal "$(memory limit)" $limit
nfttracectl status >"$work/status"
check "status has the bound, what is in use, and the limit" grep -qE '^  memory +at most [0-9.]+ MiB, [0-9.]+ MiB in use, limit 48.0 MiB$' "$work/status"
nfttracectl status --config >"$work/config"
check "the configuration has the origin" grep -qE '^RingSize +[0-9]+[MK] +memory limit$' "$work/config"

session_start --verdicts drop --filter "udp port 5001" --rate 0 --size 2M
check "a load is sent" on client traffic udp 10.0.42.2 5001 40000
session_stop
status=$?
check "all of it is journaled, or some of it is counted as lost" test $status = 0 -o $status = 3
check "each packet of the load is known" equal "$events" 40000
room=$(memory texts)
check "the texts of rules keep within their room" at_least "$room" "$(counter texts-bytes)"
most=$(sed -nE 's/^MaxSessions +([0-9]+) .*/\1/p' "$work/config")
for number in $(seq "$most"); do
        session_start --verdicts drop --filter "udp port $number"
done
nfttracectl start --verdicts drop >"$work/refused" 2>&1
check "more sessions than there is room for are refused" equal $? 1
check "the used memory is within the bound" at_least "$(memory bound)" "$(memory used)"
check "the daemon is the one that was started" test -d "/proc/$first"
check "the kernel has ended nobody" equal "$(in_group oom_kill)" 0
echo "# of $((limit >> 10)) KiB: peak $(($(<$group/memory.peak) >> 10)) KiB, in use $(($(memory used) >> 10)) KiB, bound $(($(memory bound) >> 10)) KiB"
echo "# $(grep -o 'it uses.*;' "$daemon_log")"
check "the daemon ends" daemon_stop

# What somebody has set is not changed.
daemon_config RingSize=4M
limited_start
nfttracectl status --config >"$work/config"
check "a size that is set in a file is left as it is" grep -qE '^RingSize +4M +.*daemon.conf' "$work/config"
check "the daemon ends again" daemon_stop
