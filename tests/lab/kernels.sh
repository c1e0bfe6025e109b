#!/bin/bash
# Fetches Debian kernels for the lab: downloads and unpacks their packages into the cache, installs
# nothing.
#
# usage: kernels.sh [--force] 6.1|6.12|newest...
#
# 6.1 is bookworm's kernel, 6.12 that of bookworm-backports or else of trixie, newest that of sid
# or, where that can't be had, of testing.
# What a kernel leaves in the cache, under its name as given here:
#   vmlinuz    the kernel image
#   modules    its module directory, as /lib/modules/RELEASE is, but for those that no guest needs
#   pruned     which those are
#   release    RELEASE, one line; written last, so it exists only when the rest is whole
# apt's lists and packages are kept in the cache as well: the machine's own apt state stays as it
# is.

set -euo pipefail

cache=${NFTTRACED_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/nfttraced-lab}
tries=3
# Modules that no guest of the lab can have a use for are most of the bulk. A kernel in the cache of
# which others were left out is fetched again.
pruned="drivers/gpu drivers/media drivers/infiniband drivers/scsi drivers/iio drivers/staging drivers/usb drivers/hwmon \
drivers/mfd drivers/mtd drivers/nvme drivers/input drivers/power drivers/net/wireless drivers/net/ethernet drivers/net/can \
drivers/net/usb sound"

die() {
        echo "kernels.sh: $*" >&2
        exit 1
}

# Prints "URI SIGNED-BY" of every source of the machine that offers SUITE in component main;
# SIGNED-BY is "-" where a source names no keyring.
sources_with_suite() {
        local suite=$1 file

        for file in /etc/apt/sources.list.d/*.sources; do
                [ -r "$file" ] || continue
                awk -v suite="$suite" '
                        function flush_stanza(  i, n, list, uri_list, m, j) {
                                n = split(suites, list, " ")
                                for (i = 1; i <= n; i++)
                                        if (list[i] == suite && (" " components " ") ~ / main / && enabled != "no") {
                                                m = split(uris, uri_list, " ")
                                                for (j = 1; j <= m; j++)
                                                        print uri_list[j], (key == "" ? "-" : key)
                                        }
                                uris = suites = components = key = enabled = ""
                        }
                        /^#/ { next }
                        /^[ \t]*$/ { flush_stanza(); next }
                        { value = $0; sub(/^[^:]*:[ \t]*/, "", value) }
                        tolower($1) == "uris:" { uris = value }
                        tolower($1) == "suites:" { suites = value }
                        tolower($1) == "components:" { components = value }
                        tolower($1) == "signed-by:" { key = value }
                        tolower($1) == "enabled:" { enabled = value }
                        END { flush_stanza() }
                ' "$file"
        done

        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
                [ -r "$file" ] || continue
                awk -v suite="$suite" '
                        $1 == "deb" {
                                key = "-"
                                i = 2
                                if ($i ~ /^\[/) {
                                        options = ""
                                        while (i <= NF) {
                                                options = options " " $i
                                                if ($(i++) ~ /\]$/)
                                                        break
                                        }
                                        if (match(options, /signed-by=[^] ]+/))
                                                key = substr(options, RSTART + 10, RLENGTH - 10)
                                }
                                uri = $i
                                if ($(i + 1) == suite)
                                        for (j = i + 2; j <= NF; j++)
                                                if ($j == "main")
                                                        print uri, key
                        }
                ' "$file"
        done
}

# Runs a command that uses the network, again after a failure.
with_retries() {
        local try

        for ((try = 1; try <= tries; try++)); do
                "$@" && return 0
                echo "kernels.sh: attempt $try of $tries failed: $*" >&2
                sleep "$try"
        done
        return 1
}

# Runs an apt tool against one suite with lists and configuration of its own.
apt_private() {
        local suite=$1 tool=$2
        shift 2

        "$tool" \
                -o Dir::Etc::sourcelist="$cache/apt/$suite/sources.list" \
                -o Dir::Etc::sourceparts=/dev/null \
                -o Dir::Etc::preferences=/dev/null \
                -o Dir::Etc::preferencesparts=/dev/null \
                -o Dir::State="$cache/apt/$suite" \
                -o Dir::State::lists="$cache/apt/$suite/lists" \
                -o Dir::State::status="$cache/apt/$suite/status" \
                -o Dir::Cache="$cache/apt/$suite/cache" \
                -o Acquire::Languages=none \
                -o APT::Architecture=amd64 \
                -o APT::Architectures::=amd64 \
                -o APT::Sandbox::User=root \
                -o APT::Install-Recommends=false \
                "$@"
}

# Makes apt's private state for SUITE and fetches its package lists; fails when the archive has no
# such suite.
suite_prepare() {
        local suite=$1 codename uri key
        local dir="$cache/apt/$suite"

        # shellcheck disable=SC1091
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        [ -n "$codename" ] || die "/etc/os-release names no VERSION_CODENAME: this needs a Debian machine"
        read -r uri key < <(sources_with_suite "$codename") ||
                die "no apt source of this machine offers the suite $codename with component main"

        mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
        : >"$dir/status"
        if [ "$key" = - ]; then
                echo "deb $uri $suite main"
        else
                echo "deb [signed-by=$key] $uri $suite main"
        fi >"$dir/sources.list"

        with_retries apt_private "$suite" apt-get -q -o APT::Update::Error-Mode=any update >&2
}

