/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generates the stub of a tracepoint; see tracepoint-stub.h. */
#include "daemon/pipeline/tracepoint-stub.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <glib.h>
#include <stddef.h>

#include "daemon/filter/ebpf.h"

#define PROGRAM_NAME "nfttraced_probe"
#define STACK_KEY    8 /* bytes of stack below the frame pointer */

/* The registers that calls preserve. */
enum stub_register {
	STUB_CONTEXT = BPF_REG_6,
	STUB_STATS = BPF_REG_7, /* struct cpu_stats */
	STUB_CALL = BPF_REG_8, /* struct probe_call; before that, the depth */
};

#define AT_DEPTH                                            \
	(int16_t)(offsetof(struct cpu_stats, tracepoints) + \
		offsetof(struct tracepoint_calls, depth))
#define AT_CALL(member)                                     \
	(int16_t)(offsetof(struct cpu_stats, tracepoints) + \
		offsetof(struct tracepoint_calls, calls) + offsetof(struct probe_call, member))
#define AT_TOO_DEEP (int16_t)(offsetof(struct cpu_stats, counts[COUNT_TOO_DEEP]))

_Static_assert(sizeof(struct cpu_stats) <= INT16_MAX, "an offset reaches it all");

static void emit(GArray *code, struct bpf_insn insn)
{
	g_array_append_val(code, insn);
}

static void emit_load_map(GArray *code, uint8_t dst, int map_fd)
{
	emit(code, ebpf_load_map(dst, map_fd));
	emit(code, (struct bpf_insn){ 0 });
}

static void emit_exit(GArray *code)
{
	emit(code, ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0));
	emit(code, ebpf_exit());
}

/* Makes the jump or call at `at` go to the next instruction that is emitted. */
static void jump_land(GArray *code, unsigned int at)
{
	struct bpf_insn *insn = &g_array_index(code, struct bpf_insn, at);
	unsigned int distance = code->len - at - 1;

	if (insn->src_reg == BPF_PSEUDO_CALL && insn->code == (BPF_JMP | BPF_CALL))
		insn->imm = (int32_t)distance;
	else
		insn->off = (int16_t)distance;
}

/* STUB_STATS: the CPU's counts among those of tracepoints. */
static void emit_stats(GArray *code, const struct probe_stub *stub)
{
	unsigned int found;

	emit(code, ebpf_call(BPF_FUNC_get_smp_processor_id));
	emit(code, ebpf_alu32_imm(BPF_ADD, BPF_REG_0, FRAME_TRACEPOINT * stub->cpus));
	emit(code, ebpf_store(BPF_W, BPF_REG_10, -STACK_KEY, BPF_REG_0));
	emit_load_map(code, BPF_REG_1, stub->stats_fd);
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10));
	emit(code, ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -STACK_KEY));
	emit(code, ebpf_call(BPF_FUNC_map_lookup_elem));
	found = code->len;
	emit(code, ebpf_jump64_imm(BPF_JNE, BPF_REG_0, 0, 0));
	emit_exit(code);
	jump_land(code, found);
	emit(code, ebpf_alu64_reg(BPF_MOV, STUB_STATS, BPF_REG_0));
}

/* Stores an argument of the tracepoint in the call. */
static void emit_argument(GArray *code, uint8_t argument, int16_t at)
{
	if (argument == PROBE_NO_ARGUMENT) {
		emit(code, ebpf_store_imm(BPF_DW, STUB_CALL, at, 0));
		return;
	}
	emit(code, ebpf_load(BPF_DW, BPF_REG_1, STUB_CONTEXT, (int16_t)(argument * 8)));
	emit(code, ebpf_store(BPF_DW, STUB_CALL, at, BPF_REG_1));
}

/* Raises the depth first: a tracepoint that interrupts this one then uses the next call. */
static void emit_enter(GArray *code, const struct probe_stub *stub)
{
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_1, STUB_CALL));
	emit(code, ebpf_alu32_imm(BPF_ADD, BPF_REG_1, 1));
	emit(code, ebpf_store(BPF_W, STUB_STATS, AT_DEPTH, BPF_REG_1));
	emit(code, ebpf_alu64_imm(BPF_MUL, STUB_CALL, sizeof(struct probe_call)));
	emit(code, ebpf_alu64_reg(BPF_ADD, STUB_CALL, STUB_STATS));
	emit(code, ebpf_store_imm(BPF_W, STUB_CALL, AT_CALL(number), stub->number));
	emit_argument(code, stub->config.packet, AT_CALL(packet));
	emit_argument(code, stub->config.state, AT_CALL(state));
	emit_argument(code, stub->config.reason, AT_CALL(reason));
}

