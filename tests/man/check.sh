#!/bin/bash
# The manual pages against what they describe: every verb, option, key, member of the bus interface
# and error is in its page, what the pages say exists does, and they render without a warning.
#
# usage: check.sh NFTTRACECTL NFTTRACED SOURCE

set -uo pipefail
shopt -s nullglob

ctl=$(readlink -f "$1") daemon=$(readlink -f "$2")
cd "$3" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tests/kit.sh
export LC_ALL=C.UTF-8

declare -A pages

# The words of a page, with dashes as they are typed.
page() {
        sed -e 's/\\-/-/g; s/\\f[BIR]//g; s/\\(->/->/g' "man/$1"
}

for file in man/*.[1-8]; do
        pages[${file#man/}]=$(page "${file#man/}")
done

# mentions PAGE WORD: as a whole word.
mentions() {
        grep -qE -- "(^|[^A-Za-z0-9_-])$2([^A-Za-z0-9_-]|\$)" <<<"${pages[$1]}"
}

# some LIST...: something was found to be checked at all.
some() {
        [ $# -ge 1 ]
}

# The long options in a help text, with their dashes.
long_options() {
        sed -nE 's/^  (-., |)(--[a-z-]+).*/\2/p' | grep -v '^--help$' | sort -u
}

# documented WHAT PAGE WORD...: each of the words is in the page.
documented() {
        local what=$1 page=$2 word
        shift 2
        check "there is $what" some "$@"
        for word; do
                check "$page has $what $word" mentions "$page" "$word"
        done
}

# one_of WORD LIST...
one_of() {
        local word=$1 other
        shift
        for other; do
                [ "$word" = "$other" ] && return 0
        done
        return 1
}

