/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of drop counters as the kernel side writes it, run in the kernel on several CPUs at
 * once. Needs root and BPF_PROG_TEST_RUN.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/shared/drop-slots.h"
#include "daemon/pipeline/ring.h"

#define SLOTS   64
#define BYTES   60
#define THREADS 4
#define CALLS   400
#define EACH    20000

static const char *object_path;
static struct bpf_object *object;
static struct drop_slot *slots;
static struct drop_words *words;
static struct drop_control *control;
static int program;

static void *map_memory(const char *name, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	void *address;

	ck_assert_ptr_nonnull(map);
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	ck_assert_ptr_ne(address, MAP_FAILED);
	return address;
}

static struct bpf_map *map_of(const char *suffix)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		if (g_str_has_suffix(bpf_map__name(map), suffix))
			return map;
	}
	return NULL;
}

static void room_set(uint32_t max)
{
	control->max = control->shares[DROP_SHARE_HOST].max = max;
}

static void set_up(void)
{
	struct bpf_map *variables;

	object = bpf_object__open(object_path);
	ck_assert_ptr_nonnull(object);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "drop_slots"), SLOTS);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "drop_words"), SLOTS);
	ck_assert_int_eq(bpf_object__load(object), 0);
	slots = map_memory("drop_slots", SLOTS * sizeof(*slots));
	words = map_memory("drop_words", SLOTS * sizeof(*words));
	variables = map_of(".bss");
	ck_assert_ptr_nonnull(variables);
	control = mmap(NULL, bpf_map__value_size(variables), PROT_READ | PROT_WRITE, MAP_SHARED,
		bpf_map__fd(variables), 0);
	ck_assert_ptr_ne(control, MAP_FAILED);
	room_set(SLOTS / 2);
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "drop_many"));
	ck_assert_int_ge(program, 0);
}

static void tear_down(void)
{
	bpf_object__close(object);
}

/* Counts drops; the index of their slot, or -1. */
static int drop_shared(uint64_t rule, uint64_t now, uint64_t count, enum drop_share share)
{
	uint64_t arguments[] = { 7, 2, 3, rule, 1, BYTES, now, count, share };
	LIBBPF_OPTS(
		bpf_test_run_opts, options, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));

	ck_assert_int_eq(bpf_prog_test_run_opts(program, &options), 0);
	return (int)options.retval;
}

static int drop_several(uint64_t rule, uint64_t now, uint64_t count)
{
	return drop_shared(rule, now, count, DROP_SHARE_HOST);
}

static int drop(uint64_t rule, uint64_t now)
{
	return drop_several(rule, now, 1);
}

static uint64_t packets_of(uint64_t rule)
{
	uint64_t sum = 0;

	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].state == DROP_COUNTING && slots[i].key.rule == rule) {
			ck_assert_uint_eq(slots[i].bytes, slots[i].packets * BYTES);
			sum += slots[i].packets;
		}
	}
	return sum;
}

START_TEST(a_key_has_one_slot)
{
	int index = drop(11, 5);

	ck_assert_int_ge(index, 0);
	ck_assert_int_eq(drop(11, 9), index);
	ck_assert_int_ne(drop(12, 9), index);
	ck_assert_uint_eq(slots[index].state, DROP_COUNTING);
	ck_assert_uint_eq(slots[index].named, 1);
	ck_assert_uint_eq(slots[index].packets, 2);
	ck_assert_uint_eq(slots[index].first, 5);
	ck_assert_uint_eq(slots[index].last, 9);
	ck_assert_uint_eq(slots[index].key.netns, 7);
	ck_assert_uint_eq(slots[index].key.family, 1);
	ck_assert_uint_eq(control->used, 2);
}
END_TEST

START_TEST(every_key_up_to_the_limit_has_a_slot_and_no_more)
{
	unsigned int refused = 0;

	for (uint64_t rule = 1; rule <= SLOTS; rule++)
		refused += drop(rule, 1) < 0;
	ck_assert_uint_eq(refused, SLOTS / 2);
	ck_assert_uint_eq(control->used, SLOTS / 2);
	for (uint64_t rule = 1; rule <= SLOTS / 2; rule++)
		ck_assert_int_ge(drop(rule, 1), 0);
	for (uint64_t rule = 1; rule <= SLOTS / 2; rule++)
		ck_assert_uint_eq(packets_of(rule), 2);
}
END_TEST

START_TEST(a_table_may_be_full_to_the_last_slot)
{
	room_set(SLOTS);
	for (uint64_t rule = 1; rule <= SLOTS; rule++)
		ck_assert_int_ge(drop(rule, 1), 0);
	ck_assert_int_lt(drop(SLOTS + 1, 1), 0);
	for (uint64_t rule = 1; rule <= SLOTS; rule++)
		ck_assert_uint_eq(packets_of(rule), 1);
}
END_TEST

