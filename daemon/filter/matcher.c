/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds a matcher: each session's tests as a block of code, the blocks packed into parts. */
#include "daemon/filter/matcher.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/cbpf-translate.h"
#include "daemon/filter/ebpf.h"
#include "daemon/filter/matcher-part.h"

#define HALF_BITS 32

/* One session's code for one link type, or for both. */
struct block {
	GArray *code; /* struct bpf_insn */
	GArray *to_end; /* size_t: jumps that go to the block's end */
	GArray *to_accept; /* size_t: jumps that go to where the session's bit is set */
};

static void block_init(struct block *block)
{
	block->code = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
	block->to_end = g_array_new(FALSE, FALSE, sizeof(size_t));
	block->to_accept = g_array_new(FALSE, FALSE, sizeof(size_t));
}

static void block_clear(struct block *block)
{
	g_clear_pointer(&block->code, g_array_unref);
	g_clear_pointer(&block->to_end, g_array_unref);
	g_clear_pointer(&block->to_accept, g_array_unref);
}

#define auto_block __attribute__((cleanup(block_clear))) struct block

static void emit(struct block *block, struct bpf_insn insn)
{
	g_array_append_val(block->code, insn);
}

static void emit_jump(struct block *block, GArray *list, struct bpf_insn insn)
{
	size_t at = block->code->len;

	g_array_append_val(list, at);
	emit(block, insn);
}

/* Makes the jump at `at` go to the next instruction that is emitted. A block is never longer than a
 * part may be, so its jumps always reach. */
static void land_jump(struct block *block, size_t at)
{
	size_t distance = block->code->len - at - 1;

	g_assert(distance <= INT16_MAX);
	g_array_index(block->code, struct bpf_insn, at).off = (int16_t)distance;
}

static void land_jumps(struct block *block, const GArray *list)
{
	for (unsigned int i = 0; i < list->len; i++)
		land_jump(block, g_array_index(list, size_t, i));
}

/*
 * Continues only if the frame's field has a bit of the mask. The field is loaded again each time:
 * for a value without history the verifier keeps no states of the sessions before.
 */
static void emit_mask_test(struct block *block, size_t field, uint32_t mask)
{
	emit(block, ebpf_load(BPF_W, MATCHER_SCRATCH, MATCHER_FRAME, (int16_t)field));
	emit(block, ebpf_alu32_imm(BPF_AND, MATCHER_SCRATCH, mask));
	emit_jump(block, block->to_end, ebpf_jump32_imm(BPF_JEQ, MATCHER_SCRATCH, 0, 0));
}

static uint32_t half_mask(unsigned int bit)
{
	return UINT32_C(1) << (bit % HALF_BITS);
}

static void emit_sticky_test(struct block *block, unsigned int bit)
{
	int16_t half = bit < HALF_BITS ? MATCHER_LOW_HALF : MATCHER_HIGH_HALF;

	emit(block,
		ebpf_load(BPF_W, MATCHER_SCRATCH, MATCHER_FRAME,
			(int16_t)offsetof(struct frame, sticky) + half));
	emit_jump(block, block->to_accept,
		ebpf_jump32_imm(BPF_JSET, MATCHER_SCRATCH, half_mask(bit), 0));
}

static uint32_t variant_link(enum filter_variant variant)
{
	return variant == FILTER_ETHERNET ? EVENT_LINK_ETHERNET : EVENT_LINK_RAW;
}

/* The body of one variant, skipped for packets of another link type. */
static void emit_variant(struct block *block, enum filter_variant variant, const GArray *body)
{
	size_t skip;

	emit(block, ebpf_load(BPF_W, MATCHER_SCRATCH, MATCHER_FRAME, offsetof(struct frame, link)));
	skip = block->code->len;
	emit(block, ebpf_jump32_imm(BPF_JNE, MATCHER_SCRATCH, variant_link(variant), 0));
	g_array_append_vals(block->code, body->data, body->len);
	emit_jump(block, block->to_accept, ebpf_jump(0));
	/* The verifier refuses code that nothing goes to. */
	if (translate_rejects(body))
		emit_jump(block, block->to_end, ebpf_jump(0));
	land_jump(block, skip);
}

