#!/bin/bash
# Journals of sessions that have ended: listed, shown, exported, removed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bus_start
daemon_start

# journal NAME: a session that has ended; sets $id.
journal() {
        id=$(nfttracectl start --name "$1")
        nfttracectl stop "$id" >"$work/totals"
}

column() {
        nfttracectl list --all | awk -v id="$1" -v n="$2" '$1 == id { print $n }'
}

running=$(nfttracectl start --name web)
journal old
old=$id
journal twice
journal twice
second=$id

check "list has the running session with its size" equal "$(nfttracectl list | awk 'NR == 2 { print $1, $2, $8, $9 }')" "$running web 4.0 KiB"
wide=$(nfttracectl start --name 東京)
check "columns are in line behind a name of wide characters" equal "$(nfttracectl list | awk -v id="$wide" '$1 == id { sub("running.*", ""); print }')" " $wide  東京  "
nfttracectl stop 東京 >"$work/totals"
nfttracectl remove 東京 >"$work/totals"
check "a name that does not print is quoted in the error, escaped once" refused 1 'not "a\x0ab"' nfttracectl start --name $'a\nb'
check "list has no others" equal "$(nfttracectl list | wc -l)" 2
check "list --all has those that have ended" equal "$(column "$old" 3)" ended
check "and their sizes" equal "$(column "$old" 8) $(column "$old" 9)" "4.0 KiB"
check "and the running one" equal "$(column "$running" 3)" running
check "list --names has a line for each id and name" equal "$(nfttracectl list --names | tr '\n' ' ')" "$running web "
check "list --all --names has them all" equal "$(nfttracectl list --all --names | wc -l)" 8

check "a session that has ended is shown by its id, from the daemon" has "$(nfttracectl show "$old")" "session $old \"old\""
check "and by its name, the latest" has "$(nfttracectl show twice)" "session $second \"twice\""
check "a running one, too" has "$(nfttracectl show web)" "session $running \"web\""
check "a session that does not exist is an error with a hint" refused 1 "'nfttracectl list --all'" nfttracectl show 99

# Why a session ended is in its journal, wherever it is read.
nfttracectl start --name bound --follow >"$work/bound" 2>&1 &
caller=$!
check "a session is bound to its caller" await 20 grep -q "(bound)" "$work/daemon.log"
kill -9 "$caller"
wait "$caller" 2>"$work/killed"
check "it ends when that is killed" await 20 bash -c '! nfttracectl list | grep -q bound'
bound=$(nfttracectl list --all | awk '$2 == "bound" { print $1 }')
check "list --all says why" equal "$(column "$bound" 3)" ended:caller-left
check "show says why" has "$(nfttracectl show "$bound")" "pending 0; its caller left"
check "JSON says why" has "$(nfttracectl show "$bound" --json)" '"reason":"caller-left"'
check "the log says why" grep -q "session $bound ended (its caller left): matched" "$work/daemon.log"
nfttracectl remove "$bound" >"$work/gone"
short=$(nfttracectl start --duration 1s)
check "a session ends after its duration" await 20 grep -q "session $short ended" "$work/daemon.log"
check "and says so" equal "$(column "$short" 3)" ended:duration
nfttracectl remove "$short" >"$work/gone"

check "an export is what show reads" equal "$(nfttracectl export old | nfttracectl show -)" "$(nfttracectl show old)"
check "of a running session, too" equal "$(nfttracectl export web | nfttracectl show -)" "$(nfttracectl show web)"
nfttracectl export old >"$work/stream"
check "an export of a path is the same" cmp <(nfttracectl export "$work/state/$old") "$work/stream"
check "a journal is not for a terminal" has "$(script -qec "nfttracectl export old" /dev/null </dev/null)" "refusing to write a journal to a terminal"
check "an export needs one session" refused 2 "name one session" nfttracectl export

