/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stub of a tracepoint, run in this kernel: what it passes to the stages, and the depth that it
 * sets, while they run and after them. Needs root.
 */
#include <bpf/bpf.h>
#include <check.h>
#include <glib.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/filter/ebpf.h"
#include "daemon/pipeline/tracepoint-stub.h"
#include "journal/base/cleanup.h"

#define CPUS   1024 /* more than any test machine has; the rows of one CPU are this far apart */
#define NUMBER 7

static int stats_fd = -1, stages_fd = -1;
static struct cpu_stats *stats; /* of all CPUs and frames */

static void fixture_make(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	uint32_t rows = CPUS * FRAME_OWNERS;

	stats_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "stats", sizeof(uint32_t),
		sizeof(struct cpu_stats), rows, &options);
	stages_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "stages", sizeof(uint32_t),
		sizeof(uint32_t), STAGE_COUNT, NULL);
	ck_assert_msg(stats_fd >= 0 && stages_fd >= 0, "maps can't be made: is this root?");
	stats = mmap(NULL, sizeof(struct cpu_stats) * (size_t)rows, PROT_READ | PROT_WRITE,
		MAP_SHARED, stats_fd, 0);
	ck_assert_ptr_ne(stats, MAP_FAILED);
}

static void fixture_clear(void)
{
	munmap(stats, sizeof(struct cpu_stats) * (size_t)CPUS * FRAME_OWNERS);
	fd_close(&stats_fd);
	fd_close(&stages_fd);
}

/* The counts of a CPU in a tracepoint's frame. */
static struct cpu_stats *stats_row(unsigned int cpu)
{
	return &stats[FRAME_TRACEPOINT * CPUS + cpu];
}

/* Stands in for CAPTURE: records the depth, and that it ran. */
static void install_capture(void)
{
	const struct bpf_insn code[] = {
		ebpf_call(BPF_FUNC_get_smp_processor_id),
		ebpf_alu32_imm(BPF_ADD, BPF_REG_0, FRAME_TRACEPOINT * CPUS),
		ebpf_store(BPF_W, BPF_REG_10, -8, BPF_REG_0),
		ebpf_load_map(BPF_REG_1, stats_fd),
		{ 0 },
		ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -8),
		ebpf_call(BPF_FUNC_map_lookup_elem),
		ebpf_jump64_imm(BPF_JEQ, BPF_REG_0, 0, 5),
		ebpf_load(
			BPF_W, BPF_REG_1, BPF_REG_0, offsetof(struct cpu_stats, tracepoints.depth)),
		ebpf_store(BPF_DW, BPF_REG_0, offsetof(struct cpu_stats, counts[COUNT_NESTED]),
			BPF_REG_1),
		ebpf_load(BPF_DW, BPF_REG_1, BPF_REG_0,
			offsetof(struct cpu_stats, counts[COUNT_CALLS])),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_1, 1),
		ebpf_store(BPF_DW, BPF_REG_0, offsetof(struct cpu_stats, counts[COUNT_CALLS]),
			BPF_REG_1),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0),
		ebpf_exit(),
	};
	auto_fd fd = bpf_prog_load(
		BPF_PROG_TYPE_RAW_TRACEPOINT, "capture", "GPL", code, G_N_ELEMENTS(code), NULL);
	uint32_t slot = STAGE_CAPTURE_PROBE;

	ck_assert_msg(fd >= 0, "the stand-in for CAPTURE: %s", g_strerror(-fd));
	ck_assert_int_eq(bpf_map_update_elem(stages_fd, &slot, &fd, BPF_ANY), 0);
}

static int stub_new(struct probe_config config)
{
	const struct probe_stub stub = {
		.config = config,
		.number = NUMBER,
		.cpus = CPUS,
		.stats_fd = stats_fd,
		.stages_fd = stages_fd,
	};
	int fd = probe_stub_load(&stub);

	ck_assert_msg(fd >= 0, "the kernel refused the stub: %s", g_strerror(-fd));
	return fd;
}

