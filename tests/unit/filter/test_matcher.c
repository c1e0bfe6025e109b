/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A matcher beside its filters: verdicts, probes, sticky sessions, link types, epochs and parts. */
#include <bpf/bpf.h>
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/filter/matcher-part.h"
#include "journal/base/cleanup.h"
#include "tests/unit/kit/matcher-run.h"

#define DROP         (1u << VERDICT_DROP)
#define ACCEPT       (1u << VERDICT_ACCEPT)
#define NFT          (1u << EVENT_PROBE_NFT)
#define OTHER_PROBE  (1u << 5)
#define BIT(n)       (UINT64_C(1) << (n))
#define TEST_TIMEOUT 120 /* seconds; in an emulated machine */

/* UDP from port 53 of 10.0.0.1 to port 8080 of 10.0.0.2, behind an Ethernet header. */
static const uint8_t udp[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0,
	64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 53, 0x1f, 0x90, 0, 8, 0, 0 };

#define ETHERNET_SIZE 14

static struct matcher_run run;

static void setup(void)
{
	matcher_run_init(&run, BPF_PROG_TYPE_RAW_TRACEPOINT);
}

static void setup_classifier(void)
{
	matcher_run_init(&run, BPF_PROG_TYPE_SCHED_CLS);
}

static void teardown(void)
{
	matcher_run_clear(&run);
}

static struct filter *filter(const char *expression)
{
	g_autofree char *reason = NULL;
	struct filter *filter = NULL;

	ck_assert_msg(filter_new(expression, &filter, &reason) == 0, "%s", reason);
	return filter;
}

static struct matcher *build(const struct matcher_session *sessions, size_t count, uint32_t epoch)
{
	g_autofree char *reason = NULL;
	struct matcher *matcher = NULL;
	struct matcher_budget budget;
	int r = matcher_build(sessions, count, epoch, &matcher, &budget, &reason);

	ck_assert_msg(r == 0, "%s", reason);
	return matcher;
}

static void load(const struct matcher_session *sessions, size_t count)
{
	auto_matcher *matcher = build(sessions, count, 1);
	g_autofree char *reason = NULL;
	int r = matcher_run_load(&run, matcher, 0, &reason);

	ck_assert_msg(r == 0, "%s", reason);
}

static void put_ethernet(void)
{
	matcher_run_packet(&run, EVENT_LINK_ETHERNET, udp, sizeof(udp), sizeof(udp));
}

static void put_raw(void)
{
	matcher_run_packet(&run, EVENT_LINK_RAW, udp + ETHERNET_SIZE, sizeof(udp) - ETHERNET_SIZE,
		sizeof(udp) - ETHERNET_SIZE);
}

static uint64_t sessions_of_run(void)
{
	matcher_run_once(&run);
	return run.frame->sessions;
}

START_TEST(no_sessions_match_nothing_and_emit_is_not_called)
{
	load(NULL, 0);
	put_ethernet();
	run.frame->sessions = UINT64_MAX; /* the earlier value must not be the result */
	ck_assert_uint_eq(sessions_of_run(), 0);
	ck_assert_uint_eq(*run.emits, 0);
}
END_TEST

START_TEST(a_session_sees_the_verdicts_that_it_asked_for)
{
	struct matcher_session sessions[] = {
		{ .bit = 0, .verdicts = DROP, .probes = NFT },
		{ .bit = 1, .verdicts = ACCEPT, .probes = NFT },
		{ .bit = 2, .verdicts = VERDICT_MASK_ALL, .probes = NFT },
		{ .bit = 3, .verdicts = 0, .probes = NFT },
	};

	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	for (unsigned int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		uint64_t expected = BIT(2);

		run.frame->verdict = 1u << verdict;
		if (verdict == VERDICT_DROP)
			expected |= BIT(0);
		if (verdict == VERDICT_ACCEPT)
			expected |= BIT(1);
		ck_assert_uint_eq(sessions_of_run(), expected);
	}
}
END_TEST

