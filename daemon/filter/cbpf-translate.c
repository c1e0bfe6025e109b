/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator from classic BPF to eBPF; see cbpf-translate.h. */
#include "daemon/filter/cbpf-translate.h"

#include <errno.h>
#include <stddef.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/cbpf.h"
#include "daemon/filter/ebpf.h"

#define WORD_BITS 32

/* Targets of jumps out of the body, beside instructions of the classic program. */
enum exit {
	EXIT_ACCEPT = -1,
	EXIT_REJECT = -2,
};

/* A jump whose offset is not known yet. */
struct fixup {
	size_t at; /* in the code */
	int64_t target; /* enum exit or classic instruction */
};

struct translation {
	const struct sock_fprog *program;
	struct classic_facts facts;
	GArray *code; /* struct bpf_insn */
	GArray *fixups; /* struct fixup */
	size_t *starts; /* by classic instruction: where its code begins */
};

static void emit(struct translation *t, struct bpf_insn insn)
{
	g_array_append_val(t->code, insn);
}

/* Emits a jump to `target`; its offset is filled in later. */
static void emit_jump(struct translation *t, struct bpf_insn insn, int64_t target)
{
	struct fixup fixup = { .at = t->code->len, .target = target };

	g_array_append_val(t->fixups, fixup);
	emit(t, insn);
}

/*
 * A memory word is the upper half of eight bytes on the stack. The verifier tracks values in
 * aligned eight-byte slots only, so it does not track this one, and does not distinguish states by
 * it.
 */
static int16_t memory_offset(unsigned int word)
{
	return (int16_t) - (MATCHER_STACK_KEY + 8 * ((int)word + 1) - 4);
}

static int16_t packet_offset(uint32_t at)
{
	return (int16_t)(offsetof(struct frame, packet) + at);
}

static uint8_t load_width(unsigned int size)
{
	return size == 4 ? BPF_W : size == 2 ? BPF_H : BPF_B;
}

/*
 * Copies `reg` to `copy` so that the verifier knows nothing of its value. The verifier learns from
 * each comparison of a register, on each branch something else. If the register later decides a
 * jump or an address, it walks the code behind once for each of these states; 6.1 even walks
 * impossible branches and then finds impossible values. A value that passed through half of a stack
 * slot is unknown to it.
 */
static void emit_forgotten(struct translation *t, uint8_t copy, uint8_t reg)
{
	emit(t, ebpf_store(BPF_W, BPF_REG_10, -MATCHER_STACK_FORGET, reg));
	emit(t, ebpf_load(BPF_W, copy, BPF_REG_10, -MATCHER_STACK_FORGET));
}

/* The register to compare instead of `reg`: itself if it is not read later, else a copy. */
static uint8_t emit_comparable(struct translation *t, uint8_t reg, bool read_later, uint8_t copy)
{
	if (!read_later)
		return reg;
	emit_forgotten(t, copy, reg);
	return copy;
}

/* Rejects unless the packet has `reach` bytes. */
static void emit_captured_test(struct translation *t, uint32_t reach)
{
	emit(t, ebpf_load(BPF_W, MATCHER_SCRATCH, MATCHER_FRAME, offsetof(struct frame, captured)));
	emit_jump(t, ebpf_jump32_imm(BPF_JLT, MATCHER_SCRATCH, reach, 0), EXIT_REJECT);
}

/* Rejects unless the packet has `reach` bytes from its byte X on, X being in `x`. */
static void emit_ahead_test(struct translation *t, uint8_t x, uint32_t reach)
{
	emit(t, ebpf_load(BPF_W, MATCHER_SCRATCH, MATCHER_FRAME, offsetof(struct frame, captured)));
	emit(t, ebpf_alu64_reg(BPF_MOV, MATCHER_SCRATCH_TOO, x));
	emit(t, ebpf_alu64_imm(BPF_ADD, MATCHER_SCRATCH_TOO, (int32_t)reach));
	emit_jump(
		t, ebpf_jump64_reg(BPF_JGT, MATCHER_SCRATCH_TOO, MATCHER_SCRATCH, 0), EXIT_REJECT);
}

