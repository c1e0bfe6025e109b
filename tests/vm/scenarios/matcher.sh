#!/bin/bash
# What the generated matcher says, against libpcap's own interpreter, before this kernel's verifier
# and JIT; and that the largest set of sessions which the budget admits is one that this kernel
# loads.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

export CK_DEFAULT_TIMEOUT=600
for subject in matcher matcher_expressions matcher_budget; do
        check_suite unit/test_$subject
done
# Random programs in user space need no other kernel.
CK_RUN_CASE=kernel check_suite unit/test_matcher_fuzz
