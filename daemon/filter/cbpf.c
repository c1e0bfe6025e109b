/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The static analysis of classic BPF programs; see cbpf.h. */
#include "daemon/filter/cbpf.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bpf/shared/abi.h"

static uint32_t register_bit(unsigned int number)
{
	return UINT32_C(1) << number;
}

unsigned int classic_load_size(const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
		return 4;
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_H | BPF_IND:
		return 2;
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LDX | BPF_B | BPF_MSH:
		return 1;
	}
	return 0;
}

bool classic_load_beyond(const struct sock_filter *insn)
{
	return (uint64_t)insn->k + classic_load_size(insn) > FRAME_VIEW_MAX;
}

static bool load_is_indirect(const struct sock_filter *insn)
{
	return BPF_MODE(insn->code) == BPF_IND;
}

/* Registers that an instruction reads, as bits; UINT32_MAX: there is no such instruction. */
static uint32_t insn_reads(const struct sock_filter *insn)
{
	uint32_t a = register_bit(CLASSIC_A), x = register_bit(CLASSIC_X);

	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_JMP | BPF_JA:
	case BPF_RET | BPF_K:
		return 0;
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_STX:
	case BPF_MISC | BPF_TXA:
		return x;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		return insn->k < BPF_MEMWORDS ? register_bit(insn->k) : UINT32_MAX;
	case BPF_ST:
	case BPF_MISC | BPF_TAX:
	case BPF_RET | BPF_A:
	case BPF_ALU | BPF_NEG:
		return a;
	}
	switch (BPF_CLASS(insn->code) | BPF_OP(insn->code)) {
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JSET:
	case BPF_ALU | BPF_ADD:
	case BPF_ALU | BPF_SUB:
	case BPF_ALU | BPF_MUL:
	case BPF_ALU | BPF_DIV:
	case BPF_ALU | BPF_MOD:
	case BPF_ALU | BPF_AND:
	case BPF_ALU | BPF_OR:
	case BPF_ALU | BPF_XOR:
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
		if (insn->code & ~(BPF_CLASS(UINT16_MAX) | BPF_OP(UINT16_MAX) | BPF_X))
			return UINT32_MAX;
		return BPF_SRC(insn->code) == BPF_X ? a | x : a;
	}
	return UINT32_MAX;
}

/* The register that an instruction writes, as a bit; 0: none. */
static uint32_t insn_writes(const struct sock_filter *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_ALU:
		return register_bit(CLASSIC_A);
	case BPF_LDX:
		return register_bit(CLASSIC_X);
	case BPF_ST:
	case BPF_STX:
		return register_bit(insn->k);
	case BPF_MISC:
		return register_bit(BPF_MISCOP(insn->code) == BPF_TAX ? CLASSIC_X : CLASSIC_A);
	}
	return 0;
}

/* Why an instruction is invalid by itself, to follow "is"; NULL: it is valid. */
static const char *insn_fault(const struct sock_filter *insn)
{
	if (insn_reads(insn) == UINT32_MAX)
		return "an instruction that is not known";
	if (BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX)
		return insn->k < BPF_MEMWORDS ? NULL : "a memory word that does not exist";
	if (classic_load_size(insn) != 0 && !load_is_indirect(insn) &&
		insn->k >= (uint32_t)SKF_LL_OFF)
		return "a test of something that is not in the packet's bytes, such as \"inbound\": a filter sees the packet only";
	if ((insn->code == (BPF_ALU | BPF_DIV | BPF_K) ||
		    insn->code == (BPF_ALU | BPF_MOD | BPF_K)) &&
		insn->k == 0)
		return "a division by zero";
	return NULL;
}