START_TEST(a_session_sees_the_probes_that_it_asked_for)
{
	struct matcher_session sessions[] = {
		{ .bit = 0, .verdicts = DROP, .probes = NFT },
		{ .bit = 1, .verdicts = DROP, .probes = OTHER_PROBE },
		{ .bit = 2, .verdicts = DROP, .probes = NFT | OTHER_PROBE },
		{ .bit = 3, .verdicts = DROP, .probes = 0 },
	};

	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), BIT(0) | BIT(2));
	run.frame->probe = OTHER_PROBE;
	ck_assert_uint_eq(sessions_of_run(), BIT(1) | BIT(2));
}
END_TEST

START_TEST(a_sticky_session_matches_whatever_its_filter_says_but_not_every_verdict)
{
	auto_filter *tcp = filter("tcp");
	struct matcher_session sessions[] = {
		{ .bit = 5, .verdicts = DROP, .probes = NFT, .filter = tcp },
		{ .bit = 31, .verdicts = DROP, .probes = NFT, .filter = tcp },
		{ .bit = 32, .verdicts = DROP, .probes = NFT, .filter = tcp },
		{ .bit = 63, .verdicts = ACCEPT, .probes = NFT, .filter = tcp },
	};

	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), 0);
	run.frame->sticky = BIT(31) | BIT(63);
	ck_assert_uint_eq(sessions_of_run(), BIT(31));
	run.frame->sticky = BIT(5) | BIT(32) | BIT(6);
	ck_assert_uint_eq(sessions_of_run(), BIT(5) | BIT(32));
	run.frame->verdict = ACCEPT;
	run.frame->sticky = UINT64_MAX;
	ck_assert_uint_eq(sessions_of_run(), BIT(63));
}
END_TEST

START_TEST(a_filter_is_chosen_by_the_link_type)
{
	auto_filter *port = filter("udp port 8080"), *ether = filter("ether src 02:00:00:00:00:01");
	auto_filter *vlan = filter("vlan");
	struct matcher_session sessions[] = {
		{ .bit = 0, .verdicts = DROP, .probes = NFT, .filter = port },
		{ .bit = 1, .verdicts = DROP, .probes = NFT, .filter = ether },
		{ .bit = 2, .verdicts = DROP, .probes = NFT, .filter = vlan },
	};

	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), BIT(0) | BIT(1));
	put_raw();
	ck_assert_uint_eq(sessions_of_run(), BIT(0));
	run.frame->link = EVENT_LINK_ETHERNET;
	ck_assert_uint_eq(sessions_of_run(), 0);
	run.frame->link = 7; /* no variant is for it */
	ck_assert_uint_eq(sessions_of_run(), 0);
}
END_TEST

START_TEST(every_bit_is_its_own_session)
{
	struct matcher_session sessions[EVENT_SESSIONS_MAX];

	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++)
		sessions[i] = (struct matcher_session){
			.bit = i, .verdicts = i % 3 == 0 ? DROP : ACCEPT, .probes = NFT
		};
	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), UINT64_C(0x9249249249249249));
	run.frame->verdict = ACCEPT;
	ck_assert_uint_eq(sessions_of_run(), ~UINT64_C(0x9249249249249249));
	for (unsigned int i = 0; i < EVENT_SESSIONS_MAX; i++) {
		sessions[0].bit = i;
		load(sessions, 1);
		put_ethernet();
		ck_assert_uint_eq(sessions_of_run(), BIT(i));
	}
}
END_TEST

START_TEST(a_bit_that_does_not_exist_is_refused)
{
	struct matcher_session session = {
		.bit = EVENT_SESSIONS_MAX, .verdicts = DROP, .probes = NFT
	};
	g_autofree char *reason = NULL;
	struct matcher *matcher = NULL;
	struct matcher_budget budget;

	ck_assert_int_eq(matcher_build(&session, 1, 1, &matcher, &budget, &reason), -EINVAL);
	ck_assert_ptr_null(matcher);
	ck_assert_str_eq(reason, "there is no session bit 64");
}
END_TEST

