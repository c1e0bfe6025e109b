/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks probes up in the running kernel: in the type information of vmlinux and of modules, and in
 * the symbols. Stateless; any thread.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_BTF_H
#define NFTTRACED_DAEMON_PROBE_PROBE_BTF_H

#include "bpf/shared/abi.h"
#include "daemon/probe/probe-spec.h"

/*
 * Fills in a struct probe_config for each of `specs` (struct probe_spec) except __nft_trace_packet.
 * -EINVAL: one of them can't be probed, -ENODATA: the kernel has no type information; *ret_reason
 * is a sentence (g_free it). Takes tens of milliseconds, and more for functions of modules.
 */
int probes_look_up(const GArray *specs, struct probe_config *ret, char **ret_reason);

#endif