static uint32_t saturate(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* Sets all bits below the highest one that is set. */
static uint32_t fill_bits(uint32_t value)
{
	return value == 0 ? 0 : UINT32_MAX >> __builtin_clz(value);
}

/*
 * The largest result of an arithmetic instruction on an A of at most `a`; any wrap gives no bound.
 */
static uint32_t arithmetic_bound(const struct sock_filter *insn, uint32_t a, uint32_t x)
{
	bool constant = BPF_SRC(insn->code) == BPF_K;
	uint32_t b = constant ? insn->k : x;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		return saturate((uint64_t)a + b);
	case BPF_MUL:
		return saturate((uint64_t)a * b);
	case BPF_AND:
		return MIN(a, b);
	case BPF_OR:
	case BPF_XOR:
		return fill_bits(a | b);
	case BPF_DIV:
		return constant ? a / b : a;
	case BPF_MOD:
		return MIN(a, b);
	case BPF_LSH:
		if (!constant)
			return a == 0 ? 0 : UINT32_MAX;
		return b < 32 ? saturate((uint64_t)a << b) : 0;
	case BPF_RSH:
		if (!constant)
			return a;
		return b < 32 ? a >> b : 0;
	}
	return UINT32_MAX;
}

static void assign(struct classic_state *state, unsigned int number, uint32_t bound)
{
	state->assigned |= register_bit(number);
	state->bounds[number] = bound;
}

static void assign_x(struct classic_state *state, uint32_t bound)
{
	assign(state, CLASSIC_X, bound);
	state->ahead = 0;
	state->x_is_header = false;
}

/* After a load that did not reject, the packet has the bytes that were loaded. */
static void state_after_load(struct classic_state *state, const struct sock_filter *insn)
{
	unsigned int size = classic_load_size(insn);
	uint32_t reach = insn->k + size;

	state->captured = MAX(state->captured, reach);
	if (load_is_indirect(insn)) {
		state->ahead = MAX(state->ahead, reach);
		state->bounds[CLASSIC_X] = MIN(state->bounds[CLASSIC_X], FRAME_VIEW_MAX - reach);
	}
	if (insn->code == (BPF_LDX | BPF_B | BPF_MSH)) {
		assign_x(state, CLASSIC_HEADER_MAX);
		state->x_is_header = true;
	} else
		assign(state, CLASSIC_A, size == 4 ? UINT32_MAX : register_bit(size * 8) - 1);
}

/* Turns the facts before an instruction that does not jump into those after it. */
static void state_after(struct classic_state *state, const struct sock_filter *insn)
{
	const uint32_t *bounds = state->bounds;

	if (classic_load_size(insn) != 0) {
		state_after_load(state, insn);
		return;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		if (BPF_MODE(insn->code) == BPF_MEM)
			assign(state, CLASSIC_A, bounds[insn->k]);
		else
			assign(state, CLASSIC_A,
				BPF_MODE(insn->code) == BPF_IMM ? insn->k : UINT32_MAX);
		break;
	case BPF_LDX:
		if (BPF_MODE(insn->code) == BPF_MEM)
			assign_x(state, bounds[insn->k]);
		else if (BPF_MODE(insn->code) == BPF_IMM)
			assign_x(state, insn->k);
		else
			assign_x(state, UINT32_MAX);
		break;
	case BPF_ST:
		assign(state, insn->k, bounds[CLASSIC_A]);
		break;
	case BPF_STX:
		assign(state, insn->k, bounds[CLASSIC_X]);
		break;
	case BPF_ALU:
		assign(state, CLASSIC_A,
			arithmetic_bound(insn, bounds[CLASSIC_A], bounds[CLASSIC_X]));
		break;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			assign_x(state, bounds[CLASSIC_A]);
		else
			assign(state, CLASSIC_A, bounds[CLASSIC_X]);
		break;
	}
}

/* Adds a path to an instruction: only facts of all paths hold. */
static void state_join(struct classic_state *at, const struct classic_state *from)
{
	if (!at->reachable) {
		*at = *from;
		return;
	}
	at->assigned &= from->assigned;
	at->captured = MIN(at->captured, from->captured);
	at->ahead = MIN(at->ahead, from->ahead);
	at->x_is_header = at->x_is_header && from->x_is_header;
	for (unsigned int i = 0; i < CLASSIC_REGISTERS; i++)
		at->bounds[i] = MAX(at->bounds[i], from->bounds[i]);
}

