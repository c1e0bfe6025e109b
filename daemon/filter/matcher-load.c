/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a matcher's parts into the kernel and puts them into a bank of a program array. */
#include "daemon/filter/matcher.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/cbpf-translate.h"
#include "daemon/filter/ebpf.h"
#include "daemon/filter/matcher-part.h"
#include "journal/base/cleanup.h"

#define PROGRAM_NAME "nfttraced_match"
/* Log level of the verifier: the reason and its statistics, without each instruction. */
#define LOG_LEVEL_STATS 4
#define LOG_SIZE        65536 /* bytes */
#define LOG_LINES       6 /* of the log's end, for the reason */

static void emit(GArray *code, struct bpf_insn insn)
{
	g_array_append_val(code, insn);
}

static void emit_load_map(GArray *code, uint8_t dst, int map_fd)
{
	emit(code, ebpf_load_map(dst, map_fd));
	emit(code, (struct bpf_insn){ 0 });
}

/* Leaves the key of the frame on the stack. */
static void emit_key(GArray *code, const struct matcher_target *to)
{
	if (to->stats_fd < 0) {
		emit(code, ebpf_store_imm(BPF_W, BPF_REG_10, -MATCHER_STACK_KEY, to->frame_key));
		return;
	}
	emit(code, ebpf_call(BPF_FUNC_get_smp_processor_id));
	emit(code, ebpf_alu32_imm(BPF_ADD, BPF_REG_0, to->frame_key * to->cpus));
	emit(code, ebpf_store(BPF_W, BPF_REG_10, -MATCHER_STACK_KEY, BPF_REG_0));
	emit_load_map(code, BPF_REG_1, to->stats_fd);
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10));
	emit(code, ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -MATCHER_STACK_KEY));
	emit(code, ebpf_call(BPF_FUNC_map_lookup_elem));
	emit(code, ebpf_jump64_imm(BPF_JNE, BPF_REG_0, 0, 1));
	emit(code, ebpf_exit());
	emit(code,
		ebpf_load(BPF_W, BPF_REG_0, BPF_REG_0,
			offsetof(struct cpu_stats, tracepoints) +
				offsetof(struct tracepoint_calls, depth)));
	emit(code, ebpf_alu32_imm(BPF_ADD, BPF_REG_0, to->frame_key - 1));
	emit(code, ebpf_store(BPF_W, BPF_REG_10, -MATCHER_STACK_KEY, BPF_REG_0));
}

/* Finds the frame and the result of the parts before. */
static void emit_start(GArray *code, const struct matcher *matcher, unsigned int part,
	const struct matcher_target *to)
{
	emit(code, ebpf_alu64_reg(BPF_MOV, MATCHER_CONTEXT, BPF_REG_1));
	emit_key(code, to);
	emit_load_map(code, BPF_REG_1, to->frames_fd);
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10));
	emit(code, ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -MATCHER_STACK_KEY));
	emit(code, ebpf_call(BPF_FUNC_map_lookup_elem));
	emit(code, ebpf_jump64_imm(BPF_JNE, BPF_REG_0, 0, 1));
	emit(code, ebpf_exit());
	emit(code, ebpf_alu64_reg(BPF_MOV, MATCHER_FRAME, BPF_REG_0));
	if (part > 0) {
		emit(code,
			ebpf_load(BPF_W, MATCHER_SESSIONS_LOW, MATCHER_FRAME,
				offsetof(struct frame, sessions) + MATCHER_LOW_HALF));
		emit(code,
			ebpf_load(BPF_W, MATCHER_SESSIONS_HIGH, MATCHER_FRAME,
				offsetof(struct frame, sessions) + MATCHER_HIGH_HALF));
		return;
	}
	emit(code,
		ebpf_store_imm(
			BPF_W, MATCHER_FRAME, offsetof(struct frame, epoch), matcher->epoch));
	emit(code, ebpf_alu32_imm(BPF_MOV, MATCHER_SESSIONS_LOW, 0));
	emit(code, ebpf_alu32_imm(BPF_MOV, MATCHER_SESSIONS_HIGH, 0));
}

/*
 * Stores the result in the frame and tail-calls `stage`, from the last part only if a session
 * matched. That test reads the result back from the frame: the verifier knows the value of a
 * register on each path, and would walk every combination of sessions.
 */
