/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that is attached to a tracepoint, generated for each. It stores the probe's number
 * and the packet in the CPU's struct tracepoint_calls, one level deeper for each tracepoint that
 * interrupted another one, and calls the stages in a function of its own, so that they return and
 * it can restore the depth. (Kprobes all share one program, because their cookie has the number.)
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_TRACEPOINT_STUB_H
#define NFTTRACED_DAEMON_PIPELINE_TRACEPOINT_STUB_H

#include <stdint.h>

#include "bpf/shared/abi.h"

struct probe_stub {
	struct probe_config config;
	uint32_t number; /* of the probe */
	uint32_t cpus; /* possible ones */
	int stats_fd; /* array of struct cpu_stats */
	int stages_fd; /* program array */
};

/* A program of type RAW_TRACEPOINT: its descriptor, or a negative errno. */
int probe_stub_load(const struct probe_stub *stub);

#endif
