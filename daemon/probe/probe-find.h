/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out from the kernel's type information (BTF) how a probe's programs get from its arguments
 * to the packet. Stateless; any thread.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_FIND_H
#define NFTTRACED_DAEMON_PROBE_PROBE_FIND_H

#include <bpf/btf.h>

#include "bpf/shared/abi.h"
#include "daemon/probe/probe-spec.h"

/*
 * Searches `btf` (of a module: split from vmlinux's) for the probe's function or tracepoint.
 * -ENOENT: not found. -EINVAL: found, but no argument leads to an skb, and *ret_reason is a
 * sentence (g_free it).
 */
int probe_find(const struct btf *btf, const struct probe_spec *spec, struct probe_config *ret,
	char **ret_reason);

/* The most similar name that can be probed; NULL: none is similar. For g_free. */
char *probe_suggest(const struct btf *btf, const struct probe_spec *spec);

#endif
