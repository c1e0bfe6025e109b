/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A strict interpreter for generated eBPF; see ebpf-interpreter.h. */
#include "tests/unit/kit/ebpf-interpreter.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define STACK_SIZE 512
#define REGISTERS  11

struct machine {
	const struct bpf_insn *code;
	size_t count;
	size_t at;
	struct frame *frame;
	uint64_t registers[REGISTERS];
	bool written[REGISTERS];
	uint8_t stack[STACK_SIZE];
	bool stack_written[STACK_SIZE];
	struct interpreter_end end;
	bool ended;
	const char *fault;
};

static uint64_t fault(struct machine *m, const char *reason)
{
	if (m->fault == NULL)
		m->fault = reason;
	return 0;
}

static uint64_t get(struct machine *m, unsigned int number)
{
	if (!m->written[number])
		return fault(m, "reads a register that was not written");
	return m->registers[number];
}

static void set(struct machine *m, unsigned int number, uint64_t value)
{
	if (number == BPF_REG_10)
		fault(m, "writes the frame pointer");
	m->registers[number] = value;
	m->written[number] = true;
}

static bool inside(uint64_t address, size_t size, const void *start, size_t length)
{
	uint64_t first = (uintptr_t)start;

	return address >= first && address + size <= first + length;
}

static size_t access_size(uint8_t code)
{
	switch (BPF_SIZE(code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	}
	return 8;
}

/* The memory at an address, if the program may access it; NULL: a fault. */
static uint8_t *memory(struct machine *m, uint64_t address, size_t size)
{
	uint64_t packet_end = (uintptr_t)(m->frame->packet + m->frame->captured);

	if (inside(address, size, m->frame, sizeof(*m->frame)) && address + size > packet_end) {
		fault(m, "reads more of the packet than there is");
		return NULL;
	}
	if (inside(address, size, m->frame, sizeof(*m->frame)) ||
		inside(address, size, m->stack, sizeof(m->stack)))
		return (uint8_t *)(uintptr_t)address;
	fault(m, "accesses memory that is neither frame nor stack");
	return NULL;
}

/* The record of which bytes of the stack were written; NULL for the frame. */
static bool *stack_marks(struct machine *m, const uint8_t *at)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)m->stack;

	return offset < STACK_SIZE ? &m->stack_written[offset] : NULL;
}

static void load(struct machine *m, const struct bpf_insn *insn)
{
	size_t size = access_size(insn->code);
	uint8_t *from = memory(m, get(m, insn->src_reg) + (uint64_t)(int64_t)insn->off, size);
	uint64_t value8 = 0;
	uint32_t value4;
	uint16_t value2;
	bool *marks;

	if (from == NULL)
		return;
	marks = stack_marks(m, from);
	for (size_t i = 0; marks != NULL && i < size; i++)
		if (!marks[i])
			fault(m, "reads stack that was not written");
	switch (size) {
	case 1:
		value8 = *from;
		break;
	case 2:
		memcpy(&value2, from, sizeof(value2));
		value8 = value2;
		break;
	case 4:
		memcpy(&value4, from, sizeof(value4));
		value8 = value4;
		break;
	default:
		memcpy(&value8, from, sizeof(value8));
		break;
	}
	set(m, insn->dst_reg, value8);
}

static void store(struct machine *m, const struct bpf_insn *insn, uint64_t value)
{
	size_t size = access_size(insn->code);
	uint8_t *to = memory(m, get(m, insn->dst_reg) + (uint64_t)(int64_t)insn->off, size);
	uint8_t value1 = (uint8_t)value;
	uint16_t value2 = (uint16_t)value;
	uint32_t value4 = (uint32_t)value;
	bool *marks;

	if (to == NULL)
		return;
	marks = stack_marks(m, to);
	for (size_t i = 0; marks != NULL && i < size; i++)
		marks[i] = true;
	memcpy(to,
		size == 1           ? (void *)&value1
			: size == 2 ? (void *)&value2
			: size == 4 ? (void *)&value4
				    : (void *)&value,
		size);
}

/* The second operand: a register, or the immediate with its sign extended. */
static uint64_t operand(struct machine *m, const struct bpf_insn *insn)
{
	return BPF_SRC(insn->code) == BPF_X ? get(m, insn->src_reg) : (uint64_t)(int64_t)insn->imm;
}

