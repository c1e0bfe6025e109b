/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The published budget of a matcher: the verifier of the running kernel accepts the largest set
 * that it admits, whatever the filters are made of, and one session more is refused with the used
 * and the allowed amounts.
 */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/filter/matcher-part.h"
#include "tests/unit/kit/expressions.h"
#include "tests/unit/kit/matcher-run.h"

#define DROP         (1u << VERDICT_DROP)
#define NFT          (1u << EVENT_PROBE_NFT)
#define TEST_TIMEOUT 900 /* seconds; in an emulated machine */
#define PIECE_MAX    8 /* instructions that a piece adds at most */

/* A filter that is being written: as many pieces as libpcap's limit has room for. */
struct name_writer {
	struct sock_filter *insns;
	unsigned int count;
};

static void put(struct name_writer *writer, uint16_t code, uint32_t k)
{
	writer->insns[writer->count++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Accepts if A is `k`, else continues. */
static void put_accept(struct name_writer *writer, uint32_t k)
{
	writer->insns[writer->count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	put(writer, BPF_RET | BPF_K, 1);
}

/* Pieces, each with another kind of work for the verifier. `n` makes them differ. */

static void piece_list(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LD | BPF_H | BPF_ABS, n % 60);
	put_accept(writer, 1 + n);
	put_accept(writer, 0x8000 + n);
}

static void piece_behind_header(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LDX | BPF_B | BPF_MSH, n % 60);
	put(writer, BPF_LD | BPF_H | BPF_IND, n % 60);
	put_accept(writer, 1 + n);
}

static void piece_computed_offset(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LD | BPF_W | BPF_ABS, n % 60);
	put(writer, BPF_MISC | BPF_TAX, 0);
	put(writer, BPF_LD | BPF_H | BPF_IND, n % 16000);
	put_accept(writer, 1 + n);
}

static void piece_memory(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LD | BPF_W | BPF_ABS, n % 60);
	put(writer, BPF_ST, n % BPF_MEMWORDS);
	put(writer, BPF_LDX | BPF_MEM, n * 7 % BPF_MEMWORDS);
	put(writer, BPF_ALU | BPF_LSH | BPF_X, 0);
	put(writer, BPF_ALU | BPF_ADD | BPF_X, 0);
	put_accept(writer, 1 + n);
}

static void piece_length(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LD | BPF_W | BPF_LEN, 0);
	put_accept(writer, 1 + n);
	put(writer, BPF_LDX | BPF_IMM, n % 100);
	put(writer, BPF_LDX | BPF_B | BPF_MSH, n % 20);
	put(writer, BPF_LD | BPF_B | BPF_IND, n % 50);
}

/* Ranges of one value that is loaded only once. */
static void piece_range(struct name_writer *writer, uint32_t n)
{
	if (n == 0)
		put(writer, BPF_LD | BPF_H | BPF_ABS, 0);
	writer->insns[writer->count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 10 + n, 0, 2);
	writer->insns[writer->count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 12 + n, 1, 0);
	put(writer, BPF_RET | BPF_K, 1);
}

static void piece_division(struct name_writer *writer, uint32_t n)
{
	put(writer, BPF_LD | BPF_W | BPF_LEN, 0);
	put(writer, BPF_MISC | BPF_TAX, 0);
	for (unsigned int i = 0; i < PIECE_MAX - 4; i++)
		put(writer, BPF_ALU | (i % 2 ? BPF_DIV : BPF_MOD) | BPF_X, 0);
	put_accept(writer, 1 + n);
}

typedef void (*piece_writer)(struct name_writer *, uint32_t);

static const piece_writer pieces[] = { piece_list, piece_behind_header, piece_computed_offset,
	piece_memory, piece_length, piece_range, piece_division };

/* A filter of FILTER_INSTRUCTIONS_MAX instructions or a few less, the same for both link types. Its
 * loads never reject the packet of the tests, and its last instruction accepts. */
static struct filter *long_filter(piece_writer piece)
{
	struct filter *filter = g_new0(struct filter, 1);
	struct name_writer writer = { .insns =
					      g_new0(struct sock_filter, FILTER_INSTRUCTIONS_MAX) };