check "a running session's journal is not removed" refused 1 "session $running is running: stop it" nfttracectl remove web
check "nor one that does not exist" refused 1 "no journal of a session 99: 'nfttracectl list --all'" nfttracectl remove 99
check "nor one by a path" refused 1 "no journal of a session \"../state/$old\"" nfttracectl remove "../state/$old"
check "remove says what it freed" equal "$(nfttracectl remove old)" "removed the journal of session $old: freed 4.0 KiB"
check "and it is gone" test ! -e "$work/state/$old"
check "remove takes several, and fails if one fails" refused 1 "no journal of a session 98" nfttracectl remove 98 twice
check "the others are removed" test ! -e "$work/state/$second"

# What others have put into the state directory is left alone.
mkdir "$work/outside"
touch "$work/outside/0000000001.nftj"
ln -s ../outside "$work/state/70"
mkdir -p "$work/state/71/folder" "$work/state/007"
check "a link is no journal" refused 1 "no journal of a session 70" nfttracectl remove 70
check "and what it leads to stays" test -e "$work/outside/0000000001.nftj"
check "a folder in a journal is not removed" refused 1 "a folder in it" nfttracectl remove 71
check "an id has one name" refused 1 "no journal of a session 7" nfttracectl remove 7
rm -r "$work/state/70" "$work/state/71" "$work/state/007" "$work/outside"
journal hostile
mkfifo "$work/state/$id/0000000002.nftj"
ln -s /etc/passwd "$work/state/$id/0000000003.nftj"
check "links and pipes in a journal are removed themselves" nfttracectl remove "$id"
check "and nothing else" test -s /etc/passwd

for name in one two three; do
        journal $name
        eval "$name=$id"
done
nfttracectl remove twice >"$work/gone"
check "vacuum wants to know what to keep" refused 2 "say what to keep" nfttracectl vacuum
check "a byte is not taken for a gigabyte" refused 2 "a size below 1M needs --force" nfttracectl vacuum --size 1
check "nor is 0 all" refused 2 "a size below 1M needs --force" nfttracectl vacuum --size 0
check "nor 0 sessions" refused 2 "a limit of 0 keeps nothing" nfttracectl vacuum --sessions 0
check "nothing goes then" test -e "$work/state/$one"
check "and numbers" refused 2 "--size takes a size" nfttracectl vacuum --size=big
check "a dry run says what would go" has "$(nfttracectl vacuum --sessions 2 --dry-run)" "would remove 1 journal: would free 4.0 KiB"
# shellcheck disable=SC2154
check "and removes nothing" test -e "$work/state/$one"
check "vacuum keeps the latest sessions" has "$(nfttracectl vacuum --sessions 2)" "removed 1 journal: freed 4.0 KiB"
check "the oldest has gone" test ! -e "$work/state/$one"
check "vacuum by size" has "$(nfttracectl vacuum --size 4K --force)" "removed 1 journal: freed 4.0 KiB"
# shellcheck disable=SC2154
check "leaves what fits" test ! -e "$work/state/$two" -a -e "$work/state/$three"
check "vacuum by age leaves the young" equal "$(nfttracectl vacuum --age 1h)" "removed 0 journals: freed 0 B"
touch -d "2 hours ago" "$work/state/$three/0000000001.nftj"
# The daemon hears of the file's new time by itself.
vacuum_takes_old() {
        nfttracectl vacuum --age 1h | grep -q "removed 1 journal"
}
check "and takes the old" await 20 vacuum_takes_old
check "a running session is never touched" equal "$(nfttracectl vacuum --all)" "removed 0 journals: freed 0 B"
check "and continues" equal "$(nfttracectl list --names | tail -n 1)" web
check "the freed memory is in the log" grep -q "removed the journal of session $old: 4.0 KiB freed" "$work/daemon.log"

# A journal that somebody writes is running, whatever the daemon knows.
journal lock
exec {lock}<>"$work/state/$id/0000000001.nftj"
python3 -c 'import fcntl, struct, sys; fcntl.fcntl(int(sys.argv[1]), 37, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0))' "$lock"
check "a journal that is locked by its writer is not removed" refused 1 "is running" nfttracectl remove lock
exec {lock}>&-
check "when the writer has gone it is" nfttracectl remove lock

last=$(nfttracectl start)
daemon_stop
check "a session that ended with the daemon says so" has "$(nfttracectl show "$work/state/$last")" "pending 0; nfttraced was stopped"
