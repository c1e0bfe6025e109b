#!/bin/bash
# Writes an example of a manual page to standard output as it would be typed from it.
#
# usage: example.sh PAGE NAME

set -euo pipefail

text=$(sed -n "/^\\.\\\\\" example $2\$/,/^\\.\\\\\" end\$/p" "$1" | sed -e '/^\.\(\\"\|EX\|EE\)/d' \
        -e 's/^\\&//; s/\\-/-/g; s/\\(aq/'\''/g; s/\\(ga/`/g; s/\\(ha/^/g; s/\\(ti/~/g; s/\\e/\\/g')
[ -n "$text" ] || {
        echo "example.sh: there is no example $2 in $1" >&2
        exit 1
}
printf '%s\n' "$text"
