/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's switches with which an administrator silences all probes, although they stay
 * attached. Stateless; any thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PROBE_SWITCHES_H
#define NFTTRACED_DAEMON_PIPELINE_PROBE_SWITCHES_H

#include <stdbool.h>

/*
 * A sentence with the remedy (g_free it) if probes are silenced now; NULL: they are not, or it is
 * unknown. `kprobes`: the probe on __nft_trace_packet is a kprobe. kernel.ftrace_enabled silences
 * programs that are called from a function's first instruction, kprobes there and fentry alike
 * (kernel/trace/ftrace.c, ftrace_enable_sysctl); kprobes/enabled of debugfs silences every kprobe
 * (kernel/kprobes.c, disarm_all_kprobes).
 */
char *probe_switches_find(bool kprobes);

#endif