START_TEST(a_share_takes_no_more_than_it_may_have)
{
	unsigned int counted = 0;

	control->shares[DROP_SHARE_USERS].max = SLOTS / 8;
	for (uint64_t rule = 1; rule <= 10 * SLOTS; rule++)
		counted += drop_shared(rule, 1, 1, DROP_SHARE_USERS) >= 0;
	ck_assert_uint_eq(counted, SLOTS / 8);
	ck_assert_uint_eq(control->shares[DROP_SHARE_USERS].used, SLOTS / 8);
	ck_assert_uint_eq(control->used, SLOTS / 8);
	/* Existing counters still count. */
	for (uint64_t rule = 1; rule <= SLOTS / 8; rule++)
		ck_assert_int_ge(drop_shared(rule, 1, 1, DROP_SHARE_USERS), 0);
	for (uint64_t rule = 1; rule <= SLOTS / 8; rule++)
		ck_assert_uint_eq(packets_of(rule), 2);
	/* The host may use the rest. */
	for (uint64_t rule = 1001; rule <= 1000 + SLOTS / 2 - SLOTS / 8; rule++)
		ck_assert_int_ge(drop(rule, 1), 0);
	ck_assert_int_lt(drop(2000, 1), 0);
	ck_assert_uint_eq(control->used, SLOTS / 2);
}
END_TEST

START_TEST(slots_of_the_hosts_are_left_to_it)
{
	unsigned int counted = 0;

	room_set(SLOTS);
	control->shares[DROP_SHARE_USERS].max = SLOTS;
	for (uint64_t rule = 1; rule <= 10 * SLOTS; rule++)
		counted += drop_shared(rule, 1, 1, DROP_SHARE_USERS) >= 0;
	ck_assert_uint_eq(counted, SLOTS - SLOTS / DROP_HOST_EVERY);
	for (int i = 0; i < SLOTS; i++)
		ck_assert_int_eq(
			slots[i].state == DROP_FREE, i % DROP_HOST_EVERY == DROP_HOST_EVERY - 1);
	for (uint64_t rule = 1001; rule <= 1000 + SLOTS / DROP_HOST_EVERY; rule++)
		ck_assert_int_ge(drop(rule, 1), 0);
	ck_assert_uint_eq(control->used, SLOTS);
}
END_TEST

START_TEST(leaving_slot_stops_counting_and_freed_slot_is_reused)
{
	int index, next;

	room_set(1);
	index = drop(11, 1);
	slots[index].state = DROP_LEAVING;
	ck_assert_int_lt(drop(11, 2), 0);
	ck_assert_uint_eq(slots[index].packets, 1);

	slots[index] = (struct drop_slot){ .state = DROP_GONE };
	control->used--;
	control->shares[DROP_SHARE_HOST].used--;
	next = drop(11, 3);
	ck_assert_int_eq(next, index);
	ck_assert_uint_eq(slots[index].packets, 1);
	ck_assert_uint_eq(slots[index].first, 3);
}
END_TEST

START_TEST(lookup_continues_behind_a_freed_slot)
{
	int index[SLOTS];

	room_set(SLOTS);
	for (uint64_t rule = 0; rule < SLOTS; rule++)
		index[rule] = drop(rule, 1);
	for (uint64_t rule = 0; rule < SLOTS; rule += 2)
		slots[index[rule]] = (struct drop_slot){ .state = DROP_GONE };
	for (uint64_t rule = 1; rule < SLOTS; rule += 2) {
		ck_assert_int_eq(drop(rule, 1), index[rule]);
		ck_assert_uint_eq(packets_of(rule), 2);
	}
}
END_TEST

static void ignore(void *context, uint64_t position, const void *data, uint32_t size)
{
	ck_assert_uint_eq(size, 4);
	memcpy(context, data, 4);
}

START_TEST(new_slots_and_lack_of_room_are_reported)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "drop_news");
	uint32_t told = 0;
	struct ring *ring;
	int index;

	ck_assert_int_eq(ring_new(bpf_map__fd(map), &ring), 0);
	room_set(1);
	index = drop(11, 1);
	ck_assert_uint_eq(ring_drain(ring, 10, ignore, &told), 1);
	ck_assert_int_eq((int)told, index);
	ring_release(ring);
	drop(11, 2);
	ck_assert_uint_eq(ring_drain(ring, 10, ignore, &told), 0);

	drop(12, DROP_NEED_INTERVAL);
	drop(12, DROP_NEED_INTERVAL + 1);
	ck_assert_uint_eq(ring_drain(ring, 10, ignore, &told), 1);
	ck_assert_uint_eq(told, ~0u);
	ring_release(ring);
	drop(12, 2 * DROP_NEED_INTERVAL);
	ck_assert_uint_eq(ring_drain(ring, 10, ignore, &told), 1);
	ring_free(ring);
}
END_TEST

