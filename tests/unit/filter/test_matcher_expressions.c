/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generated code in the kernel against libpcap's own interpreter: several hundred expressions,
 * 64 at a time, on several hundred packets, whole and cut off at each byte.
 */
#include <check.h>
#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/unit/kit/expressions.h"
#include "tests/unit/kit/matcher-run.h"
#include "tests/unit/kit/oracle.h"
#include "tests/unit/kit/packets.h"

/* A packet is cut at each length up to this one, and then at every CUT_STEP-th. */
#define CUT_EACH          72
#define CUT_STEP          13
#define CUT_LAST          1600
#define EXPRESSIONS_LEAST 500
#define PACKETS_LEAST     300
#define TEST_TIMEOUT      600 /* seconds; in an emulated machine */
#define ALL_PROBES        (1u << EVENT_PROBE_NFT)

/* As many sessions as there are bits, one expression each. */
struct batch {
	struct filter *filters[EVENT_SESSIONS_MAX];
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	unsigned int count;
};

static void batch_init(struct batch *batch, const GPtrArray *expressions, unsigned int from)
{
	batch->count = MIN(expressions->len - from, EVENT_SESSIONS_MAX);
	for (unsigned int i = 0; i < batch->count; i++) {
		g_autofree char *reason = NULL;
		int r = filter_new(expressions->pdata[from + i], &batch->filters[i], &reason);

		ck_assert_msg(r == 0, "%s: %s", (char *)expressions->pdata[from + i], reason);
		batch->sessions[i] = (struct matcher_session){
			.bit = i,
			.verdicts = VERDICT_MASK_ALL,
			.probes = ALL_PROBES,
			.filter = batch->filters[i],
		};
	}
}

static void batch_clear(struct batch *batch)
{
	for (unsigned int i = 0; i < batch->count; i++)
		batch->filters[i] = filter_free(batch->filters[i]);
}

static void batch_load(const struct batch *batch, struct matcher_run *run)
{
	g_autofree char *reason = NULL;
	struct matcher_budget budget;
	auto_matcher *matcher = NULL;
	int r;

	r = matcher_build(batch->sessions, batch->count, 1, &matcher, &budget, &reason);
	ck_assert_msg(r == 0, "%s", reason);
	r = matcher_run_load(run, matcher, 0, &reason);
	ck_assert_msg(r == 0, "%s", reason);
}

static uint64_t batch_expected(
	const struct batch *batch, const struct packet *packet, uint32_t captured)
{
	enum filter_variant variant =
		packet->link == EVENT_LINK_ETHERNET ? FILTER_ETHERNET : FILTER_RAW;
	uint64_t expected = 0;

	for (unsigned int i = 0; i < batch->count; i++)
		if (oracle_accepts(&batch->filters[i]->programs[variant], packet->data, captured,
			    packet->length))
			expected |= UINT64_C(1) << i;
	return expected;
}

static void compare(const struct batch *batch, struct matcher_run *run, const struct packet *packet,
	uint32_t captured)
{
	uint64_t expected = batch_expected(batch, packet, captured), wrong;

	run->frame->captured = captured;
	matcher_run_once(run);
	wrong = run->frame->sessions ^ expected;
	/* Check writes to a file at each assertion, even one that holds. */
	if (wrong)
		ck_abort_msg("\"%s\" on %s, %u of %u bytes: libpcap says %s, we do not",
			batch->filters[__builtin_ctzll(wrong)]->expression, packet->name, captured,
			packet->length, (expected & wrong) != 0 ? "yes" : "no");
}

static void compare_cut(
	const struct batch *batch, struct matcher_run *run, const struct packet *packet)
{
	uint32_t most = MIN(packet->stored, FRAME_VIEW_MAX);

	matcher_run_packet(run, packet->link, packet->data, most, packet->length);
	compare(batch, run, packet, most);
	for (uint32_t captured = 0; captured < MIN(most, CUT_LAST);
		captured += captured < CUT_EACH ? 1 : CUT_STEP)
		compare(batch, run, packet, captured);
	for (uint32_t captured = most - MIN(most, 8); captured < most; captured++)
		compare(batch, run, packet, captured);
}

static GPtrArray *expressions, *packets;
static struct matcher_run run;

static void setup(void)
{
	expressions = expressions_new();
	packets = packets_new();
	matcher_run_init(&run, BPF_PROG_TYPE_RAW_TRACEPOINT);
}

static void teardown(void)
{
	matcher_run_clear(&run);
	g_clear_pointer(&expressions, g_ptr_array_unref);
	g_clear_pointer(&packets, g_ptr_array_unref);
}

START_TEST(every_expression_says_of_every_packet_what_libpcap_says)
{
	uint64_t matched = 0, asked = 0;

	ck_assert_uint_ge(expressions->len, EXPRESSIONS_LEAST);
	ck_assert_uint_ge(packets->len, PACKETS_LEAST);
	for (unsigned int from = 0; from < expressions->len; from += EVENT_SESSIONS_MAX) {
		struct batch batch = { .count = 0 };

		batch_init(&batch, expressions, from);
		batch_load(&batch, &run);
		for (unsigned int i = 0; i < packets->len; i++) {
			compare_cut(&batch, &run, packets->pdata[i]);
			matched += (uint64_t)__builtin_popcountll(run.frame->sessions);
			asked += batch.count;
		}
		batch_clear(&batch);
	}
	/* A test with packets that no expression matches would prove nothing. */
	ck_assert_uint_ge(matched, asked / 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matcher_expressions");
	TCase *tcase = tcase_create("kernel");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, TEST_TIMEOUT);
	tcase_add_test(tcase, every_expression_says_of_every_packet_what_libpcap_says);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