static uint64_t from_big_endian(struct machine *m, uint64_t value, int32_t bits)
{
	switch (bits) {
	case 16:
		return GUINT16_FROM_BE((uint16_t)value);
	case 32:
		return GUINT32_FROM_BE((uint32_t)value);
	}
	return fault(m, "swaps an odd number of bits");
}

static uint32_t arithmetic32(struct machine *m, uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b == 0 ? (uint32_t)fault(m, "divides by zero") : a / b;
	case BPF_MOD:
		return b == 0 ? (uint32_t)fault(m, "divides by zero") : a % b;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return b > 31 ? (uint32_t)fault(m, "shifts too far") : a << b;
	case BPF_RSH:
		return b > 31 ? (uint32_t)fault(m, "shifts too far") : a >> b;
	case BPF_MOV:
		return b;
	case BPF_NEG:
		return 0 - a;
	}
	return (uint32_t)fault(m, "has unknown arithmetic");
}

static void arithmetic(struct machine *m, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);
	uint64_t a = op == BPF_MOV ? 0 : get(m, insn->dst_reg);

	if (BPF_CLASS(insn->code) == BPF_ALU) {
		set(m, insn->dst_reg,
			op == BPF_END
				? from_big_endian(m, a, insn->imm)
				: arithmetic32(m, op, (uint32_t)a, (uint32_t)operand(m, insn)));
		return;
	}
	switch (op) {
	case BPF_MOV:
		set(m, insn->dst_reg, operand(m, insn));
		break;
	case BPF_ADD:
		set(m, insn->dst_reg, a + operand(m, insn));
		break;
	default:
		fault(m, "has unknown arithmetic on 64 bits");
	}
}

static bool compare(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	}
	return fault(m, "has an unknown comparison");
}

static void call(struct machine *m, const struct bpf_insn *insn)
{
	if (insn->imm == BPF_FUNC_map_lookup_elem) {
		for (unsigned int i = BPF_REG_1; i <= BPF_REG_5; i++)
			m->written[i] = false;
		set(m, BPF_REG_0, (uintptr_t)m->frame);
		return;
	}
	if (insn->imm != BPF_FUNC_tail_call)
		fault(m, "calls an unknown helper");
	m->end.tail_call = (int)get(m, BPF_REG_3);
	m->ended = true;
}

static void jump(struct machine *m, const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);
	uint64_t a, b;

	switch (op) {
	case BPF_EXIT:
		m->end.result = get(m, BPF_REG_0);
		m->ended = true;
		return;
	case BPF_CALL:
		call(m, insn);
		return;
	case BPF_JA:
		m->at += (size_t)insn->off;
		return;
	}
	a = get(m, insn->dst_reg);
	b = operand(m, insn);
	if (BPF_CLASS(insn->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	if (compare(m, op, a, b))
		m->at += (size_t)insn->off;
}

static void step(struct machine *m)
{
	const struct bpf_insn *insn = &m->code[m->at++];

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD: /* a map's address, in two instructions */
		set(m, insn->dst_reg, 0);
		m->at++;
		break;
	case BPF_LDX:
		load(m, insn);
		break;
	case BPF_ST:
		store(m, insn, (uint64_t)(int64_t)insn->imm);
		break;
	case BPF_STX:
		store(m, insn, get(m, insn->src_reg));
		break;
	case BPF_ALU:
	case BPF_ALU64:
		arithmetic(m, insn);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		jump(m, insn);
		break;
	}
}

int interpret(const struct bpf_insn *code, size_t count, struct frame *frame,
	struct interpreter_end *ret, char **ret_reason)
{
	struct machine m = {
		.code = code, .count = count, .frame = frame, .end = { .tail_call = -1 }
	};
	size_t last = 0;

	set(&m, BPF_REG_1, 0);
	m.registers[BPF_REG_10] = (uintptr_t)m.stack + STACK_SIZE;
	m.written[BPF_REG_10] = true;
	while (!m.ended && m.fault == NULL) {
		last = m.at;
		if (m.at < m.count)
			step(&m);
		else
			fault(&m, "leaves itself");
		if (m.at <= last)
			fault(&m, "jumps backwards");
	}
	if (m.fault != NULL) {
		*ret_reason = g_strdup_printf("instruction %zu of the program %s", last, m.fault);
		return -EFAULT;
	}
	*ret = m.end;
	return 0;
}
