/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random classic BPF programs, the same ones on every run: many against libpcap's interpreter in
 * user space, under an interpreter that checks every access, and some of them in the kernel, too.
 */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kit/matcher-run.h"
#include "tests/unit/kit/oracle.h"
#include "tests/unit/kit/packets.h"
#include "tests/unit/kit/random-programs.h"

#define SEED         0x6e667474
#define ROUNDS       20000 /* programs in user space */
#define INPUT_SIZE   1400 /* bytes that a program and its packets are made from */
#define BATCHES      6 /* of EVENT_SESSIONS_MAX programs in the kernel */
#define BATCH_CUTS   16 /* each packet is cut at every such byte */
#define TEST_TIMEOUT 600 /* seconds; in an emulated machine */

static void fill_random(uint8_t *data, size_t size, uint64_t *state)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)packets_random(state);
}

START_TEST(random_programs_do_what_libpcap_does_and_stay_in_the_frame)
{
	g_autofree uint8_t *data = g_malloc(INPUT_SIZE);
	uint64_t state = SEED;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		g_autofree char *reason = NULL;

		fill_random(data, INPUT_SIZE, &state);
		reason = random_check(data, INPUT_SIZE);
		if (reason)
			ck_abort_msg("round %u: %s", round, reason);
	}
}
END_TEST

struct batch {
	struct filter filters[EVENT_SESSIONS_MAX];
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
};

/* Programs that libpcap defines, one a session, the same for both link types. */
static void batch_init(struct batch *batch, uint64_t *state)
{
	g_autofree uint8_t *data = g_malloc(INPUT_SIZE);

	memset(batch, 0, sizeof(*batch));
	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++) {
		struct sock_fprog *program = &batch->filters[i].programs[FILTER_RAW];

		do {
			struct random_bytes bytes = { .data = data, .size = INPUT_SIZE };

			g_free(program->filter);
			fill_random(data, INPUT_SIZE, state);
			random_program(&bytes, program);
		} while (!random_program_defined(program));
		batch->filters[i].programs[FILTER_ETHERNET] = *program;
		batch->sessions[i] = (struct matcher_session){ .bit = i,
			.verdicts = VERDICT_MASK_ALL,
			.probes = 1u << EVENT_PROBE_NFT,
			.filter = &batch->filters[i] };
	}
}

static void batch_clear(struct batch *batch)
{
	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++)
		g_free(batch->filters[i].programs[FILTER_RAW].filter);
}

static void batch_load(const struct batch *batch, struct matcher_run *run)
{
	g_autofree char *reason = NULL;
	struct matcher_budget budget;
	auto_matcher *matcher = NULL;
	int r;

	r = matcher_build(batch->sessions, EVENT_SESSIONS_MAX, 1, &matcher, &budget, &reason);
	ck_assert_msg(r == 0, "%s", reason);
	r = matcher_run_load(run, matcher, 0, &reason);
	ck_assert_msg(r == 0, "%s", reason);
}

static void batch_compare(
	const struct batch *batch, struct matcher_run *run, const struct packet *packet)
{
	uint32_t most = MIN(packet->stored, FRAME_VIEW_MAX);

	matcher_run_packet(run, packet->link, packet->data, most, packet->length);
	for (uint32_t captured = most; captured <= most; captured -= BATCH_CUTS) {
		uint64_t expected = 0;

		for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++)
			if (oracle_accepts(&batch->filters[i].programs[FILTER_RAW], packet->data,
				    captured, packet->length))
				expected |= UINT64_C(1) << i;
		run->frame->captured = captured;
		matcher_run_once(run);
		if (run->frame->sessions != expected)
			ck_abort_msg("%s, %u bytes: %llx, libpcap %llx", packet->name, captured,
				(unsigned long long)run->frame->sessions,
				(unsigned long long)expected);
		if (most > 1024)
			break;
	}
}

START_TEST(random_programs_do_in_the_kernel_what_libpcap_does)
{
	g_autoptr(GPtrArray) packets = packets_new();
	struct matcher_run run;
	uint64_t state = SEED + 1;

	matcher_run_init(&run, BPF_PROG_TYPE_RAW_TRACEPOINT);
	for (unsigned int round = 0; round < BATCHES; round++) {
		struct batch batch;

		batch_init(&batch, &state);
		batch_load(&batch, &run);
		for (unsigned int i = 0; i < packets->len; i++)
			batch_compare(&batch, &run, packets->pdata[i]);
		batch_clear(&batch);
	}
	matcher_run_clear(&run);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matcher_fuzz");
	TCase *user = tcase_create("user space"), *kernel = tcase_create("kernel");
	SRunner *runner;
	int failed;

	tcase_set_timeout(user, TEST_TIMEOUT);
	tcase_set_timeout(kernel, TEST_TIMEOUT);
	tcase_add_test(user, random_programs_do_what_libpcap_does_and_stay_in_the_frame);
	tcase_add_test(kernel, random_programs_do_in_the_kernel_what_libpcap_does);
	suite_add_tcase(suite, user);
	suite_add_tcase(suite, kernel);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