START_TEST(the_epoch_of_the_matcher_is_in_the_frame_even_if_nothing_matched)
{
	static const uint32_t epochs[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX };

	for (size_t i = 0; i < G_N_ELEMENTS(epochs); i++) {
		auto_matcher *matcher = build(NULL, 0, epochs[i]);
		g_autofree char *reason = NULL;

		ck_assert_int_eq(matcher_run_load(&run, matcher, 0, &reason), 0);
		put_ethernet();
		run.frame->epoch = 12345;
		matcher_run_once(&run);
		ck_assert_uint_eq(run.frame->epoch, epochs[i]);
	}
}
END_TEST

START_TEST(emit_is_called_once_for_a_call_that_any_session_wants)
{
	struct matcher_session sessions[] = { { .bit = 40, .verdicts = DROP, .probes = NFT },
		{ .bit = 41, .verdicts = DROP, .probes = NFT } };

	load(sessions, G_N_ELEMENTS(sessions));
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), BIT(40) | BIT(41));
	ck_assert_uint_eq(*run.emits, 1);
	run.frame->verdict = ACCEPT;
	ck_assert_uint_eq(sessions_of_run(), 0);
	ck_assert_uint_eq(*run.emits, 1);
}
END_TEST

START_TEST(nothing_but_the_result_and_the_epoch_is_written)
{
	auto_filter *port = filter("udp port 8080 and ip[ip[0] & 0xf] = 10");
	struct matcher_session session = {
		.bit = 3, .verdicts = DROP, .probes = NFT, .filter = port
	};
	g_autofree struct frame *before = NULL;

	load(&session, 1);
	put_ethernet();
	run.frame->context = 0x1122334455667788;
	memset(run.frame->scratch, 0x5a, sizeof(run.frame->scratch));
	memset(run.frame->guard, 0xa5, sizeof(run.frame->guard));
	before = g_memdup2(run.frame, sizeof(*before));
	matcher_run_once(&run);
	before->sessions = run.frame->sessions;
	before->epoch = run.frame->epoch;
	ck_assert_mem_eq(before, run.frame, sizeof(*before));
}
END_TEST

/* Sessions whose filters are so long that the matcher has several parts; all match the packet. */
static struct filter *long_filter(void)
{
	struct filter *filter = g_new0(struct filter, 1);
	struct sock_fprog *program = &filter->programs[FILTER_ETHERNET];

	program->len = FILTER_INSTRUCTIONS_MAX;
	program->filter = g_new0(struct sock_filter, program->len);
	program->filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23);
	for (unsigned int i = 1; i < program->len - 1u; i++)
		program->filter[i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, 0x1000 + i, MIN(200, program->len - 2 - i), 0);
	program->filter[program->len - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1);
	return filter;
}

#define LONG_SESSIONS 8