	while (writer.count < FILTER_INSTRUCTIONS_MAX - PIECE_MAX)
		piece(&writer, writer.count);
	put(&writer, BPF_RET | BPF_K, 1);
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++) {
		filter->programs[v].filter =
			g_memdup2(writer.insns, writer.count * sizeof(*writer.insns));
		filter->programs[v].len = (unsigned short)writer.count;
	}
	g_free(writer.insns);
	return filter;
}

static struct matcher_run run;

static void setup(void)
{
	matcher_run_init(&run, BPF_PROG_TYPE_RAW_TRACEPOINT);
}

static void teardown(void)
{
	matcher_run_clear(&run);
}

static void fill_sessions(struct matcher_session *sessions, const struct filter *filter)
{
	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++)
		sessions[i] = (struct matcher_session){
			.bit = i, .verdicts = DROP, .probes = NFT, .filter = filter
		};
}

/* As build_largest() without a limit of its own: for what matcher_build() refuses. */
static struct matcher *build(const struct matcher_session *sessions, unsigned int count)
{
	g_autofree char *reason = NULL, *words = NULL;
	struct matcher_budget budget;
	struct matcher *matcher = NULL;
	int r = matcher_build(sessions, count, 1, &matcher, &budget, &reason);

	if (r == 0) {
		ck_assert_uint_le(budget.parts, budget.parts_allowed);
		ck_assert_uint_le(budget.instructions, budget.instructions_allowed);
		ck_assert_uint_le(budget.jumps, budget.jumps_allowed);
		return matcher;
	}
	words = g_strdup_printf("need %u of %u parts", budget.parts, budget.parts_allowed);
	ck_assert_int_eq(r, -E2BIG);
	ck_assert_uint_gt(budget.parts, budget.parts_allowed);
	ck_assert_msg(strstr(reason, words) != NULL, "\"%s\"", reason);
	return NULL;
}

/* The matcher of as many of the sessions as `parts` parts, or the budget, have room for (or of one
 * session, if that alone needs more); how many is in *ret_count. */
static struct matcher *build_largest(
	const struct matcher_session *sessions, unsigned int parts, unsigned int *ret_count)
{
	struct matcher *largest = NULL;

	for (unsigned int count = 1; count <= EVENT_SESSIONS_MAX; count++) {
		auto_matcher *matcher = build(sessions, count);

		if (matcher == NULL || (largest != NULL && matcher->parts->len > parts))
			break;
		matcher_free(largest);
		largest = g_steal_pointer(&matcher);
		*ret_count = count;
	}
	return largest;
}

static uint64_t first_bits(unsigned int count)
{
	return count == EVENT_SESSIONS_MAX ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/* Loads a matcher and runs it on a packet that its first `count` sessions match. */
static void assert_runs(const struct matcher *matcher, unsigned int count)
{
	static const uint8_t zeros[FRAME_VIEW_MAX];
	g_autofree char *reason = NULL;
	int r = matcher_run_load(&run, matcher, 1, &reason);

	ck_assert_msg(r == 0, "%s", reason);
	matcher_run_packet(&run, EVENT_LINK_ETHERNET, zeros, sizeof(zeros), sizeof(zeros));
	matcher_run_once(&run);
	ck_assert_uint_eq(run.frame->sessions, first_bits(count));
	ck_assert_uint_eq(*run.emits, 1);
}

START_TEST(a_full_part_is_loaded_whatever_its_filters_are_made_of)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	auto_filter *filter = long_filter(pieces[_i]);
	auto_matcher *matcher = NULL;
	unsigned int count = 0;

	fill_sessions(sessions, filter);
	matcher = build_largest(sessions, 1, &count);
	ck_assert_ptr_nonnull(matcher);
	assert_runs(matcher, count);
}
END_TEST

START_TEST(the_largest_set_that_the_budget_admits_is_loaded_and_runs)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	auto_filter *filter = long_filter(piece_behind_header);
	auto_matcher *matcher = NULL;
	unsigned int count = 0;

	fill_sessions(sessions, filter);
	matcher = build_largest(sessions, STAGE_PARTS_MAX, &count);
	ck_assert_uint_ge(count, STAGE_PARTS_MAX);
	ck_assert_uint_lt(count, EVENT_SESSIONS_MAX);
	assert_runs(matcher, count);
}
END_TEST