/* The translated filter of a session. */
struct bodies {
	bool filtered; /* false: every packet matches */
	GArray *variants[FILTER_VARIANTS]; /* the translated filter; NULL: never matches */
};

static void bodies_clear(struct bodies *bodies)
{
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
		g_clear_pointer(&bodies->variants[v], g_array_unref);
}

#define auto_bodies __attribute__((cleanup(bodies_clear))) struct bodies

static int bodies_translate(
	struct bodies *bodies, const struct matcher_session *session, char **ret_reason)
{
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		const struct sock_fprog *program;
		int r;

		if (session->filter == NULL || session->filter->programs[v].filter == NULL)
			continue;
		program = &session->filter->programs[v];
		bodies->variants[v] = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
		bodies->filtered = true;
		r = translate_program(program, bodies->variants[v], ret_reason);
		if (r < 0)
			return r;
		if (!translate_accepts(bodies->variants[v]))
			g_clear_pointer(&bodies->variants[v], g_array_unref);
	}
	return 0;
}

static void block_build(
	struct block *block, const struct matcher_session *session, const struct bodies *bodies)
{
	emit_mask_test(block, offsetof(struct frame, verdict), session->verdicts);
	emit_mask_test(block, offsetof(struct frame, probe), session->probes);
	if (bodies->filtered) {
		emit_sticky_test(block, session->bit);
		for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
			if (bodies->variants[v] != NULL)
				emit_variant(block, v, bodies->variants[v]);
		emit_jump(block, block->to_end, ebpf_jump(0));
	}
	land_jumps(block, block->to_accept);
	emit(block,
		ebpf_alu32_imm(BPF_OR,
			session->bit < HALF_BITS ? MATCHER_SESSIONS_LOW : MATCHER_SESSIONS_HIGH,
			half_mask(session->bit)));
	land_jumps(block, block->to_end);
}

/* Instructions of a block around its bodies, at most. */
#define BLOCK_OVERHEAD 24

/* Instructions that the kernel adds to a division by a register, at most. */
#define DIVISION_OVERHEAD 4

/* The number of instructions after the kernel has rewritten the code. */
static unsigned int code_size(const GArray *code)
{
	unsigned int size = code->len;

	for (unsigned int i = 0; i < code->len; i++) {
		uint8_t operation = g_array_index(code, struct bpf_insn, i).code;

		if (operation == (BPF_ALU | BPF_DIV | BPF_X) ||
			operation == (BPF_ALU | BPF_MOD | BPF_X))
			size += DIVISION_OVERHEAD;
	}
	return size;
}

static unsigned int code_jumps(const GArray *code)
{
	return translate_longest_path((const struct bpf_insn *)(const void *)code->data, code->len);
}

static unsigned int bodies_size(const struct bodies *bodies)
{
	unsigned int size = BLOCK_OVERHEAD;

	for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
		if (bodies->variants[v] != NULL)
			size += code_size(bodies->variants[v]);
	return size;
}

static struct matcher_part *part_new(void)
{
	struct matcher_part *part = g_new0(struct matcher_part, 1);

	part->code = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
	return part;
}

static void part_free(void *data)
{
	struct matcher_part *part = data;

	g_clear_pointer(&part->code, g_array_unref);
	g_free(part);
}

static bool part_has_room(
	const struct matcher_part *part, unsigned int instructions, unsigned int jumps)
{
	return part->instructions + instructions <= MATCHER_PART_INSTRUCTIONS &&
		part->jumps + jumps <= MATCHER_PART_JUMPS;
}

enum placing {
	PLACE_IN_EXISTING, /* the first part that has room */
	PLACE_ANYWHERE, /* or a new one */
};

/* Puts the block of a session, with these bodies, into a part. False: no part has room. */
static bool matcher_place(struct matcher *matcher, const struct matcher_session *session,
	const struct bodies *bodies, enum placing placing)
{
	auto_block block = { 0 };
	struct matcher_part *part = NULL;
	unsigned int instructions, jumps;

	if (bodies_size(bodies) > MATCHER_PART_INSTRUCTIONS)
		return false;
	block_init(&block);
	block_build(&block, session, bodies);
	instructions = code_size(block.code);
	jumps = code_jumps(block.code);
	if (jumps > MATCHER_PART_JUMPS)
		return false;
	for (unsigned int i = 0; i < matcher->parts->len && part == NULL; i++)
		if (part_has_room(matcher->parts->pdata[i], instructions, jumps))
			part = matcher->parts->pdata[i];
	if (part == NULL && placing == PLACE_IN_EXISTING)
		return false;
	if (part == NULL) {
		part = part_new();
		g_ptr_array_add(matcher->parts, part);
	}
	g_array_append_vals(part->code, block.code->data, block.code->len);
	part->instructions += instructions;
	part->jumps += jumps;
	return true;
}

