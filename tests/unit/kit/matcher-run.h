/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a matcher in the kernel with BPF_PROG_TEST_RUN, for tests: a frame in mapped memory in place
 * of CAPTURE's, a real program array, and in EMIT's slot a program that counts its calls.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_MATCHER_RUN_H
#define NFTTRACED_TESTS_UNIT_KIT_MATCHER_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/matcher.h"

struct matcher_run {
	struct matcher_target target;
	struct frame *frame; /* mapped: the frame that the program reads */
	uint64_t *emits; /* mapped: calls that came to EMIT's slot */
	size_t frame_mapping; /* bytes */
	int emits_fd;
	int program_fd; /* the first part; -1: none is loaded */
};

/* `type` is BPF_PROG_TYPE_RAW_TRACEPOINT or BPF_PROG_TYPE_SCHED_CLS. Fails the test if it can't. */
void matcher_run_init(struct matcher_run *run, enum bpf_prog_type type);
void matcher_run_clear(struct matcher_run *run);

/* Loads the matcher in place of the one before; as matcher_load(). */
int matcher_run_load(struct matcher_run *run, const struct matcher *matcher, unsigned int bank,
	char **ret_reason);

/* Runs the program once and returns its result; the frame has the rest. */
uint32_t matcher_run_once(struct matcher_run *run);

/* Puts a packet into the frame with a drop verdict from the nft probe. */
void matcher_run_packet(struct matcher_run *run, uint32_t link, const uint8_t *bytes,
	uint32_t captured, uint32_t length);

#endif