/* Leaves in MATCHER_POINTER the address of the frame and X, tested for a load up to `reach`. */
static void emit_pointer(struct translation *t, const struct classic_state *state, uint32_t reach)
{
	if (state->x_is_header && reach + CLASSIC_HEADER_MAX <= FRAME_VIEW_MAX) {
		emit(t, ebpf_alu64_reg(BPF_MOV, MATCHER_POINTER, MATCHER_X));
	} else {
		emit_forgotten(t, MATCHER_POINTER, MATCHER_X);
		emit_jump(t,
			ebpf_jump64_imm(
				BPF_JGT, MATCHER_POINTER, (int32_t)(FRAME_VIEW_MAX - reach), 0),
			EXIT_REJECT);
	}
	if (state->ahead < reach)
		emit_ahead_test(t, MATCHER_POINTER, reach);
	emit(t, ebpf_alu64_reg(BPF_ADD, MATCHER_POINTER, MATCHER_FRAME));
}

static void emit_packet_load(
	struct translation *t, const struct sock_filter *insn, const struct classic_state *state)
{
	unsigned int size = classic_load_size(insn);
	uint8_t base = MATCHER_FRAME, to = MATCHER_A;

	if (classic_load_beyond(insn)) {
		emit_jump(t, ebpf_jump(0), EXIT_REJECT);
		return;
	}
	if (BPF_MODE(insn->code) == BPF_IND) {
		emit_pointer(t, state, insn->k + size);
		base = MATCHER_POINTER;
	} else if (state->captured < insn->k + size) {
		emit_captured_test(t, insn->k + size);
	}
	if (BPF_CLASS(insn->code) == BPF_LDX)
		to = MATCHER_X;
	emit(t, ebpf_load(load_width(size), to, base, packet_offset(insn->k)));
	if (size > 1)
		emit(t, ebpf_from_be(to, size * 8));
	if (BPF_MODE(insn->code) == BPF_MSH) {
		emit(t, ebpf_alu32_imm(BPF_AND, to, 0xf));
		emit(t, ebpf_alu32_imm(BPF_LSH, to, 2));
	}
}

static void emit_load(struct translation *t, const struct sock_filter *insn)
{
	uint8_t to = BPF_CLASS(insn->code) == BPF_LDX ? MATCHER_X : MATCHER_A;

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		emit(t, ebpf_alu32_imm(BPF_MOV, to, insn->k));
		break;
	case BPF_LEN:
		emit(t, ebpf_load(BPF_W, to, MATCHER_FRAME, offsetof(struct frame, length)));
		break;
	case BPF_MEM:
		emit(t, ebpf_load(BPF_W, to, BPF_REG_10, memory_offset(insn->k)));
		break;
	}
}

/* A shift by 32 or more gives 0 in classic BPF. */
static void emit_shift(struct translation *t, const struct sock_filter *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (BPF_SRC(insn->code) == BPF_K) {
		emit(t,
			insn->k < WORD_BITS ? ebpf_alu32_imm(op, MATCHER_A, insn->k)
					    : ebpf_alu32_imm(BPF_MOV, MATCHER_A, 0));
		return;
	}
	emit_forgotten(t, MATCHER_SCRATCH, MATCHER_X);
	emit(t, ebpf_jump32_imm(BPF_JGE, MATCHER_SCRATCH, WORD_BITS, 2));
	emit(t, ebpf_alu32_reg(op, MATCHER_A, MATCHER_X));
	emit(t, ebpf_jump(1));
	emit(t, ebpf_alu32_imm(BPF_MOV, MATCHER_A, 0));
}

static void emit_arithmetic(struct translation *t, const struct sock_filter *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if (op == BPF_LSH || op == BPF_RSH) {
		emit_shift(t, insn);
		return;
	}
	if (op == BPF_NEG || BPF_SRC(insn->code) == BPF_K) {
		emit(t, ebpf_alu32_imm(op, MATCHER_A, op == BPF_NEG ? 0 : insn->k));
		return;
	}
	if (op == BPF_DIV || op == BPF_MOD) {
		emit_forgotten(t, MATCHER_SCRATCH, MATCHER_X);
		emit_jump(t, ebpf_jump32_imm(BPF_JEQ, MATCHER_SCRATCH, 0, 0), EXIT_REJECT);
	}
	emit(t, ebpf_alu32_reg(op, MATCHER_A, MATCHER_X));
}