/* How far into a packet this load can read. */
static uint32_t load_view(const struct sock_filter *insn, const struct classic_state *state)
{
	uint64_t reach = (uint64_t)insn->k + classic_load_size(insn);

	if (load_is_indirect(insn))
		reach += state->bounds[CLASSIC_X];
	return (uint32_t)MIN(reach, UINT32_MAX);
}

/* Joins `state` into the instruction `distance` after the one after `from`. */
static int join_at(const struct sock_fprog *program, struct classic_facts *facts, size_t from,
	uint64_t distance, const struct classic_state *state, char **ret_reason)
{
	uint64_t target = from + 1 + distance;

	if (target >= program->len) {
		*ret_reason = distance > INT32_MAX
			? g_strdup("the filter needs a loop (as \"protochain\" does), and a "
				   "filter in the kernel can't have one")
			: g_strdup_printf("the filter leaves its program at instruction "
					  "%zu",
				  from);
		return -EINVAL;
	}
	state_join(&facts->states[target], state);
	return 0;
}

static int analyse_insn(
	const struct sock_fprog *program, struct classic_facts *facts, size_t at, char **ret_reason)
{
	const struct sock_filter *insn = &program->filter[at];
	struct classic_state state = facts->states[at];
	int r;

	facts->unassigned |= insn_reads(insn) & ~state.assigned;
	if (classic_load_size(insn) != 0) {
		facts->view = MAX(facts->view, load_view(insn, &state));
		if (classic_load_beyond(insn))
			return 0;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		return 0;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_JA)
			return join_at(program, facts, at, insn->k, &state, ret_reason);
		r = join_at(program, facts, at, insn->jt, &state, ret_reason);
		return r < 0 ? r : join_at(program, facts, at, insn->jf, &state, ret_reason);
	default:
		state_after(&state, insn);
		return join_at(program, facts, at, 0, &state, ret_reason);
	}
}

/* From the end to the start: which registers are read later. All jumps stay in the program. */
static void analyse_liveness(const struct sock_fprog *program, struct classic_state *states)
{
	for (size_t i = program->len; i-- > 0;) {
		const struct sock_filter *insn = &program->filter[i];
		uint32_t after = 0;

		if (!states[i].reachable)
			continue;
		if (insn->code == (BPF_JMP | BPF_JA))
			after = states[i + 1 + insn->k].live;
		else if (BPF_CLASS(insn->code) == BPF_JMP)
			after = states[i + 1 + insn->jt].live | states[i + 1 + insn->jf].live;
		else if (BPF_CLASS(insn->code) != BPF_RET && i + 1 < program->len)
			after = states[i + 1].live;
		states[i].live = (after & ~insn_writes(insn)) | insn_reads(insn);
	}
}

int classic_analyse(const struct sock_fprog *program, struct classic_facts *ret, char **ret_reason)
{
	auto_classic_facts facts = { 0 };

	if (program->len == 0) {
		*ret_reason = g_strdup("the filter has no instructions");
		return -EINVAL;
	}
	facts.states = g_new0(struct classic_state, program->len);
	facts.states[0].reachable = true;
	for (size_t i = 0; i < program->len; i++) {
		const char *fault;
		int r;

		if (!facts.states[i].reachable)
			continue;
		fault = insn_fault(&program->filter[i]);
		if (fault != NULL) {
			*ret_reason =
				g_strdup_printf("instruction %zu of the filter is %s", i, fault);
			return -EINVAL;
		}
		r = analyse_insn(program, &facts, i, ret_reason);
		if (r < 0)
			return r;
	}
	analyse_liveness(program, facts.states);
	*ret = facts;
	facts.states = NULL;
	return 0;
}

void classic_facts_clear(struct classic_facts *facts)
{
	g_clear_pointer(&facts->states, g_free);
}
