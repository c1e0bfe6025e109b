/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translates a classic BPF program to eBPF that gives the same answer for the packet in a frame
 * (bpf/shared/abi.h) as libpcap's interpreter. The result is a body without start and end: the
 * matcher puts it among others. Stateless, any thread.
 */
#ifndef NFTTRACED_DAEMON_FILTER_CBPF_TRANSLATE_H
#define NFTTRACED_DAEMON_FILTER_CBPF_TRANSLATE_H

#include <glib.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <stdbool.h>

/* The registers of generated code. No code relies on A to POINTER across a body. */
enum matcher_register {
	MATCHER_A = BPF_REG_0,
	MATCHER_X = BPF_REG_1,
	MATCHER_SCRATCH = BPF_REG_2,
	MATCHER_SCRATCH_TOO = BPF_REG_3,
	MATCHER_POINTER = BPF_REG_4,
	MATCHER_FRAME = BPF_REG_6, /* struct frame */
	MATCHER_SESSIONS_LOW = BPF_REG_7, /* the result, bits 0 to 31 */
	MATCHER_CONTEXT = BPF_REG_8, /* the program's context */
	MATCHER_SESSIONS_HIGH = BPF_REG_9,
};

/* Stack, as bytes below the frame pointer: the key of the frame, before any body runs, and the word
 * through which a body passes values that the verifier must forget. */
#define MATCHER_STACK_KEY    8
#define MATCHER_STACK_FORGET 4

/* Offsets of the 32-bit halves of a 64-bit field of the frame. */
#if G_BYTE_ORDER == G_BIG_ENDIAN
#define MATCHER_LOW_HALF  4
#define MATCHER_HIGH_HALF 0
#else
#define MATCHER_LOW_HALF  0
#define MATCHER_HIGH_HALF 4
#endif

/*
 * Appends the body to `code`, a GArray of struct bpf_insn. It reads MATCHER_FRAME and the frame,
 * writes MATCHER_A to MATCHER_POINTER and its memory words on the stack, and continues at the first
 * instruction after it to accept, at the second to reject. -EINVAL as classic_analyse(), -E2BIG if
 * the body is too long for its own jumps; `code` is unchanged on failure.
 */
int translate_program(const struct sock_fprog *program, GArray *code, char **ret_reason);

/* True if a packet can be accepted, or rejected, by a body that is alone in `body`. */
bool translate_accepts(const GArray *body);
bool translate_rejects(const GArray *body);

/* Conditional jumps on the longest path through `count` instructions that jump forward only. */
unsigned int translate_longest_path(const struct bpf_insn *code, size_t count);

#endif
