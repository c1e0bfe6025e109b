/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks probes up in the running kernel: the type information of vmlinux and of modules, and the
 * symbols.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_BTF_H
#define NFTTRACED_DAEMON_PROBE_PROBE_BTF_H

#include "bpf/shared/abi.h"
#include "daemon/probe/probe-spec.h"

/*
 * Fills in a struct probe_config for each of `specs` (struct probe_spec) but __nft_trace_packet, which
 * needs none. -EINVAL: one of them can't be probed, -ENODATA: the kernel has no type information;
 * *ret_reason is a sentence (g_free it).
 * Takes tens of milliseconds, and more for what is in a module.
 */
int probes_look_up(const GArray *specs, struct probe_config *ret, char **ret_reason);

#endif