/* The comparison that holds when `op` does not; 0: eBPF has none. */
static uint8_t comparison_inverse(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return BPF_JNE;
	case BPF_JGT:
		return BPF_JLE;
	case BPF_JGE:
		return BPF_JLT;
	}
	return 0;
}

static bool is_live(const struct translation *t, size_t at, enum classic_register reg)
{
	return (t->facts.states[at].live & UINT32_C(1) << reg) != 0;
}

/* Emits the comparison of a branch, made with `op` in place of its own, going to `target`. */
static void emit_comparison(struct translation *t, size_t at, uint8_t op, int64_t target)
{
	const struct sock_filter *insn = &t->program->filter[at];
	size_t equal = at + 1 + insn->jt, other = at + 1 + insn->jf;
	/* The verifier learns nothing of use from an A that is not equal. */
	bool one_sided = BPF_OP(insn->code) == BPF_JEQ;
	bool a_later = is_live(t, equal, CLASSIC_A) || (!one_sided && is_live(t, other, CLASSIC_A));
	bool x_later = is_live(t, equal, CLASSIC_X) || (!one_sided && is_live(t, other, CLASSIC_X));
	uint8_t a = emit_comparable(t, MATCHER_A, a_later, MATCHER_SCRATCH), x;

	if (BPF_SRC(insn->code) == BPF_K) {
		emit_jump(t, ebpf_jump32_imm(op, a, insn->k, 0), target);
		return;
	}
	x = emit_comparable(t, MATCHER_X, x_later, MATCHER_SCRATCH_TOO);
	emit_jump(t, ebpf_jump32_reg(op, a, x, 0), target);
}

static void emit_branch(struct translation *t, const struct sock_filter *insn, size_t at)
{
	uint8_t op = BPF_OP(insn->code);
	uint8_t inverse = comparison_inverse(op);
	int64_t next = (int64_t)at + 1;

	if (op == BPF_JA) {
		if (insn->k > 0)
			emit_jump(t, ebpf_jump(0), next + insn->k);
		return;
	}
	if (insn->jt == insn->jf) {
		if (insn->jt > 0)
			emit_jump(t, ebpf_jump(0), next + insn->jt);
		return;
	}
	if (insn->jt == 0 && inverse != 0) {
		emit_comparison(t, at, inverse, next + insn->jf);
		return;
	}
	emit_comparison(t, at, op, next + insn->jt);
	if (insn->jf > 0)
		emit_jump(t, ebpf_jump(0), next + insn->jf);
}

static void emit_return(struct translation *t, const struct sock_filter *insn)
{
	if (BPF_RVAL(insn->code) == BPF_A) {
		emit_forgotten(t, MATCHER_SCRATCH, MATCHER_A);
		emit_jump(t, ebpf_jump32_imm(BPF_JEQ, MATCHER_SCRATCH, 0, 0), EXIT_REJECT);
		emit_jump(t, ebpf_jump(0), EXIT_ACCEPT);
		return;
	}
	emit_jump(t, ebpf_jump(0), insn->k != 0 ? EXIT_ACCEPT : EXIT_REJECT);
}

static void emit_insn(struct translation *t, size_t at)
{
	const struct sock_filter *insn = &t->program->filter[at];

	if (classic_load_size(insn) != 0) {
		emit_packet_load(t, insn, &t->facts.states[at]);
		return;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		emit_load(t, insn);
		break;
	case BPF_ST:
		emit(t, ebpf_store(BPF_W, BPF_REG_10, memory_offset(insn->k), MATCHER_A));
		break;
	case BPF_STX:
		emit(t, ebpf_store(BPF_W, BPF_REG_10, memory_offset(insn->k), MATCHER_X));
		break;
	case BPF_ALU:
		emit_arithmetic(t, insn);
		break;
	case BPF_JMP:
		emit_branch(t, insn, at);
		break;
	case BPF_RET:
		emit_return(t, insn);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			emit(t, ebpf_alu32_reg(BPF_MOV, MATCHER_X, MATCHER_A));
		else
			emit(t, ebpf_alu32_reg(BPF_MOV, MATCHER_A, MATCHER_X));
		break;
	}
}