static void emit_leave(GArray *code)
{
	emit(code, ebpf_load(BPF_W, BPF_REG_1, STUB_STATS, AT_DEPTH));
	emit(code, ebpf_alu32_imm(BPF_ADD, BPF_REG_1, (uint32_t)-1));
	emit(code, ebpf_store(BPF_W, STUB_STATS, AT_DEPTH, BPF_REG_1));
	emit_exit(code);
}

static void emit_too_deep(GArray *code)
{
	emit(code, ebpf_alu64_imm(BPF_MOV, BPF_REG_1, 1));
	emit(code,
		ebpf_insn(BPF_STX | BPF_DW | BPF_ATOMIC, STUB_STATS, BPF_REG_1, AT_TOO_DEEP,
			BPF_ADD));
	emit_exit(code);
}

static void emit_stages(GArray *code, const struct probe_stub *stub)
{
	emit_load_map(code, BPF_REG_2, stub->stages_fd);
	emit(code, ebpf_alu64_imm(BPF_MOV, BPF_REG_3, STAGE_CAPTURE_PROBE));
	emit(code, ebpf_call(BPF_FUNC_tail_call));
	emit_exit(code);
}

/* Appends both functions; returns the index of the second. */
static uint32_t code_assemble(const struct probe_stub *stub, GArray *code)
{
	unsigned int deep, call, second;

	emit(code, ebpf_alu64_reg(BPF_MOV, STUB_CONTEXT, BPF_REG_1));
	emit_stats(code, stub);
	emit(code, ebpf_load(BPF_W, STUB_CALL, STUB_STATS, AT_DEPTH));
	deep = code->len;
	emit(code, ebpf_jump64_imm(BPF_JGE, STUB_CALL, TRACEPOINT_DEPTH, 0));
	emit_enter(code, stub);
	emit(code, ebpf_alu64_reg(BPF_MOV, BPF_REG_1, STUB_CONTEXT));
	call = code->len;
	emit(code, ebpf_insn(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0));
	emit_leave(code);
	jump_land(code, deep);
	emit_too_deep(code);
	second = code->len;
	jump_land(code, call);
	emit_stages(code, stub);
	return second;
}

/*
 * Adds the types of both functions, int (void *), which the verifier needs for one that tail-calls.
 * Returns the id of the first, or a negative errno.
 */
static int types_add(struct btf *btf)
{
	int number = btf__add_int(btf, "int", sizeof(int), BTF_INT_SIGNED);
	int pointer = btf__add_ptr(btf, 0);
	int prototype = btf__add_func_proto(btf, number);
	int r = btf__add_func_param(btf, "context", pointer), first;

	if (number < 0 || pointer < 0 || prototype < 0 || r < 0)
		return -ENOMEM;
	first = btf__add_func(btf, "probe", BTF_FUNC_STATIC, prototype);
	r = btf__add_func(btf, "stages", BTF_FUNC_STATIC, prototype);
	return first < 0 || r < 0 ? -ENOMEM : first;
}

static int program_load(GArray *code, uint32_t second, const struct btf *btf, uint32_t type)
{
	const struct bpf_func_info functions[] = {
		{ .insn_off = 0, .type_id = type },
		{ .insn_off = second, .type_id = type + 1 },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_btf_fd = (uint32_t)btf__fd(btf),
		.func_info = functions, .func_info_cnt = G_N_ELEMENTS(functions),
		.func_info_rec_size = sizeof(functions[0]));

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, PROGRAM_NAME, "GPL",
		(const struct bpf_insn *)(const void *)code->data, code->len, &options);
}

int probe_stub_load(const struct probe_stub *stub)
{
	g_autoptr(GArray) code = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
	uint32_t second = code_assemble(stub, code);
	struct btf *btf = btf__new_empty();
	int r, type;

	if (!btf)
		return -ENOMEM;
	type = types_add(btf);
	r = type < 0 ? type : btf__load_into_kernel(btf);
	if (r == 0)
		r = program_load(code, second, btf, (uint32_t)type);
	btf__free(btf);
	return r;
}
