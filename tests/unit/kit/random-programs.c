/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random programs and their check; see random-programs.h. */
#include "tests/unit/kit/random-programs.h"

#include <string.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/cbpf.h"
#include "daemon/filter/matcher-part.h"
#include "daemon/filter/matcher.h"
#include "tests/unit/kit/ebpf-interpreter.h"
#include "tests/unit/kit/oracle.h"

#define PROGRAM_MAX  120 /* instructions, without the stores that make memory defined */
#define RAW_MAX      64
#define PACKET_MAX   96
#define PACKETS_EACH 4
#define ANY_EPOCH    0x5eed

static uint8_t take8(struct random_bytes *bytes)
{
	if (bytes->size == 0)
		return 0;
	bytes->size--;
	return *bytes->data++;
}

static uint32_t take32(struct random_bytes *bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < sizeof(value); i++)
		value = value << 8 | take8(bytes);
	return value;
}

/* Offsets: mostly in a packet, now and then around the end of the view or of all numbers. */
static uint32_t take_offset(struct random_bytes *bytes)
{
	uint8_t kind = take8(bytes);

	if (kind < 224)
		return kind % 64;
	if (kind < 240)
		return FRAME_VIEW_MAX - 8 + kind % 16;
	return kind < 248 ? take32(bytes) & 0x7fffffff : UINT32_MAX - kind % 8;
}

static uint32_t take_constant(struct random_bytes *bytes)
{
	uint8_t kind = take8(bytes);

	if (kind < 128)
		return kind;
	return kind < 192 ? UINT32_C(1) << kind % 32 : take32(bytes);
}

static struct sock_filter take_load(struct random_bytes *bytes)
{
	static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_IND, BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND, BPF_LDX | BPF_B | BPF_MSH, BPF_LDX | BPF_B | BPF_MSH };
	uint16_t code = codes[take8(bytes) % G_N_ELEMENTS(codes)];
	uint32_t offset = take_offset(bytes);

	/* Such offsets have a meaning of their own, and the translator refuses them. */
	if (BPF_MODE(code) != BPF_IND && offset >= (uint32_t)SKF_LL_OFF)
		offset = 0;
	return (struct sock_filter)BPF_STMT(code, offset);
}

static struct sock_filter take_move(struct random_bytes *bytes)
{
	static const uint16_t codes[] = { BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
		BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN, BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
		BPF_MISC | BPF_TAX };
	uint16_t code = codes[take8(bytes) % G_N_ELEMENTS(codes)];
	bool memory = BPF_CLASS(code) == BPF_ST || BPF_CLASS(code) == BPF_STX ||
		(BPF_CLASS(code) != BPF_MISC && BPF_MODE(code) == BPF_MEM);

	return (struct sock_filter)BPF_STMT(
		code, memory ? take8(bytes) % BPF_MEMWORDS : take_constant(bytes));
}

static struct sock_filter take_arithmetic(struct random_bytes *bytes)
{
	static const uint16_t ops[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND,
		BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG };
	uint16_t op = ops[take8(bytes) % G_N_ELEMENTS(ops)];
	uint16_t source = op != BPF_NEG && take8(bytes) % 2 ? BPF_X : BPF_K;
	uint32_t k = take_constant(bytes);

	if (op == BPF_LSH || op == BPF_RSH)
		k %= 32;
	if ((op == BPF_DIV || op == BPF_MOD) && k == 0)
		k = 1;
	return (struct sock_filter)BPF_STMT(BPF_ALU | op | source, k);
}

/* A jump to one of the `room` instructions after the next one. */
static struct sock_filter take_jump(struct random_bytes *bytes, size_t room)
{
	static const uint16_t ops[] = { BPF_JA, BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint16_t op = ops[take8(bytes) % G_N_ELEMENTS(ops)];
	uint16_t source = op != BPF_JA && take8(bytes) % 4 == 0 ? BPF_X : BPF_K;
	uint8_t jt = (uint8_t)(take8(bytes) % MIN(room, 16)),
		jf = (uint8_t)(take8(bytes) % MIN(room, 16));

	if (op == BPF_JA)
		return (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, jt);
	return (struct sock_filter)BPF_JUMP(BPF_JMP | op | source, take_constant(bytes), jt, jf);
}

static struct sock_filter take_return(struct random_bytes *bytes)
{
	uint8_t kind = take8(bytes);

	if (kind % 3 == 0)
		return (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, kind % 3 == 1 ? take_constant(bytes) : 0);
}

static struct sock_filter take_insn(struct random_bytes *bytes, size_t room)
{
	uint8_t kind = take8(bytes);