/* Refuses a filter that is too large for a part even for one link type alone. */
static int refuse_filter(const GArray *body, char **ret_reason)
{
	*ret_reason = g_strdup_printf(
		"the session's filter needs %u of %u instructions and %u of %u conditional jumps "
		"that one filter may have in the kernel",
		code_size(body), MATCHER_PART_INSTRUCTIONS - BLOCK_OVERHEAD, code_jumps(body),
		MATCHER_PART_JUMPS - BLOCK_OVERHEAD);
	return -E2BIG;
}

static int matcher_add(
	struct matcher *matcher, const struct matcher_session *session, char **ret_reason)
{
	auto_bodies bodies = { 0 };
	int r;

	if (session->bit >= EVENT_SESSIONS_MAX) {
		*ret_reason = g_strdup_printf("there is no session bit %u", session->bit);
		return -EINVAL;
	}
	if (session->verdicts == 0 || session->probes == 0)
		return 0;
	r = bodies_translate(&bodies, session, ret_reason);
	if (r < 0)
		return r;
	/*
	 * Both link types in one part cost least. When no part is left, other parts may have room
	 * for one each.
	 */
	if (matcher_place(matcher, session, &bodies,
		    matcher->parts->len < STAGE_PARTS_MAX ? PLACE_ANYWHERE : PLACE_IN_EXISTING))
		return 0;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		struct bodies one = { .filtered = true };

		if (bodies.variants[v] == NULL)
			continue;
		one.variants[v] = bodies.variants[v];
		if (!matcher_place(matcher, session, &one, PLACE_ANYWHERE))
			return refuse_filter(bodies.variants[v], ret_reason);
	}
	return 0;
}

static struct matcher_budget matcher_count(const struct matcher *matcher)
{
	struct matcher_budget budget = {
		.parts = matcher->parts->len,
		.parts_allowed = STAGE_PARTS_MAX,
		.instructions_allowed = STAGE_PARTS_MAX * MATCHER_PART_INSTRUCTIONS,
		.jumps_allowed = STAGE_PARTS_MAX * MATCHER_PART_JUMPS,
	};

	for (unsigned int i = 0; i < matcher->parts->len; i++) {
		const struct matcher_part *part = matcher->parts->pdata[i];

		budget.instructions += part->instructions;
		budget.jumps += part->jumps;
	}
	return budget;
}

int matcher_build(const struct matcher_session *sessions, size_t count, uint32_t epoch,
	struct matcher **ret, struct matcher_budget *ret_budget, char **ret_reason)
{
	auto_matcher *matcher = g_new0(struct matcher, 1);
	int r = 0;

	matcher->epoch = epoch;
	matcher->parts = g_ptr_array_new_with_free_func(part_free);
	g_ptr_array_add(matcher->parts, part_new());
	for (size_t i = 0; i < count && r >= 0; i++)
		r = matcher_add(matcher, &sessions[i], ret_reason);
	*ret_budget = matcher_count(matcher);
	if (r < 0)
		return r;
	if (matcher->parts->len > STAGE_PARTS_MAX) {
		*ret_reason = g_strdup_printf(
			"the sessions' filters need %u of %u parts of the matcher (%u instructions, "
			"%u conditional jumps; a part holds %u and %u)",
			ret_budget->parts, ret_budget->parts_allowed, ret_budget->instructions,
			ret_budget->jumps, MATCHER_PART_INSTRUCTIONS, MATCHER_PART_JUMPS);
		return -E2BIG;
	}
	*ret = g_steal_pointer(&matcher);
	return 0;
}

struct matcher *matcher_free(struct matcher *matcher)
{
	if (matcher == NULL)
		return NULL;
	g_clear_pointer(&matcher->parts, g_ptr_array_unref);
	g_free(matcher);
	return NULL;
}