# Prints the packages of a kernel: what PACKAGE depends on, as far as it is a versioned kernel
# package.
kernel_packages() {
        local suite=$1 package=$2 seen=${3:-} dependency

        apt_private "$suite" apt-cache --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
                --no-enhances depends "$package" |
                awk '$1 ~ /^\|?(Pre)?Depends:$/ { print $2 }' |
                grep -E '^linux-(image|base|binary|modules)-[0-9]' | grep -v -e '-unsigned$' |
                while read -r dependency; do
                        case " $seen " in *" $dependency "*) continue ;; esac
                        echo "$dependency"
                        kernel_packages "$suite" "$dependency" "$seen $dependency"
                done || true
}

# Prints the version, such as 6.12, of the kernel that SUITE's metapackage leads to.
suite_kernel_version() {
        kernel_packages "$1" linux-image-amd64 | sed -nE 's/^linux-[a-z]+-([0-9]+\.[0-9]+).*/\1/p' | head -n 1
}

# Moves the first of the files named that exists to DESTINATION.
take_first() {
        local destination=$1 file
        shift

        for file in "$@"; do
                if [ -f "$file" ]; then
                        mv "$file" "$destination"
                        return
                fi
        done
        return 1
}

# Downloads the packages of SUITE's kernel and unpacks image and modules as the kernel NAME.
kernel_unpack() {
        local suite=$1 name=$2 release directory modules package deb
        local dir="$cache/$name" work packages

        packages=$(kernel_packages "$suite" linux-image-amd64 | sort -u)
        [ -n "$packages" ] || die "linux-image-amd64 of $suite leads to no kernel package"

        work=$(mktemp -d "$cache/.unpack.XXXXXX")
        # shellcheck disable=SC2064
        trap "rm -rf '$work'" EXIT
        mkdir "$work/debs" "$work/root"
        for package in $packages; do
                (cd "$work/debs" && with_retries apt_private "$suite" apt-get -q download "$package" >&2) ||
                        die "can't download $package"
        done
        for deb in "$work"/debs/*.deb; do
                dpkg -x "$deb" "$work/root" || die "can't unpack ${deb##*/}"
        done

        # Where the packages put things: /lib/modules or /usr/lib/modules, image and configuration
        # there or in /boot.
        mkdir -p "$work/base/lib/modules" "$work/kernel"
        release=
        for directory in "$work"/root{,/usr}/lib/modules/*/; do
                [ -d "$directory" ] || continue
                release=$(basename "$directory")
                cp -al "$directory" "$work/base/lib/modules/"
        done
        [ -d "$work/base/lib/modules/${release:-none}/kernel" ] ||
                die "the packages ($packages) hold no modules"
        modules="$work/base/lib/modules/$release"
        take_first "$work/kernel/vmlinuz" "$work/root/boot/vmlinuz-$release" "$modules/vmlinuz" ||
                die "the packages ($packages) hold no kernel image"
        take_first "$work/kernel/config" "$work/root/boot/config-$release" "$modules/config" ||
                echo "kernels.sh: $release comes without its configuration" >&2

        for directory in $pruned; do
                rm -rf "${modules:?}/kernel/$directory"
        done
        depmod -b "$work/base" "$release" || die "depmod failed for $release"
        mv "$modules" "$work/kernel/modules"
        tr '\n' ' ' <<<"$packages" >"$work/kernel/packages"
        echo "$pruned" >"$work/kernel/pruned"
        echo "$release" >"$work/kernel/release"

        rm -rf "$dir"
        mv "$work/kernel" "$dir"
        rm -rf "$work"
        trap - EXIT
        echo "kernels.sh: $name is $release, from $suite" >&2
}

# Makes sure that the kernel NAME is in the cache.
kernel_get() {
        local name=$1 force=$2 suites suite

        case $name in
        6.1) suites=bookworm ;;
        6.12) suites="bookworm-backports trixie" ;;
        newest) suites="sid testing" ;;
        *) die "unknown kernel \"$name\": use 6.1, 6.12 or newest" ;;
        esac

        if [ -z "$force" ] && [ -s "$cache/$name/release" ] && [ "$(cat "$cache/$name/pruned" 2>/dev/null)" = "$pruned" ]; then
                echo "kernels.sh: $name is $(cat "$cache/$name/release"), in the cache" >&2
                return
        fi

        for suite in $suites; do
                suite_prepare "$suite" || continue
                if [ "$name" != newest ] && [ "$(suite_kernel_version "$suite")" != "$name" ]; then
                        echo "kernels.sh: the kernel of $suite is not a $name" >&2
                        continue
                fi
                kernel_unpack "$suite" "$name"
                return
        done
        die "can't fetch the kernel $name: none of its suites ($suites) could be read, or none of them has it"
}

force=
if [ "${1:-}" = --force ]; then
        force=yes
        shift
fi
[ $# -gt 0 ] || die "usage: kernels.sh [--force] 6.1|6.12|newest..."
for tool in apt-get apt-cache dpkg depmod; do
        command -v "$tool" >/dev/null || die "$tool is missing"
done

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
for name in "$@"; do
        kernel_get "$name" "$force"
done