	if (kind < 90)
		return take_load(bytes);
	if (kind < 130)
		return take_move(bytes);
	if (kind < 175)
		return take_arithmetic(bytes);
	return kind < 250 ? take_jump(bytes, room) : take_return(bytes);
}

void random_program(struct random_bytes *bytes, struct sock_fprog *ret)
{
	size_t count = 1 + take8(bytes) % PROGRAM_MAX;
	uint16_t stores = (uint16_t)take32(bytes);
	struct sock_filter *filter = g_new0(struct sock_filter, count + BPF_MEMWORDS);
	size_t at = 0;

	for (unsigned int word = 0; word < BPF_MEMWORDS; word++)
		if (stores & 1u << word)
			filter[at++] = (struct sock_filter)BPF_STMT(BPF_ST, word);
	for (size_t i = 0; i + 1 < count; i++)
		filter[at++] = take_insn(bytes, count - i - 1);
	filter[at++] = take_return(bytes);
	ret->filter = filter;
	ret->len = (unsigned short)at;
}

void random_program_raw(struct random_bytes *bytes, struct sock_fprog *ret)
{
	size_t count = MIN(bytes->size / sizeof(struct sock_filter), RAW_MAX);

	ret->filter = g_new0(struct sock_filter, count + 1);
	ret->len = (unsigned short)count;
	memcpy(ret->filter, bytes->data, count * sizeof(struct sock_filter));
	bytes->data += count * sizeof(struct sock_filter);
	bytes->size -= count * sizeof(struct sock_filter);
}

bool random_program_defined(const struct sock_fprog *program)
{
	uint32_t memory_words = (UINT32_C(1) << BPF_MEMWORDS) - 1;
	g_autofree char *reason = NULL;
	auto_classic_facts facts = { 0 };

	for (size_t i = 0; i < program->len; i++) {
		uint16_t code = program->filter[i].code;

		if ((code == (BPF_ALU | BPF_LSH | BPF_K) || code == (BPF_ALU | BPF_RSH | BPF_K)) &&
			program->filter[i].k >= 32)
			return false;
	}
	return classic_analyse(program, &facts, &reason) == 0 && !(facts.unassigned & memory_words);
}

/* Fills a frame with a packet of the bytes; the rest of the frame is noise, not zeros. */
static void random_packet(struct random_bytes *bytes, struct frame *frame)
{
	uint32_t captured = take8(bytes) % PACKET_MAX;

	for (uint32_t i = 0; i < captured; i++)
		frame->packet[i] = take8(bytes);
	memset(frame->packet + captured, 0xa5, PACKET_MAX - captured);
	frame->captured = captured;
	frame->length = captured + take8(bytes);
}

static char *compare(struct random_bytes *bytes, const struct sock_fprog *program,
	const GArray *code, struct frame *frame)
{
	const struct bpf_insn *insns = (const struct bpf_insn *)(const void *)code->data;

	for (unsigned int i = 0; i < PACKETS_EACH; i++) {
		struct interpreter_end end;
		char *reason = NULL;
		bool expected;

		random_packet(bytes, frame);
		if (interpret(insns, code->len, frame, &end, &reason) < 0)
			return reason;
		if (!random_program_defined(program))
			continue;
		expected = oracle_accepts(program, frame->packet, frame->captured, frame->length);
		if (expected != (frame->sessions != 0))
			return g_strdup_printf("libpcap says %d of packet %u with %u bytes",
				expected, i, frame->captured);
	}
	return NULL;
}

char *random_check(const uint8_t *data, size_t size)
{
	struct random_bytes bytes = { .data = data, .size = size };
	struct filter filter = { .expression = NULL };
	struct sock_fprog *program = &filter.programs[FILTER_RAW];
	struct matcher_session session = { .bit = take8(&bytes) % EVENT_SESSIONS_MAX,
		.verdicts = 1,
		.probes = 1,
		.filter = &filter };
	struct matcher_target target = {
		.type = BPF_PROG_TYPE_RAW_TRACEPOINT, .stats_fd = -1, .stages_fd = -1
	};
	g_autofree struct frame *frame = g_new0(struct frame, 1);
	g_autofree struct sock_filter *owned = NULL;
	g_autofree char *reason = NULL;
	g_autoptr(GArray) code = NULL;
	struct matcher_budget budget;
	auto_matcher *matcher = NULL;
	bool raw = take8(&bytes) % 4 == 0;

	if (raw)
		random_program_raw(&bytes, program);
	else
		random_program(&bytes, program);
	owned = program->filter;
	if (matcher_build(&session, 1, ANY_EPOCH, &matcher, &budget, &reason) < 0)
		return raw ? NULL : g_steal_pointer(&reason);
	if (!oracle_valid(program))
		return raw ? NULL : g_strdup("libpcap refuses a program of the generator");
	code = matcher_assemble(matcher, 0, &target, 0);
	frame->verdict = 1;
	frame->probe = 1;
	return compare(&bytes, program, code, frame);
}
