/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The consumer of a BPF ring buffer, with records from a program of a few instructions. Needs root
 * and BPF_PROG_TEST_RUN.
 */
#include <bpf/bpf.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/filter/ebpf.h"
#include "daemon/pipeline/ring.h"

#define RING_SIZE 4096
/* With its header no divisor of the ring's size: records wrap around its end. */
#define RECORD_SIZE 32
#define HEADER_SIZE 8
#define ALL         1000

static int ring_map;
static int producer;
static struct ring *ring;

struct seen {
	unsigned int count;
	uint64_t positions[2 * RING_SIZE / RECORD_SIZE];
	uint64_t numbers[2 * RING_SIZE / RECORD_SIZE];
};

/* Puts a record into the ring whose first word is the packet's: bpf_ringbuf_output(ring, …, 32,
 * 0). */
static int producer_load(int map)
{
	const struct bpf_insn program[] = {
		ebpf_load(BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct __sk_buff, data)),
		ebpf_load(BPF_W, BPF_REG_3, BPF_REG_1, offsetof(struct __sk_buff, data_end)),
		ebpf_alu64_reg(BPF_MOV, BPF_REG_4, BPF_REG_2),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_4, 8),
		{ .code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = 4, .src_reg = 3, .off = 12 },
		ebpf_load(BPF_DW, BPF_REG_5, BPF_REG_2, 0),
		ebpf_store(BPF_DW, BPF_REG_10, -32, BPF_REG_5),
		ebpf_store(BPF_DW, BPF_REG_10, -24, BPF_REG_5),
		ebpf_store(BPF_DW, BPF_REG_10, -16, BPF_REG_5),
		ebpf_store(BPF_DW, BPF_REG_10, -8, BPF_REG_5),
		ebpf_load_map(BPF_REG_1, map),
		{},
		ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -32),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_3, RECORD_SIZE),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_4, 0),
		ebpf_call(BPF_FUNC_ringbuf_output),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0),
		ebpf_exit(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "producer", "GPL", program,
		sizeof(program) / sizeof(program[0]), NULL);
}

static void produce(uint64_t number)
{
	uint64_t packet[8] = { number };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet));

	ck_assert_int_eq(bpf_prog_test_run_opts(producer, &options), 0);
}

static void take(void *context, uint64_t position, const void *data, uint32_t size)
{
	struct seen *seen = context;
	const uint64_t *words = data;

	ck_assert_uint_eq(size, RECORD_SIZE);
	ck_assert_uint_eq(words[0], words[2]);
	ck_assert_uint_eq(words[1], words[2]);
	ck_assert_uint_eq(words[3], words[2]);
	seen->positions[seen->count] = position;
	seen->numbers[seen->count] = words[2];
	seen->count++;
}

static void setup(void)
{
	ring_map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, RING_SIZE, NULL);
	ck_assert_int_ge(ring_map, 0);
	producer = producer_load(ring_map);
	ck_assert_int_ge(producer, 0);
	ck_assert_int_eq(ring_new(ring_map, &ring), 0);
}

static void teardown(void)
{
	ring = ring_free(ring);
	close(producer);
	close(ring_map);
}

START_TEST(an_empty_ring_hands_over_nothing)
{
	struct seen seen = { 0 };

	ck_assert_uint_eq(ring_drain(ring, ALL, take, &seen), 0);
	ck_assert_uint_eq(ring_producer_position(ring), 0);
	ck_assert_uint_eq(ring_consumer_position(ring), 0);
}
END_TEST

START_TEST(records_come_in_order_with_their_positions)
{
	struct seen seen = { 0 };

	for (uint64_t i = 0; i < 3; i++)
		produce(i + 7);
	ck_assert_uint_eq(ring_drain(ring, ALL, take, &seen), 3);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(seen.numbers[i], i + 7);
		ck_assert_uint_eq(seen.positions[i], (uint64_t)i * (HEADER_SIZE + RECORD_SIZE));
	}
}
END_TEST

