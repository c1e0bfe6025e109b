/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs generated eBPF in user space, stricter than a machine would: every access must be inside the
 * frame or the stack, every register and byte of stack written before it is read, every jump inside
 * the program. Supports only the instructions that the matcher is made of.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_EBPF_INTERPRETER_H
#define NFTTRACED_TESTS_UNIT_KIT_EBPF_INTERPRETER_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/shared/abi.h"

/* Where a program ended. */
struct interpreter_end {
	uint64_t result; /* of exit */
	int tail_call; /* slot of the tail call that it ended with; -1: exit */
};

/* Gives `frame` to the program as the result of map_lookup_elem(). 0, or -EFAULT and a sentence
 * about the program's error in *ret_reason (g_free it). */
int interpret(const struct bpf_insn *code, size_t count, struct frame *frame,
	struct interpreter_end *ret, char **ret_reason);

#endif