/* Zeroes the registers that the program may read before it writes them. */
static void emit_start(struct translation *t)
{
	for (unsigned int i = 0; i < CLASSIC_REGISTERS; i++) {
		if ((t->facts.unassigned & UINT32_C(1) << i) == 0)
			continue;
		if (i == CLASSIC_A)
			emit(t, ebpf_alu32_imm(BPF_MOV, MATCHER_A, 0));
		else if (i == CLASSIC_X)
			emit(t, ebpf_alu32_imm(BPF_MOV, MATCHER_X, 0));
		else
			emit(t, ebpf_store_imm(BPF_W, BPF_REG_10, memory_offset(i), 0));
	}
}

static size_t fixup_target(const struct translation *t, const struct fixup *fixup)
{
	if (fixup->target == EXIT_ACCEPT)
		return t->code->len;
	if (fixup->target == EXIT_REJECT)
		return t->code->len + 1;
	return t->starts[fixup->target];
}

static int resolve_jumps(struct translation *t, char **ret_reason)
{
	for (unsigned int i = 0; i < t->fixups->len; i++) {
		const struct fixup *fixup = &g_array_index(t->fixups, struct fixup, i);
		size_t distance = fixup_target(t, fixup) - fixup->at - 1;

		if (distance > INT16_MAX) {
			*ret_reason = g_strdup_printf(
				"the session's filter needs %u of %d "
				"instructions that one filter may have in the kernel",
				t->code->len, INT16_MAX);
			return -E2BIG;
		}
		g_array_index(t->code, struct bpf_insn, fixup->at).off = (int16_t)distance;
	}
	return 0;
}

int translate_program(const struct sock_fprog *program, GArray *code, char **ret_reason)
{
	g_autoptr(GArray) fixups = g_array_new(FALSE, FALSE, sizeof(struct fixup));
	g_autofree size_t *starts = g_new0(size_t, program->len);
	auto_classic_facts facts = { 0 };
	struct translation t = {
		.program = program, .code = code, .fixups = fixups, .starts = starts
	};
	unsigned int before = code->len;
	int r;

	r = classic_analyse(program, &facts, ret_reason);
	if (r < 0)
		return r;
	t.facts = facts;
	emit_start(&t);
	for (size_t i = 0; i < program->len; i++) {
		starts[i] = code->len;
		if (facts.states[i].reachable)
			emit_insn(&t, i);
	}
	r = resolve_jumps(&t, ret_reason);
	if (r < 0)
		g_array_set_size(code, before);
	return r;
}

static bool is_jump(const struct bpf_insn *insn)
{
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

/* True if some jump goes to instruction `target`. */
static bool jumps_to(const GArray *body, size_t target)
{
	for (size_t i = 0; i < body->len; i++) {
		const struct bpf_insn *insn = &g_array_index(body, struct bpf_insn, i);

		if (is_jump(insn) && i + 1 + (size_t)insn->off == target)
			return true;
	}
	return false;
}

bool translate_accepts(const GArray *body)
{
	return jumps_to(body, body->len);
}

bool translate_rejects(const GArray *body)
{
	return jumps_to(body, body->len + 1);
}

unsigned int translate_longest_path(const struct bpf_insn *code, size_t count)
{
	g_autofree unsigned int *ahead = g_new0(unsigned int, count + 1);

	for (size_t i = count; i-- > 0;) {
		size_t target = i + 1 + (size_t)code[i].off;

		ahead[i] = ahead[i + 1];
		if (!is_jump(&code[i]))
			continue;
		target = MIN(target, count);
		if (BPF_OP(code[i].code) == BPF_JA)
			ahead[i] = ahead[target];
		else
			ahead[i] = 1 + MAX(ahead[i + 1], ahead[target]);
	}
	return ahead[0];
}