static void stub_run(int fd)
{
	uint64_t arguments[] = { 0xa0, 0xa1, 0xa2, 0xa3 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = arguments,
		.ctx_size_in = sizeof(arguments), .flags = BPF_F_TEST_RUN_ON_CPU);

	ck_assert_int_eq(bpf_prog_test_run_opts(fd, &options), 0);
}

static struct probe_config tracepoint(uint8_t packet, uint8_t state, uint8_t reason)
{
	return (struct probe_config){
		.attach = EVENT_ATTACH_RAW_TRACEPOINT,
		.packet = packet,
		.state = state,
		.reason = reason,
	};
}

START_TEST(the_stages_are_told_the_probe_and_its_arguments)
{
	auto_fd fd = stub_new(tracepoint(1, PROBE_NO_ARGUMENT, 3));
	struct probe_call *call = &stats_row(0)->tracepoints.calls[0];

	install_capture();
	call->state = 99;
	stub_run(fd);
	ck_assert_uint_eq(stats_row(0)->counts[COUNT_CALLS], 1);
	ck_assert_uint_eq(call->number, NUMBER);
	ck_assert_uint_eq(call->packet, 0xa1);
	ck_assert_uint_eq(call->state, 0);
	ck_assert_uint_eq(call->reason, 0xa3);
}
END_TEST

START_TEST(while_the_stages_run_it_is_one_deeper_and_after_them_as_before)
{
	auto_fd fd = stub_new(tracepoint(0, PROBE_NO_ARGUMENT, PROBE_NO_ARGUMENT));
	struct cpu_stats *row = stats_row(0);

	install_capture();
	stub_run(fd);
	ck_assert_uint_eq(row->counts[COUNT_NESTED], 1);
	ck_assert_uint_eq(row->tracepoints.depth, 0);

	/* As if it interrupted two others. */
	memset(row->tracepoints.calls, 0xee, sizeof(row->tracepoints.calls));
	row->tracepoints.depth = 2;
	stub_run(fd);
	ck_assert_uint_eq(row->counts[COUNT_NESTED], 3);
	ck_assert_uint_eq(row->tracepoints.depth, 2);
	ck_assert_uint_eq(row->tracepoints.calls[1].packet, 0xeeeeeeeeeeeeeeee);
	ck_assert_uint_eq(row->tracepoints.calls[2].packet, 0xa0);
	ck_assert_uint_eq(row->tracepoints.calls[3].packet, 0xeeeeeeeeeeeeeeee);
}
END_TEST

START_TEST(without_stages_the_depth_is_as_before_too)
{
	auto_fd fd = stub_new(tracepoint(0, PROBE_NO_ARGUMENT, PROBE_NO_ARGUMENT));

	stub_run(fd);
	ck_assert_uint_eq(stats_row(0)->tracepoints.depth, 0);
	ck_assert_uint_eq(stats_row(0)->counts[COUNT_CALLS], 0);
}
END_TEST

START_TEST(deeper_than_there_are_frames_is_counted_and_touches_nothing)
{
	auto_fd fd = stub_new(tracepoint(0, 1, 2));
	struct cpu_stats *row = stats_row(0);

	install_capture();
	row->tracepoints.depth = TRACEPOINT_DEPTH;
	stub_run(fd);
	stub_run(fd);
	ck_assert_uint_eq(row->counts[COUNT_TOO_DEEP], 2);
	ck_assert_uint_eq(row->counts[COUNT_CALLS], 0);
	ck_assert_uint_eq(row->tracepoints.depth, TRACEPOINT_DEPTH);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe stubs");
	TCase *cases = tcase_create("probe stubs");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, fixture_make, fixture_clear);
	tcase_add_test(cases, the_stages_are_told_the_probe_and_its_arguments);
	tcase_add_test(cases, while_the_stages_run_it_is_one_deeper_and_after_them_as_before);
	tcase_add_test(cases, without_stages_the_depth_is_as_before_too);
	tcase_add_test(cases, deeper_than_there_are_frames_is_counted_and_touches_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