START_TEST(no_more_are_handed_over_than_asked_for)
{
	struct seen seen = { 0 };

	for (uint64_t i = 0; i < 3; i++)
		produce(i);
	ck_assert_uint_eq(ring_drain(ring, 2, take, &seen), 2);
	ck_assert_uint_eq(ring_drain(ring, 2, take, &seen), 1);
	ck_assert_uint_eq(seen.numbers[2], 2);
}
END_TEST

START_TEST(what_was_handed_over_is_there_until_it_is_released)
{
	struct seen seen = { 0 }, again = { 0 };
	struct ring *next;

	for (uint64_t i = 0; i < 3; i++)
		produce(i);
	ck_assert_uint_eq(ring_drain(ring, 2, take, &seen), 2);
	ck_assert_uint_eq(ring_consumer_position(ring), 0);
	/* The next reader after one that was killed here gets all of it. */
	ck_assert_int_eq(ring_new(ring_map, &next), 0);
	ck_assert_uint_eq(ring_drain(next, ALL, take, &again), 3);
	ck_assert_uint_eq(again.positions[1], seen.positions[1]);
	ring_free(next);

	ring_release(ring);
	ck_assert_uint_eq(ring_consumer_position(ring), 2 * (HEADER_SIZE + RECORD_SIZE));
	ck_assert_uint_eq(ring_drain(ring, ALL, take, &seen), 1);
	ck_assert_uint_eq(seen.numbers[2], 2);
	ring_release(ring);
	ck_assert_uint_eq(ring_consumer_position(ring), ring_producer_position(ring));
}
END_TEST

START_TEST(a_part_is_handed_over_before_it_is_released)
{
	struct seen seen = { 0 };
	unsigned int part;

	for (uint64_t i = 0; i < RING_SIZE / (HEADER_SIZE + RECORD_SIZE) / 2; i++)
		produce(i);
	part = ring_drain(ring, ALL, take, &seen);
	ck_assert_uint_gt(part, 0);
	ck_assert_uint_le(part * (HEADER_SIZE + RECORD_SIZE), RING_SIZE / 4);
	ck_assert_uint_eq(ring_drain(ring, ALL, take, &seen), 0);
	ring_release(ring);
	ck_assert_uint_eq(ring_drain(ring, ALL, take, &seen), part);
}
END_TEST

START_TEST(the_end_of_the_ring_is_no_end)
{
	uint64_t number = 0;

	for (unsigned int round = 0; round < 5; round++) {
		struct seen seen = { 0 };
		uint64_t first = number;

		for (unsigned int i = 0; i < 100; i++)
			produce(number++);
		while (ring_drain(ring, ALL, take, &seen) > 0)
			ring_release(ring);
		ck_assert_uint_eq(seen.count, 100);
		for (unsigned int i = 0; i < 100; i++)
			ck_assert_uint_eq(seen.numbers[i], first + i);
	}
	ck_assert_uint_gt(ring_consumer_position(ring), 2 * RING_SIZE);
}
END_TEST

START_TEST(only_rings_are_taken)
{
	int array = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 4, 1, NULL);
	struct ring *other = NULL;

	ck_assert_int_eq(ring_new(array, &other), -EINVAL);
	ck_assert_ptr_null(other);
	close(array);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ring");
	TCase *tests = tcase_create("ring");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, an_empty_ring_hands_over_nothing);
	tcase_add_test(tests, records_come_in_order_with_their_positions);
	tcase_add_test(tests, no_more_are_handed_over_than_asked_for);
	tcase_add_test(tests, what_was_handed_over_is_there_until_it_is_released);
	tcase_add_test(tests, a_part_is_handed_over_before_it_is_released);
	tcase_add_test(tests, the_end_of_the_ring_is_no_end);
	tcase_add_test(tests, only_rings_are_taken);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