START_TEST(sixty_four_sessions_with_filters_of_every_day_take_one_part)
{
	static const char *const everyday[] = { "udp port 8080", "tcp port 443 and host 10.0.0.1",
		"icmp or icmp6", "net 10.0.0.0/8 and not port 22", "tcp[tcpflags] & tcp-syn != 0",
		"vlan 5 and udp", "tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
		"portrange 1-1023" };
	struct filter *filters[G_N_ELEMENTS(everyday)] = { NULL };
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	g_autofree char *reason = NULL;
	struct matcher_budget budget;
	auto_matcher *matcher = NULL;
	int r;

	for (size_t i = 0; i < G_N_ELEMENTS(everyday); i++)
		ck_assert_int_eq(filter_new(everyday[i], &filters[i], &reason), 0);
	fill_sessions(sessions, NULL);
	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++)
		sessions[i].filter = filters[i % G_N_ELEMENTS(filters)];
	r = matcher_build(sessions, EVENT_SESSIONS_MAX, 1, &matcher, &budget, &reason);
	ck_assert_msg(r == 0, "%s", reason);
	ck_assert_uint_eq(budget.parts, 1);
	r = matcher_run_load(&run, matcher, 0, &reason);
	ck_assert_msg(r == 0, "%s", reason);
	for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
		filters[i] = filter_free(filters[i]);
}
END_TEST

START_TEST(a_filter_that_no_part_can_hold_is_refused_with_its_size)
{
	struct sock_filter *insns = g_new0(struct sock_filter, FILTER_INSTRUCTIONS_MAX);
	struct name_writer writer = { .insns = insns };
	struct filter filter = { .programs[FILTER_RAW] = { .filter = insns } };
	struct matcher_session session = { .verdicts = DROP, .probes = NFT, .filter = &filter };
	g_autofree char *reason = NULL;
	struct matcher_budget budget;
	struct matcher *matcher = NULL;

	/* Each load reads a little further than the one before: all of them must be checked. */
	put(&writer, BPF_LD | BPF_W | BPF_LEN, 0);
	put(&writer, BPF_MISC | BPF_TAX, 0);
	while (writer.count < FILTER_INSTRUCTIONS_MAX - 1)
		put(&writer, BPF_LD | BPF_H | BPF_IND, writer.count);
	put(&writer, BPF_RET | BPF_K, 1);
	filter.programs[FILTER_RAW].len = (unsigned short)writer.count;
	ck_assert_int_eq(matcher_build(&session, 1, 1, &matcher, &budget, &reason), -E2BIG);
	ck_assert_ptr_null(matcher);
	ck_assert_ptr_nonnull(strstr(reason, "that one filter may have in the kernel"));
	g_free(insns);
}
END_TEST

START_TEST(a_session_too_many_harms_nothing_of_what_was_built_before)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	auto_filter *filter = long_filter(piece_computed_offset);
	unsigned int count = 0;

	fill_sessions(sessions, filter);
	for (unsigned int again = 0; again < 2; again++) {
		auto_matcher *matcher = build_largest(sessions, STAGE_PARTS_MAX, &count);

		ck_assert_uint_lt(count, EVENT_SESSIONS_MAX);
		ck_assert_uint_le(matcher->parts->len, STAGE_PARTS_MAX);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matcher_budget");
	TCase *tcase = tcase_create("budget");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, TEST_TIMEOUT);
	tcase_add_test(tcase, the_largest_set_that_the_budget_admits_is_loaded_and_runs);
	tcase_add_loop_test(tcase, a_full_part_is_loaded_whatever_its_filters_are_made_of, 0,
		G_N_ELEMENTS(pieces));
	tcase_add_test(tcase, sixty_four_sessions_with_filters_of_every_day_take_one_part);
	tcase_add_test(tcase, a_filter_that_no_part_can_hold_is_refused_with_its_size);
	tcase_add_test(tcase, a_session_too_many_harms_nothing_of_what_was_built_before);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