static void emit_end(GArray *code, const struct matcher_target *to, unsigned int stage)
{
	emit(code,
		ebpf_store(BPF_W, MATCHER_FRAME,
			offsetof(struct frame, sessions) + MATCHER_LOW_HALF, MATCHER_SESSIONS_LOW));
	emit(code,
		ebpf_store(BPF_W, MATCHER_FRAME,
			offsetof(struct frame, sessions) + MATCHER_HIGH_HALF,
			MATCHER_SESSIONS_HIGH));
	if (to->stages_fd < 0) {
		emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_0, MATCHER_SESSIONS_LOW));
		emit(code, ebpf_exit());
		return;
	}
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_1, MATCHER_CONTEXT));
	emit_load_map(code, BPF_REG_2, to->stages_fd);
	if (stage == STAGE_EMIT) {
		emit(code,
			ebpf_load(BPF_DW, BPF_REG_4, MATCHER_FRAME,
				offsetof(struct frame, sessions)));
		emit(code, ebpf_jump64_imm(BPF_JEQ, BPF_REG_4, 0, 2));
	}
	emit(code, ebpf_alu64_imm(BPF_MOV, BPF_REG_3, (int32_t)stage));
	emit(code, ebpf_call(BPF_FUNC_tail_call));
	emit(code, ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0));
	emit(code, ebpf_exit());
}

static unsigned int part_stage(unsigned int part, unsigned int bank)
{
	return STAGE_BANK0 + bank * STAGE_PARTS_MAX + part;
}

GArray *matcher_assemble(const struct matcher *matcher, unsigned int part,
	const struct matcher_target *target, unsigned int bank)
{
	const struct matcher_part *body = matcher->parts->pdata[part];
	GArray *code = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
	bool last = part + 1 == matcher->parts->len;

	emit_start(code, matcher, part, target);
	g_array_append_vals(code, body->code->data, body->code->len);
	emit_end(code, target, last ? STAGE_EMIT : part_stage(part + 1, bank));
	return code;
}

static int program_load(
	const GArray *code, const struct matcher_target *target, char *log, size_t log_size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .log_buf = log, .log_size = (uint32_t)log_size,
		.log_level = log != NULL ? LOG_LEVEL_STATS : 0);

	if (target->type == BPF_PROG_TYPE_TRACING) {
		options.expected_attach_type = target->attach_type;
		options.attach_btf_id = target->attach_btf_id;
		options.attach_btf_obj_fd = (uint32_t)target->attach_btf_fd;
	}
	return bpf_prog_load(target->type, PROGRAM_NAME, "GPL",
		(const struct bpf_insn *)(const void *)code->data, code->len, &options);
}

/* The last lines of a verifier's log, which have the reason, joined. */
static char *log_end(char *log)
{
	g_auto(GStrv) lines = NULL;
	guint count, from;

	g_strchomp(log);
	lines = g_strsplit(log, "\n", -1);
	count = g_strv_length(lines);
	from = count > LOG_LINES ? count - LOG_LINES : 0;
	return count == 0 ? g_strdup("no log") : g_strjoinv(" / ", lines + from);
}

/* Loads without a log, which is quick, and again with one only if the kernel refuses. */
static int part_load(const GArray *code, const struct matcher_target *target, char **ret_reason)
{
	g_autofree char *log = NULL, *end = NULL;
	int fd = program_load(code, target, NULL, 0), again;

	if (fd >= 0)
		return fd;
	log = g_malloc0(LOG_SIZE);
	again = program_load(code, target, log, LOG_SIZE);
	if (again >= 0)
		return again;
	end = log_end(log);
	*ret_reason = g_strdup_printf("the kernel refused the matcher of %u instructions (%s): %s",
		code->len, g_strerror(-fd), end);
	return fd;
}

static int parts_load(const struct matcher *matcher, const struct matcher_target *target,
	unsigned int bank, int *ret_fd, char **ret_reason)
{
	for (unsigned int i = matcher->parts->len; i-- > 0;) {
		g_autoptr(GArray) code = matcher_assemble(matcher, i, target, bank);
		uint32_t slot = part_stage(i, bank);
		auto_fd fd = part_load(code, target, ret_reason);
		int r;

		if (fd < 0)
			return fd;
		if (i == 0) {
			*ret_fd = fd_steal(&fd);
			break;
		}
		r = bpf_map_update_elem(target->stages_fd, &slot, &fd, BPF_ANY);
		if (r < 0) {
			*ret_reason = g_strdup_printf(
				"can't put part %u of the matcher into the program array: %s", i,
				g_strerror(-r));
			return r;
		}
	}
	return 0;
}

int matcher_load(const struct matcher *matcher, const struct matcher_target *target,
	unsigned int bank, int *ret_fd, char **ret_reason)
{
	int r;

	if (target->stages_fd < 0 && matcher->parts->len > 1) {
		*ret_reason = g_strdup("a matcher of several parts needs a program array");
		return -EINVAL;
	}
	r = parts_load(matcher, target, bank, ret_fd, ret_reason);
	if (r < 0)
		matcher_unload(target, bank);
	return r;
}

int matcher_unload(const struct matcher_target *target, unsigned int bank)
{
	if (target->stages_fd < 0)
		return 0;
	for (unsigned int i = 0; i < STAGE_PARTS_MAX; i++) {
		uint32_t slot = part_stage(i, bank);

		int r = bpf_map_delete_elem(target->stages_fd, &slot);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}