START_TEST(the_parts_of_a_matcher_add_up_to_one_result)
{
	auto_filter *long_one = long_filter(), *tcp = filter("tcp");
	struct matcher_session sessions[2 * LONG_SESSIONS];
	g_autofree char *reason = NULL;
	auto_matcher *matcher = NULL;
	uint64_t expected = 0;

	for (unsigned int i = 0; i < G_N_ELEMENTS(sessions); i++) {
		sessions[i] = (struct matcher_session){ .bit = 63 - i * 4,
			.verdicts = DROP,
			.probes = NFT,
			.filter = i % 2 ? tcp : long_one };
		expected |= i % 2 ? 0 : BIT(63 - i * 4);
	}
	matcher = build(sessions, G_N_ELEMENTS(sessions), 77);
	ck_assert_uint_gt(matcher->parts->len, 2);
	for (unsigned int bank = 0; bank < STAGE_BANKS; bank++) {
		int r = matcher_run_load(&run, matcher, bank, &reason);

		ck_assert_msg(r == 0, "%s", reason);
		put_ethernet();
		*run.emits = 0;
		ck_assert_uint_eq(sessions_of_run(), expected);
		ck_assert_uint_eq(run.frame->epoch, 77);
		ck_assert_uint_eq(*run.emits, 1);
		run.frame->verdict = ACCEPT;
		ck_assert_uint_eq(sessions_of_run(), 0);
		ck_assert_uint_eq(*run.emits, 1);
		/* A bank that is emptied ends the chain: nothing of it is left in the array. */
		put_ethernet();
		ck_assert_int_eq(matcher_unload(&run.target, bank), 0);
		matcher_run_once(&run);
		ck_assert_uint_eq(*run.emits, 1);
	}
}
END_TEST

START_TEST(one_bank_is_loaded_while_the_other_runs)
{
	auto_filter *long_one = long_filter();
	struct matcher_session sessions[LONG_SESSIONS];
	auto_matcher *old = NULL, *new = NULL;
	g_autofree char *reason = NULL;
	auto_fd other = -1;

	for (unsigned int i = 0; i < LONG_SESSIONS; i++)
		sessions[i] = (struct matcher_session){
			.bit = i, .verdicts = DROP, .probes = NFT, .filter = long_one
		};
	old = build(sessions, LONG_SESSIONS, 1);
	new = build(sessions, LONG_SESSIONS / 2, 2);
	ck_assert_int_eq(matcher_run_load(&run, old, 0, &reason), 0);
	ck_assert_int_eq(matcher_load(new, &run.target, 1, &other, &reason), 0);
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), BIT(LONG_SESSIONS) - 1);
	ck_assert_uint_eq(run.frame->epoch, 1);
	close(run.program_fd);
	run.program_fd = fd_steal(&other);
	ck_assert_uint_eq(sessions_of_run(), BIT(LONG_SESSIONS / 2) - 1);
	ck_assert_uint_eq(run.frame->epoch, 2);
}
END_TEST

START_TEST(without_a_program_array_the_result_is_returned_and_parts_are_refused)
{
	struct matcher_session session = { .bit = 4, .verdicts = DROP, .probes = NFT };
	struct matcher_target target = run.target;
	auto_filter *long_one = long_filter();
	struct matcher_session long_sessions[LONG_SESSIONS];
	auto_matcher *small = build(&session, 1, 1), *large = NULL;
	g_autofree char *reason = NULL;

	for (unsigned int i = 0; i < LONG_SESSIONS; i++)
		long_sessions[i] = (struct matcher_session){
			.bit = i, .verdicts = DROP, .probes = NFT, .filter = long_one
		};
	large = build(long_sessions, LONG_SESSIONS, 1);
	target.stages_fd = -1;
	ck_assert_int_eq(matcher_load(small, &target, 0, &run.program_fd, &reason), 0);
	put_ethernet();
	ck_assert_uint_eq(matcher_run_once(&run), 1u << 4);
	ck_assert_int_eq(matcher_load(large, &target, 0, &run.program_fd, &reason), -EINVAL);
	ck_assert_ptr_nonnull(reason);
}
END_TEST

START_TEST(kernel_error_is_in_the_reason)
{
	struct matcher_target target = run.target;
	auto_matcher *matcher = build(NULL, 0, 1);
	g_autofree char *reason = NULL;
	int fd = -1, r;

	target.frames_fd = 999; /* no such map */
	r = matcher_load(matcher, &target, 0, &fd, &reason);
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(fd, -1);
	ck_assert_ptr_nonnull(strstr(reason, "the kernel refused the matcher"));
	ck_assert_ptr_nonnull(strstr(reason, "fd 999"));
}
END_TEST