# Verbs and their options.
mapfile -t verbs < <("$ctl" --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
check "there are verbs" some "${verbs[@]}"
options=(--help --version)
for verb in "${verbs[@]}"; do
        check "nfttracectl.1 has a section for $verb" grep -qxE "\.B $verb" man/nfttracectl.1
        check "the synopsis has $verb" grep -qE "^.fBnfttracectl $verb.fR" man/nfttracectl.1
        mapfile -t own < <("$ctl" "$verb" --help | long_options)
        for option in "${own[@]}"; do
                check "nfttracectl.1 has $option of $verb" mentions nfttracectl.1 "$option"
        done
        options+=("${own[@]}")
done
mapfile -t own < <("$ctl" --help | long_options)
options+=("${own[@]}")
mapfile -t daemon_options < <("$daemon" --help | long_options)
documented "the option" nfttraced.8 "${daemon_options[@]}"
mapfile -t named < <(page nfttracectl.1 | grep -oE -- '(^|[^a-zA-Z0-9-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u)
for option in "${named[@]}"; do
        check "$option of nfttracectl.1 exists" one_of "$option" "${options[@]}" "${daemon_options[@]}"
done
mapfile -t named < <(page nfttraced.8 | grep -oE -- '(^|[^a-zA-Z0-9-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u)
for option in "${named[@]}"; do
        check "$option of nfttraced.8 exists" one_of "$option" "${options[@]}" "${daemon_options[@]}"
done

# The configuration.
mapfile -t keys < <(grep -hoE '^	\{ "[A-Z][A-Za-z]*", [A-Z]+_' daemon/settings/*.c | grep -oE '[A-Z][A-Za-z]+"' | tr -d '"' | sort -u)
documented "the key" nfttraced.conf.5 "${keys[@]}"
for key in "${keys[@]}"; do
        check "the example has the key $key" grep -qE "^#?$key=" systemd/nfttraced.conf
done
mapfile -t named < <(page nfttraced.conf.5 | sed -nE 's/^\.B ([A-Z][A-Za-z]*)=$/\1/p')
for key in "${named[@]}"; do
        check "the key $key of nfttraced.conf.5 exists" one_of "$key" "${keys[@]}"
done
mapfile -t keys < <(grep -hoE '^	\{ "[A-Z][A-Za-z]*", ' client/input/profile.c | grep -oE '[A-Z][A-Za-z]+' | sort -u)
documented "the key of a profile" nfttraced.profile.5 "${keys[@]}"

# The bus.
for kind in method property signal; do
        mapfile -t members < <(sed -nE "s/.*<$kind name=\"([A-Za-z]+)\".*/\1/p" dbus/*.xml | sort -u)
        documented "the $kind" org.nfttraced1.5 "${members[@]}"
done
mapfile -t options < <(grep -hoE '\{ "[A-Z][A-Za-z]*", BUS_OPTION_' daemon/*/*.c | grep -oE '"[A-Za-z]+"' | tr -d '"' | sort -u)
documented "the option" org.nfttraced1.5 "${options[@]}"
mapfile -t errors < <(grep -hoE 'BUS_ERROR_PREFIX "[A-Za-z]+"' daemon/*/*.[ch] | grep -oE '"[A-Za-z]+"' | tr -d '"' | sort -u)
check "there are errors" some "${errors[@]}"
for error in "${errors[@]}"; do
        check "org.nfttraced1.5 has the error $error" grep -qx ".B org.nfttraced1.Error.$error" man/org.nfttraced1.5
done
mapfile -t named < <(sed -nE 's/^\.B org\.nfttraced1\.Error\.([A-Za-z]+)$/\1/p' man/org.nfttraced1.5)
for error in "${named[@]}"; do
        check "the error $error of org.nfttraced1.5 exists" one_of "$error" "${errors[@]}"
done
mapfile -t counters < <(grep -hoE '"[a-z-]+", COUNT_' daemon/bus/manager.c | grep -oE '[a-z-]+"' | tr -d '"')
documented "the counter" org.nfttraced1.5 "${counters[@]}"
mapfile -t features < <(grep -hoE 'add(_[a-z]+)?\(features, "[a-z-]+"' journal/base/feature.c daemon/sessions/features.c | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u)
documented "the feature" org.nfttraced1.5 "${features[@]}"
for file in dbus/*.policy*; do
        mapfile -t actions < <(sed -nE 's/.*<action id="([^"]+)".*/\1/p' "$file")
        documented "the action" org.nfttraced1.5 "${actions[@]}"
done

# The log.
mapfile -t messages < <(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' systemd/*.catalog)
documented "the message" nfttraced.8 "${messages[@]}"
mapfile -t fields < <(grep -hoE '"[A-Z]+_?[A-Z_]*[=%"]' daemon/drops/drop-message.c | grep -oE '[A-Z]+[A-Z_]+' | grep -vxE 'MESSAGE|PRIORITY|SYSLOG_IDENTIFIER' | sort -u)
documented "the field" nfttraced.8 "${fields[@]}"

# The journal.
mapfile -t reasons < <(sed -nE 's/^\t\[LOSS_[A-Z_]+\] = "([a-z-]+)".*/\1/p' journal/*/*.c | sort -u)
documented "the loss" nfttraced.journal.5 "${reasons[@]}"

# The pages themselves.
for file in man/*.[1-8]; do
        check "${file#man/} is installed" grep -q "'${file#man/}'" man/meson.build
        check "${file#man/} renders without a warning" bash -c '! groff -t -man -ww -Tutf8 -z "$0" 2>&1 | grep .' "$file"
        check "${file#man/} can be read with man" bash -c '! man --warnings -E UTF-8 -l "$0" 2>&1 >/dev/null | grep .' "$file"
        for other in $(sed -nE 's/^\.BR ((nfttrace|org\.nfttraced)[a-z0-9.]*) \(([0-9])\).*/\1.\3/p' "$file" | sort -u); do
                check "${file#man/} refers to $other, which exists" test -e "man/$other"
        done
done

checks_sum
