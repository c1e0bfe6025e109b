/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions with further probes: the configuration of the kernel side, the journal's settings, and
 * refusals. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "journal/format/dictionary.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"
#include "tests/unit/kit/settings-kit.h"

static void options_with(struct session_options *options, const char *const *probes)
{
	auto_failure failure = { 0 };

	session_options_init(options);
	g_array_unref(options->probes);
	ck_assert_msg(
		probe_specs_parse(probes, &options->probes, &failure) == 0, "%s", failure.reason);
}

static struct session *start_probes(const char *const *probes)
{
	struct session_options options;
	struct session *session;

	options_with(&options, probes);
	session = start_with(&options);
	ck_assert_msg(session != NULL, "%s", answer.reason);
	return session;
}

static void refused(const char *const *probes, enum failure_kind kind, const char *says)
{
	struct session_options options;

	options_with(&options, probes);
	ck_assert_ptr_null(start_with(&options));
	ck_assert_int_eq(answer.kind, kind);
	ck_assert_msg(strstr(answer.reason, says) != NULL, "%s", answer.reason);
}

/* The last settings in a session's journal. */
static void settings_of(uint64_t id, struct dictionary_settings *ret)
{
	g_autofree char *path = g_strdup_printf("%s/%" PRIu64, directory, id), *reason = NULL;
	struct journal_reader *reader;
	struct journal_entry entry;

	*ret = (struct dictionary_settings){ 0 };
	ck_assert_int_eq(journal_reader_open(AT_FDCWD, path, &reader, &reason), 0);
	while (journal_reader_next(reader, &entry) == 1) {
		if (entry.type != JOURNAL_SETTINGS)
			continue;
		dictionary_settings_clear(ret);
		ck_assert_int_eq(dictionary_settings_parse(entry.data, entry.size, ret), 0);
	}
	journal_reader_free(reader);
}

START_TEST(the_kernel_side_has_a_probe_while_a_session_wants_it)
{
	struct session *one = start_probes((const char *[]){ "ip_rcv", "skb:kfree_skb", NULL });
	struct session *other;

	ck_assert_str_eq(fake_probe(2)->symbol, "ip_rcv");
	ck_assert_int_eq(fake_probe(2)->config.attach, EVENT_ATTACH_KPROBE);
	ck_assert_str_eq(fake_probe(3)->symbol, "skb:kfree_skb");
	ck_assert_int_eq(fake_probe(3)->config.reason, 2);
	other = start_probes((const char *[]){ "skb:kfree_skb/stack", NULL });
	ck_assert_int_eq(fake_probe(4)->config.attach, 0);
	ck_assert_uint_eq(fake_config()->stacks[3], 1ULL << other->bit);
	stop(one);
	ck_assert_int_eq(fake_probe(2)->config.attach, 0);
	ck_assert_str_eq(fake_probe(3)->symbol, "skb:kfree_skb");
	stop(other);
	ck_assert_int_eq(fake_probe(3)->config.attach, 0);
}
END_TEST

START_TEST(the_journal_says_which_number_is_which_probe_after_each_change)
{
	const uint32_t drop = 1u << VERDICT_DROP;
	struct session *first = start_probes((const char *[]){ "ip_output", NULL });
	struct session *session = start_probes((const char *[]){
		"kr:ip_rcv", "skb:kfree_skb/stack", PROBE_NFT_SYMBOL "/stack", NULL });
	uint64_t id = session->id;

	for (unsigned int changes = 0; changes < 2; changes++) {
		auto_dictionary_settings said;
		const struct dictionary_probe *probe;

		settings_of(id, &said);
		ck_assert_uint_eq(said.probe_count, 2);
		ck_assert(said.stack);
		ck_assert_ptr_null(settings_probe(&said, 2));
		probe = settings_probe(&said, 3);
		ck_assert_str_eq(probe->type, "kretprobe");
		ck_assert_str_eq(probe->symbol, "ip_rcv");
		ck_assert(!probe->stack);
		probe = settings_probe(&said, 4);
		ck_assert_str_eq(probe->type, "raw_tracepoint");
		ck_assert_str_eq(probe->symbol, "skb:kfree_skb");
		ck_assert(probe->stack);

		manager_session_change(session, &drop, NULL, call);
		await_answer();
		ck_assert_int_eq(answer.kind, FAILURE_NONE);
		ck_assert_str_eq(fake_probe(3)->symbol, "ip_rcv");
	}
	stop(session);
	stop(first);
}
END_TEST

START_TEST(a_stack_for_all_is_at_each_probe)
{
	struct session_options options;
	struct session *session;

	options_with(&options, (const char *[]){ "ip_rcv", NULL });
	options.stack = true;
	session = start_with(&options);
	ck_assert_uint_eq(fake_config()->stacks[EVENT_PROBE_NFT], 1ULL << session->bit);
	ck_assert_uint_eq(fake_config()->stacks[2], 1ULL << session->bit);
	stop(session);
}
END_TEST

START_TEST(a_probe_that_cannot_be_leaves_nothing_and_harms_no_other)
{
	struct session *session = start_probes((const char *[]){ "ip_rcv", NULL });

	refused((const char *[]){ "ip_output", "vfs_read", NULL }, FAILURE_INVALID_OPTION,
		"Probes: the function vfs_read has no packet");
	fake_fail_swap(-EADDRNOTAVAIL);
	refused((const char *[]){ "ip_output", NULL }, FAILURE_INVALID_OPTION,
		"Probes: the test says no");
	fake_fail_swap(0);
	ck_assert_uint_eq(manager->sessions->len, 1);
	ck_assert_str_eq(fake_probe(2)->symbol, "ip_rcv");
	ck_assert_int_eq(fake_probe(3)->config.attach, 0);
	stop(session);
}
END_TEST

START_TEST(sessions_keep_their_probes_over_a_reload_of_nf_tables)
{
	struct session *session = start_probes((const char *[]){ "ip_rcv", NULL });
	auto_failure failure = { 0 };

	engine_close(manager->engine);
	ck_assert_int_eq(engine_open(manager->engine, ENGINE_RESTS, &failure), 0);
	ck_assert_str_eq(fake_probe(2)->symbol, "ip_rcv");
	stop(session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes of sessions");
	TCase *cases = tcase_create("probes of sessions");

	tcase_add_test(cases, the_kernel_side_has_a_probe_while_a_session_wants_it);
	tcase_add_test(cases, the_journal_says_which_number_is_which_probe_after_each_change);
	tcase_add_test(cases, a_stack_for_all_is_at_each_probe);
	tcase_add_test(cases, a_probe_that_cannot_be_leaves_nothing_and_harms_no_other);
	tcase_add_test(cases, sessions_keep_their_probes_over_a_reload_of_nf_tables);
	return session_tests_run(suite, cases);
}
