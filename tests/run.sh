#!/bin/bash
# Installs what is needed, builds, and runs every test: unit tests, the same under sanitizers, and
# the scenarios on real kernels in guests: all of them on 6.1 and 6.12, the main job on the newest
# kernel that Debian has. Ends with a line "N passed, N failed", and status 0 if nothing failed.
#
# usage: run.sh [KERNEL...]     all scenarios on these kernels of the lab: 6.1, 6.12, newest

set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD
out=$root/build
kernels=("$@")
smoke=
[ ${#kernels[@]} = 0 ] && kernels=(6.1 6.12) && smoke=newest
passed=0
failed=0

# step SENTENCE COMMAND...: counts as one test.
step() {
        local sentence=$1 begin log=$out.log-$BASHPID status=0
        shift
        begin=$(date +%s)
        "$@" >"$log" 2>&1 || status=1
        if [ $status = 0 ]; then
                echo "ok - $sentence ($(($(date +%s) - begin)) s)"
                passed=$((passed + 1))
        else
                echo "not ok - $sentence ($(($(date +%s) - begin)) s)"
                tail -n 60 "$log" | sed 's/^/#   /'
                failed=$((failed + 1))
        fi
        rm -f "$log"
        return $status
}

finish() {
        rm -f "$out.log"
        echo "$passed passed, $failed failed"
        [ "$failed" = 0 ]
        exit
}

configure() {
        if [ -f "$1/build.ninja" ]; then
                meson setup --reconfigure "$@"
        else
                meson setup "$@"
        fi
}

# unit SENTENCE DIRECTORY: Check's programs, each test function of which counts.
unit() {
        local lines good bad
        CK_DEFAULT_TIMEOUT=60 meson test -C "$2" --print-errorlogs --timeout-multiplier 4 >"$out.log" 2>&1
        local status=$?
        lines=$(grep -hoE '[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+' "$2"/meson-logs/testlog.txt)
        good=$(echo "$lines" | sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)/\1 \2 \3/' | awk '{ n += $1 - $2 - $3 } END { print n + 0 }')
        bad=$(echo "$lines" | sed -E 's/.*Failures: ([0-9]+), Errors: ([0-9]+)/\1 \2/' | awk '{ n += $1 + $2 } END { print n + 0 }')
        [ "$status" != 0 ] && [ "$bad" = 0 ] && bad=1
        [ "$good" = 0 ] && bad=$((bad + 1))
        if [ "$bad" != 0 ]; then
                echo "not ok - $1"
                tail -n 80 "$out.log" | sed 's/^/#   /'
        else
                echo "ok - $1 ($good)"
        fi
        passed=$((passed + good))
        failed=$((failed + bad))
}

# guest KERNEL: the scenarios in a guest with one CPU, which is emulated in half the time of two:
# those wait for each other at every change of the kernel's code. Those of the event path again with
# a kprobe, which "auto" takes only where fentry is not available; at the end those that change the
# kernel for good. Then those in which CPUs meet, in a guest with two, and those with systemd.
# Leaves its output in $out.guest-KERNEL.
guest() {
        local lab=(bash tests/lab/run.sh --kernel "$1" --timeout 3600 --env NFTTRACED_BUILD="$out") status=0
        {
                "${lab[@]}" --smp 1 -- bash tests/vm/all.sh tests/vm/scenarios/*.sh tests/bus/*.sh \
                        verdicts@kprobe tracking@kprobe chains@kprobe tests/vm/last/*.sh || status=$?
                "${lab[@]}" -- bash tests/vm/all.sh tests/vm/two-cpus/*.sh || status=$?
                bash tests/vm/systemd.sh "$1" "$out" || status=$?
                echo "status $status"
        } >"$out.guest-$1" 2>&1
}

# guest_smoke KERNEL: the main job alone, in a guest with one CPU.
guest_smoke() {
        local status=0
        {
                bash tests/lab/run.sh --kernel "$1" --timeout 600 --smp 1 --env NFTTRACED_BUILD="$out" -- \
                        bash tests/vm/all.sh tests/vm/newest/*.sh || status=$?
                echo "status $status"
        } >"$out.guest-$1" 2>&1
}

# aside: in the time that the guests leave over, for they wait for timers and the disk a quarter of
# theirs. First the build that is tested when the guests have ended. Leaves its output in
# $out.guest-aside.
aside() {
        local status=0
        {
                step "it builds with sanitizers" bash -c "$(declare -f configure); configure '$out-sanitized' --werror -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false && meson compile -C '$out-sanitized'" || status=1
                # A file at a time: the analyzer of clang-tidy 14 forgets what va_start is from its
                # second file on.
                step "clang-tidy is silent" bash -c 'git ls-files "daemon/*.c" "journal/*.c" "client/*.c" | xargs -P2 -n1 clang-tidy --quiet -p "$0"' "$out" || status=1
                echo "status $status"
        } >"$out.guest-aside" 2>&1
}

# guest_result KERNEL: prints and counts what it did; "aside" is one of them.
guest_result() {
        local good bad
        cat "$out.guest-$1"
        good=$(grep -c '^ok - ' "$out.guest-$1")
        bad=$(grep -c '^not ok - ' "$out.guest-$1")
        if [ "$(tail -n 1 "$out.guest-$1")" != "status 0" ] && [ "$bad" = 0 ]; then
                echo "not ok - the guest with kernel $1 ended badly"
                bad=1
        fi
        rm -f "$out.guest-$1"
        passed=$((passed + good))
        failed=$((failed + bad))
}

step "what is needed is installed" bash tests/prepare.sh test || finish
step "it builds without a warning" bash -c "$(declare -f configure); configure '$out' --werror && meson compile -C '$out'" || finish
step "the code is formatted" bash -c 'git ls-files "*.c" "*.h" | xargs clang-format --dry-run -Werror'
unit "unit tests" "$out"
ready=()
for kernel in "${kernels[@]}"; do
        step "the kernel $kernel is there" bash tests/lab/kernels.sh "$kernel" && ready+=("$kernel")
done
if [ -n "$smoke" ] && ! step "the newest kernel is there" bash tests/lab/kernels.sh "$smoke"; then
        smoke=
fi
# As many guests at once as there are kernels. The first that ends makes room for the newest kernel.
guests=()
for kernel in "${ready[@]}"; do
        guest "$kernel" &
        guests+=($!)
done
(
        renice -n 19 "$BASHPID" >/dev/null
        aside
) &
aside=$!
[ ${#guests[@]} = 0 ] || wait -n "${guests[@]}"
if [ -n "$smoke" ]; then
        guest_smoke "$smoke" &
        guests+=($!)
        ready+=("$smoke")
fi
# Of those that wait -n has seen, bash may know nothing more.
[ ${#guests[@]} = 0 ] || wait "${guests[@]}" 2>/dev/null
for kernel in ${ready[@]+"${ready[@]}"}; do
        guest_result "$kernel"
done
# clang-tidy may still run, with what these tests leave over.
while kill -0 $aside 2>/dev/null && ! grep -q "it builds with sanitizers" "$out.guest-aside"; do
        sleep 1
done
if [ -x "$out-sanitized/daemon/nfttraced" ]; then
        unit "unit tests under sanitizers" "$out-sanitized"
fi
wait
guest_result aside
finish
