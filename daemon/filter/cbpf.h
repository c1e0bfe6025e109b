/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static analysis of a classic BPF program: whether it is valid, how far into a packet it can
 * read, and which facts hold on every path to each instruction. Classic BPF jumps forward only, so
 * one pass in order is enough. The result is plain data owned by the caller. Stateless, any thread.
 */
#ifndef NFTTRACED_DAEMON_FILTER_CBPF_H
#define NFTTRACED_DAEMON_FILTER_CBPF_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define CLASSIC_HEADER_MAX 60 /* bytes; the most that BPF_MSH gives: four times a nibble */

/* The numbers of a program's registers: M[0] to M[15], then A and X. */
enum classic_register {
	CLASSIC_A = BPF_MEMWORDS,
	CLASSIC_X,
	CLASSIC_REGISTERS,
};

/* The facts that hold before an instruction on every path to it. */
struct classic_state {
	bool reachable;
	uint32_t assigned; /* bit n: register n was written */
	uint32_t captured; /* the packet has at least this many bytes */
	uint32_t ahead; /* at least this many follow from byte X on; 0: not known */
	bool x_is_header; /* X is a header's length, from BPF_MSH: the verifier knows its bound */
	uint32_t bounds[CLASSIC_REGISTERS]; /* the largest value of each register */
	uint32_t live; /* bit n: register n may be read later, before it is written */
};

struct classic_facts {
	struct classic_state *states; /* one for each instruction */
	uint32_t unassigned; /* bit n: register n may be read before it is written */
	/* Bytes of a packet that the program may read; beyond FRAME_VIEW_MAX it rejects. */
	uint32_t view;
};

/*
 * Fills in *ret (classic_facts_clear it). -EINVAL, and *ret_reason is a sentence: an instruction
 * that is unknown or reads metadata (SKF_AD_*), a jump out of the program or backwards, or an end
 * that is not a return.
 */
int classic_analyse(const struct sock_fprog *program, struct classic_facts *ret, char **ret_reason);

/* Accepts zeroed facts. */
void classic_facts_clear(struct classic_facts *facts);

/* Bytes that a load reads from the packet: 1, 2 or 4; 0 for any other instruction. */
unsigned int classic_load_size(const struct sock_filter *insn);

/* True if a load from the packet is beyond every view for any X: it always rejects. */
bool classic_load_beyond(const struct sock_filter *insn);

/* Facts that are cleared when they go out of scope; initialise with { 0 }. */
#define auto_classic_facts __attribute__((cleanup(classic_facts_clear))) struct classic_facts

#endif