START_TEST(a_load_that_fails_half_way_leaves_the_bank_empty)
{
	auto_filter *long_one = long_filter();
	struct matcher_session sessions[LONG_SESSIONS];
	auto_matcher *matcher = NULL, *broken = NULL;
	g_autofree char *reason = NULL;
	struct matcher_part *first;
	uint32_t slot = STAGE_BANK0 + STAGE_PARTS_MAX + 1;
	int fd = -1;

	for (unsigned int i = 0; i < LONG_SESSIONS; i++)
		sessions[i] = (struct matcher_session){
			.bit = i, .verdicts = DROP, .probes = NFT, .filter = long_one
		};
	matcher = build(sessions, LONG_SESSIONS, 1);
	ck_assert_int_eq(matcher_load(matcher, &run.target, 1, &run.program_fd, &reason), 0);
	ck_assert_int_eq(bpf_map_delete_elem(run.target.stages_fd, &slot), 0);
	broken = build(sessions, LONG_SESSIONS, 1);
	first = broken->parts->pdata[0];
	memset(first->code->data, 0xff, sizeof(struct bpf_insn)); /* no such instruction */
	ck_assert_int_lt(matcher_load(broken, &run.target, 1, &fd, &reason), 0);
	ck_assert_int_eq(fd, -1);
	ck_assert_int_eq(bpf_map_delete_elem(run.target.stages_fd, &slot), -ENOENT);
}
END_TEST

START_TEST(a_memory_word_that_was_never_written_is_zero)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_MEM, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct filter zero = { .programs[FILTER_ETHERNET] = {
				       .len = G_N_ELEMENTS(insns), .filter = insns } };
	struct matcher_session session = {
		.bit = 1, .verdicts = DROP, .probes = NFT, .filter = &zero
	};

	load(&session, 1);
	put_ethernet();
	ck_assert_uint_eq(sessions_of_run(), BIT(1));
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_set_timeout(tcase, TEST_TIMEOUT);
	tcase_add_test(tcase, no_sessions_match_nothing_and_emit_is_not_called);
	tcase_add_test(tcase, a_session_sees_the_verdicts_that_it_asked_for);
	tcase_add_test(tcase, a_session_sees_the_probes_that_it_asked_for);
	tcase_add_test(
		tcase, a_sticky_session_matches_whatever_its_filter_says_but_not_every_verdict);
	tcase_add_test(tcase, a_filter_is_chosen_by_the_link_type);
	tcase_add_test(tcase, every_bit_is_its_own_session);
	tcase_add_test(tcase, a_bit_that_does_not_exist_is_refused);
	tcase_add_test(tcase, the_epoch_of_the_matcher_is_in_the_frame_even_if_nothing_matched);
	tcase_add_test(tcase, emit_is_called_once_for_a_call_that_any_session_wants);
	tcase_add_test(tcase, nothing_but_the_result_and_the_epoch_is_written);
	tcase_add_test(tcase, the_parts_of_a_matcher_add_up_to_one_result);
	tcase_add_test(tcase, one_bank_is_loaded_while_the_other_runs);
	tcase_add_test(tcase, without_a_program_array_the_result_is_returned_and_parts_are_refused);
	tcase_add_test(tcase, kernel_error_is_in_the_reason);
	tcase_add_test(tcase, a_load_that_fails_half_way_leaves_the_bank_empty);
	tcase_add_test(tcase, a_memory_word_that_was_never_written_is_zero);
}

int main(void)
{
	Suite *suite = suite_create("matcher");
	TCase *tracepoint = tcase_create("raw tracepoint"),
	      *classifier = tcase_create("classifier");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tracepoint, setup, teardown);
	tcase_add_checked_fixture(classifier, setup_classifier, teardown);
	add_tests(tracepoint);
	add_tests(classifier);
	suite_add_tcase(suite, tracepoint);
	suite_add_tcase(suite, classifier);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
