/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that is attached to a tracepoint, generated for each: it notes in the CPU's struct
 * tracepoint_calls which probe it is and where the packet is, one deeper for each tracepoint that
 * interrupted another one, and has the stages run in a function of its own, so that they come back and
 * the depth is what it was. (Kprobes all share one program: what they are attached with says it.)
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
