#!/bin/bash
# At a terminal, what removes journals asks first: only a yes removes anything.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bus_start
daemon_start

# at_terminal ANSWER COMMAND...: what the terminal showed is in $shown, the command's status in
# $status.
at_terminal() {
        shown=$(python3 "$source_root/tests/cli/questions.py" "$@")
        status=$?
}

kept() {
        [ "$(nfttracectl list --all --names | grep -c '^keep$')" = 2 ]
}

for _ in 1 2; do
        id=$(nfttracectl start --name keep)
        nfttracectl stop "$id" >"$work/totals"
done

# asks COMMAND...: with each answer that is no yes nothing goes.
asks() {
        local answer
        for answer in n no "" maybe yesterday "y y" eof; do
                at_terminal "$answer" "$@"
                check "$1 $2: \"$answer\" is not yes" equal "$status" 1
                check "$1 $2: and it is said on a line of its own" has "
$shown" "
nfttracectl: nothing was removed"
        done
        at_terminal interrupt "$@"
        check "$1 $2: Ctrl-C ends it" equal "$status" 130
        check "$1 $2: nothing went" kept
}

asks nfttracectl remove keep
check "remove names what would go" has "$shown" "Remove the journals of keep? [y/N] "
asks nfttracectl vacuum --all
check "vacuum lists what would go" has "$shown" "would remove 2 journals: would free 8.0 KiB"
check "and then asks" has "$shown" "Remove them? [y/N] "

at_terminal y nfttracectl remove "$id"
check "y is yes" equal "$status" 0
check "and the removal is reported" has "$shown" "removed the journal of session $id: freed 4.0 KiB"
at_terminal YES nfttracectl vacuum --all
check "YES is, too" equal "$status" 0
check "and the removal is reported, too" has "$shown" "removed 1 journal: freed 4.0 KiB"
check "nothing is left" equal "$(nfttracectl list --all --names)" ""

at_terminal n nfttracectl vacuum --all
check "nothing to remove, nothing to ask" equal "$status $shown" "0 would remove 0 journals: would free 0 B"
id=$(nfttracectl start)
nfttracectl stop "$id" >"$work/totals"
at_terminal n nfttracectl vacuum --all --dry-run
check "a dry run does not ask" equal "$status" 0
at_terminal n nfttracectl vacuum --all --yes
check "nor does --yes" has "$shown" "removed 1 journal: freed 4.0 KiB"
id=$(nfttracectl start)
nfttracectl stop "$id" >"$work/totals"
at_terminal n nfttracectl remove --yes "$id"
check "nor does remove --yes" has "$shown" "removed the journal of session $id: freed 4.0 KiB"
id=$(nfttracectl start)
nfttracectl stop "$id" >"$work/totals"
check "without a terminal no question is asked" has "$(nfttracectl vacuum --all </dev/null)" "removed 1 journal: freed 4.0 KiB"
