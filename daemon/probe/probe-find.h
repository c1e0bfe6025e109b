/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a probe's programs get from its arguments to the packet, read off the kernel's type information
 * (BTF). A pure function of what it is given.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_FIND_H
#define NFTTRACED_DAEMON_PROBE_PROBE_FIND_H

#include <bpf/btf.h>

#include "bpf/shared/abi.h"
#include "daemon/probe/probe-spec.h"

/*
 * Looks for the probe's function or tracepoint in `btf` (of a module: split from vmlinux's). -ENOENT:
 * it is not in there, nothing is set. -EINVAL: it is, but no way leads to an skb, and *ret_reason is
 * a sentence.
 */
int probe_find(const struct btf *btf, const struct probe_spec *spec, struct probe_config *ret,
	char **ret_reason);

/* The name that is most like the probe's among those that could be probed; NULL: none is close. For
 * g_free. */
char *probe_suggest(const struct btf *btf, const struct probe_spec *spec);

#endif
