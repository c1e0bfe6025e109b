/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the cost of a tail call on this machine: none, one to a number that the verifier knows
 * (a direct jump that the kernel patches), one to a number that it does not know (an indirect jump,
 * with the machine's mitigations). Needs root.
 */
#include <bpf/bpf.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/filter/ebpf.h"

#define STAGE  2
#define RUNS   10000000
#define ROUNDS 5

static int program_load(const char *name, const struct bpf_insn *code, size_t count)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name, "GPL", code, count, NULL);

	if (fd < 0) {
		fprintf(stderr, "can't load %s: %s\n", name, g_strerror(-fd));
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int load_end(void)
{
	const struct bpf_insn code[] = {
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 1),
		ebpf_exit(),
	};

	return program_load("end", code, G_N_ELEMENTS(code));
}

static int load_direct(int stages)
{
	const struct bpf_insn code[] = {
		ebpf_load_map(BPF_REG_2, stages),
		{ 0 },
		ebpf_alu64_imm(BPF_MOV, BPF_REG_3, STAGE),
		ebpf_call(BPF_FUNC_tail_call),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0),
		ebpf_exit(),
	};

	return program_load("direct", code, G_N_ELEMENTS(code));
}

/* As stage_call in bpf/maps.h: the stage plus a variable that is 0. */
static int load_indirect(int stages)
{
	int variable = bpf_map_create(
		BPF_MAP_TYPE_ARRAY, "zero", sizeof(uint32_t), sizeof(uint32_t), 1, NULL);
	struct bpf_insn code[] = {
		ebpf_load_map(BPF_REG_2, variable),
		{ 0 },
		ebpf_load(BPF_W, BPF_REG_3, BPF_REG_2, 0),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_3, STAGE),
		ebpf_load_map(BPF_REG_2, stages),
		{ 0 },
		ebpf_call(BPF_FUNC_tail_call),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0),
		ebpf_exit(),
	};

	code[0].src_reg = BPF_PSEUDO_MAP_VALUE;
	return program_load("indirect", code, G_N_ELEMENTS(code));
}

/* Nanoseconds a run. */
static uint32_t measure(int fd)
{
	uint8_t packet[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		.repeat = RUNS);
	int r = bpf_prog_test_run_opts(fd, &options);

	if (r < 0 || options.retval != 1) {
		fprintf(stderr, "a program did not run to its end: %d\n", r);
		exit(EXIT_FAILURE);
	}
	return options.duration;
}

int main(void)
{
	int stages = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "stages", sizeof(uint32_t),
		sizeof(uint32_t), STAGE + 1, NULL);
	int end = load_end(), direct = load_direct(stages), indirect = load_indirect(stages);
	uint32_t slot = STAGE;

	if (bpf_map_update_elem(stages, &slot, &end, BPF_ANY) < 0) {
		fputs("can't fill the program array\n", stderr);
		return EXIT_FAILURE;
	}
	puts("ns a run: none direct indirect");
	for (int round = 0; round < ROUNDS; round++)
		printf("%u %u %u\n", measure(end), measure(direct), measure(indirect));
	return EXIT_SUCCESS;
}
