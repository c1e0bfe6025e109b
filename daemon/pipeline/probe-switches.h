/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches of the kernel with which an administrator silences every probe, ours included, while all
 * of them stay attached. Stateless; any thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_PROBE_SWITCHES_H
#define NFTTRACED_DAEMON_PIPELINE_PROBE_SWITCHES_H

#include <stdbool.h>

/*
 * One sentence with the remedy (g_free it) if no probe runs at the moment, NULL if they do or it can't be
 * told. `kprobes`: the probe on __nft_trace_packet is a kprobe. kernel.ftrace_enabled silences what is
 * called from a function's first instruction, kprobes there and fentry alike (kernel/trace/ftrace.c,
 * ftrace_enable_sysctl); kprobes/enabled of debugfs every kprobe (kernel/kprobes.c, disarm_all_kprobes).
 */
char *probe_switches_find(bool kprobes);

#endif
