# What all tests written for the shell share: checks that print a line each and go on, and what they check with.
# Sourced by those who have a directory of their own, named by $work.
# shellcheck shell=bash

checks=0
failed=0

# check SENTENCE COMMAND...: one line of result.
check() {
        local sentence=$1
        shift
        checks=$((checks + 1))
        if "$@" >"$work/check.out" 2>&1; then
                echo "ok - $sentence"
        else
                echo "not ok - $sentence"
                sed 's/^/#   /' "$work/check.out" | head -n 40
                failed=$((failed + 1))
        fi
}

# checks_sum: as Check says it, for who counts.
checks_sum() {
        echo "$((checks ? (checks - failed) * 100 / checks : 0))%: Checks: $checks, Failures: $failed, Errors: 0"
        [ "$failed" = 0 ] && [ "$checks" != 0 ]
}

# await SECONDS COMMAND...: until it succeeds.
await() {
        local end=$((SECONDS + $1))
        shift
        until "$@" >"$work/await.out" 2>&1; do
                [ $SECONDS -lt $end ] || {
                        echo "this did not come true: $*"
                        cat "$work/await.out"
                        return 1
                }
                sleep 0.1
        done
}

# equal VALUE EXPECTED
equal() {
        [ "$1" = "$2" ] || {
                printf 'expected: %s\ngot:      %s\n' "$2" "$1"
                return 1
        }
}

# at_least VALUE LEAST
at_least() {
        [ "$1" -ge "$2" ] || {
                echo "$1 is less than $2"
                return 1
        }
}

# has TEXT PART
has() {
        [[ $1 == *"$2"* ]] || {
                printf 'expected in it: %s\ngot: %s\n' "$2" "$1"
                return 1
        }
}

# refused STATUS TEXT COMMAND...: the command exits with STATUS and says TEXT, on one line of standard error.
refused() {
        local status=$1 text=$2 got=0
        shift 2
        "$@" >"$work/refused.out" 2>"$work/refused.err" || got=$?
        cat "$work/refused.out" "$work/refused.err"
        [ "$got" = "$status" ] || {
                echo "exit status $got, not $status"
                return 1
        }
        grep -qF -- "$text" "$work/refused.err" || {
                echo "standard error does not say: $text"
                return 1
        }
}