START_TEST(examples_are_taken_now_and_then)
{
	int index = drop(11, DROP_EXAMPLE_INTERVAL);

	ck_assert_uint_eq(words[index].example.packet[0], 1);
	drop(11, 2 * DROP_EXAMPLE_INTERVAL - 1);
	ck_assert_uint_eq(slots[index].example, DROP_EXAMPLE_INTERVAL);
	drop(11, 2 * DROP_EXAMPLE_INTERVAL);
	ck_assert_uint_eq(words[index].example.packet[DROP_PACKET_MAX - 1], 2);
	ck_assert_uint_eq(slots[index].example_sequence % 2, 0);

	/* Another CPU writes one. */
	slots[index].example_sequence++;
	drop(11, 9 * DROP_EXAMPLE_INTERVAL);
	ck_assert_uint_eq(words[index].example.packet[0], 2);
}
END_TEST

struct share {
	unsigned int thread;
	uint64_t refused;
	uint64_t counted[SLOTS];
	int done;
};

/* Every call is of another time, and so has another example. */
static void *drop_many(void *context)
{
	struct share *share = context;

	for (unsigned int i = 0; i < CALLS; i++) {
		uint64_t rule = i % 8 ? 0 : i / 8 % 40;

		if (drop_several(rule, (uint64_t)(i + 1) * DROP_EXAMPLE_INTERVAL, EACH) < 0)
			share->refused += EACH;
		else
			share->counted[rule] += EACH;
	}
	g_atomic_int_set(&share->done, 1);
	return NULL;
}

START_TEST(drops_of_several_cpus_are_counted_exactly)
{
	struct share shares[THREADS] = { 0 };
	GThread *threads[THREADS];
	uint64_t refused = 0, counted = 0;

	for (unsigned int i = 0; i < THREADS; i++) {
		shares[i].thread = i;
		threads[i] = g_thread_new("drops", drop_many, &shares[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		g_thread_join(threads[i]);
		refused += shares[i].refused;
	}
	for (uint64_t rule = 0; rule < 40; rule++) {
		uint64_t sum = 0;

		for (unsigned int i = 0; i < THREADS; i++)
			sum += shares[i].counted[rule];
		ck_assert_uint_eq(packets_of(rule), sum);
		counted += sum;
	}
	ck_assert_uint_eq(counted + refused, (uint64_t)THREADS * CALLS * EACH);
	ck_assert_uint_eq(control->used, SLOTS / 2);
	for (int i = 0; i < SLOTS; i++)
		ck_assert_uint_eq(slots[i].example_sequence % 2, 0);
}
END_TEST

START_TEST(no_example_is_torn)
{
	struct share share = { 0 };
	GThread *thread;
	unsigned int seen = 0;

	thread = g_thread_new("drops", drop_many, &share);
	while (!g_atomic_int_get(&share.done)) {
		for (int i = 0; i < SLOTS; i++) {
			uint32_t turn =
				__atomic_load_n(&slots[i].example_sequence, __ATOMIC_ACQUIRE);
			struct drop_example example = words[i].example;

			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (turn % 2 ||
				__atomic_load_n(&slots[i].example_sequence, __ATOMIC_RELAXED) !=
					turn)
				continue;
			for (int j = 1; j < DROP_PACKET_MAX; j++)
				ck_assert_uint_eq(example.packet[j], example.packet[0]);
			seen++;
		}
	}
	g_thread_join(thread);
	ck_assert_uint_gt(seen, 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("drop_table");
	TCase *tcase = tcase_create("table");
	SRunner *runner = srunner_create(suite);
	int failed;

	object_path = argv[1];
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_key_has_one_slot);
	tcase_add_test(tcase, every_key_up_to_the_limit_has_a_slot_and_no_more);
	tcase_add_test(tcase, a_table_may_be_full_to_the_last_slot);
	tcase_add_test(tcase, a_share_takes_no_more_than_it_may_have);
	tcase_add_test(tcase, slots_of_the_hosts_are_left_to_it);
	tcase_add_test(tcase, leaving_slot_stops_counting_and_freed_slot_is_reused);
	tcase_add_test(tcase, lookup_continues_behind_a_freed_slot);
	tcase_add_test(tcase, new_slots_and_lack_of_room_are_reported);
	tcase_add_test(tcase, examples_are_taken_now_and_then);
	tcase_add_test(tcase, drops_of_several_cpus_are_counted_exactly);
	tcase_add_test(tcase, no_example_is_torn);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
