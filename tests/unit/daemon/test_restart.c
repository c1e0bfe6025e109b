/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions continue under the next daemon: their list, their totals, their journals. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/saved-sessions.h"
#include "daemon/recorder/checkpoint.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

/* Messages to the service manager are discarded. */
#define NOTIFY_NOWHERE "@nfttraced-test-nowhere"

/* Ends the daemon and starts another one. */
static void begin_again(void)
{
	auto_failure failure = { 0 };

	manager_end(manager);
	manager = manager_free(manager);
	recorder = recorder_free(recorder);
	sd_event_unref(event);
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(recorder_new(&recorder), 0);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
}

static struct session *only_session(void)
{
	ck_assert_uint_eq(manager->sessions->len, 1);
	return manager->sessions->pdata[0];
}

static void events(struct session *session, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		fake_event(1ULL << session->bit);
}

START_TEST(session_resumes_with_id_settings_and_journal)
{
	struct session_options options;
	struct session *session;
	uint64_t id;

	session_options_init(&options);
	g_free(options.name);
	options.name = g_strdup("edge \"one\"\\");
	g_free(options.filter);
	options.filter = g_strdup("udp port 8080");
	options.verdicts = 1U << VERDICT_DROP;
	options.limit = 100;
	session = start_with(&options);
	ck_assert_msg(session, "%s", answer.reason);
	id = session->id;
	events(session, 3);
	begin_again();
	session = only_session();
	ck_assert_uint_eq(session->id, id);
	ck_assert_str_eq(session_state_name(session->state), "running");
	ck_assert_str_eq(session->options.name, "edge \"one\"\\");
	ck_assert_str_eq(session->options.filter, "udp port 8080");
	ck_assert_uint_eq(session->options.verdicts, 1U << VERDICT_DROP);
	ck_assert_uint_eq(session->options.limit, 100);
	ck_assert_str_eq(session->command, "test");
	events(session, 4);
	ck_assert_uint_eq(stop(session)->journaled, 7);
	ck_assert_uint_eq(answer.totals.matched, 7);
	ck_assert_uint_eq(records(id, JOURNAL_EVENT, NULL), 7);
	ck_assert_uint_eq(records(id, JOURNAL_START, NULL), 1);
}
END_TEST

START_TEST(the_time_in_between_is_a_gap_in_the_journal)
{
	struct session *session = start();
	struct journal_entry entry;
	uint64_t id = session->id;

	events(session, 1);
	begin_again();
	stop(only_session());
	ck_assert_uint_eq(records(id, JOURNAL_LOSS, &entry), 1);
	ck_assert_uint_eq(entry.loss.reason, LOSS_RESTART);
	ck_assert_uint_eq(entry.loss.count, 0);
	ck_assert_uint_gt(entry.loss.since, 0);
	ck_assert_uint_gt(entry.loss.until, entry.loss.since);
}
END_TEST

START_TEST(ended_session_does_not_resume)
{
	struct session *session = start();

	start();
	stop(session);
	begin_again();
	ck_assert_ptr_nonnull(only_session());
	stop(only_session());
	begin_again();
	ck_assert_uint_eq(manager->sessions->len, 0);
}
END_TEST

START_TEST(losses_before_the_end_stay_in_the_totals)
{
	struct session *session = start();
	uint64_t bit = 1ULL << session->bit;

	events(session, 2);
	fake_ring_full(bit);
	fake_suppressed(bit);
	begin_again();
	session = only_session();
	events(session, 1);
	stop(session);
	ck_assert_uint_eq(answer.totals.matched, 5);
	ck_assert_uint_eq(answer.totals.journaled, 3);
	ck_assert_uint_eq(answer.totals.lost, 1);
	ck_assert_uint_eq(answer.totals.suppressed, 1);
}
END_TEST

START_TEST(a_duration_counts_on)
{
	struct session_options options;

	session_options_init(&options);
	options.duration = 1;
	/* It starts and ends before the loop turns again. */
	ck_assert_ptr_nonnull(start_with(&options));
	begin_again();
	ck_assert_uint_le(manager->sessions->len, 1);
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; manager->sessions->len; turn())
		ck_assert(g_get_monotonic_time() < end);
}
END_TEST

START_TEST(sessions_that_make_the_daemon_fail_are_left_alone_in_the_end)
{
	struct saved_sessions *saved = NULL;
	g_autofree char *reason = NULL;

	start();
	manager_end(manager);
	manager = manager_free(manager);
	ck_assert_int_eq(saved_sessions_load(state_directory_fd(state), &saved, &reason), 0);
	saved->tries = 6;
	saved_sessions_replace(state, saved);
	saved_sessions_free(saved);
	{
		auto_failure failure = { 0 };

		ck_assert_int_eq(
			manager_new(event, settings, state, recorder, &manager, &failure), 0);
	}
	ck_assert_uint_eq(manager->sessions->len, 0);
}
END_TEST

START_TEST(sessions_of_an_earlier_boot_have_ended)
{
	struct saved_sessions *saved = NULL;
	g_autofree char *reason = NULL;
	auto_failure failure = { 0 };

	start();
	manager_end(manager);
	manager = manager_free(manager);
	ck_assert_int_eq(saved_sessions_load(state_directory_fd(state), &saved, &reason), 0);
	saved->boot[0] ^= 1;
	saved_sessions_replace(state, saved);
	saved_sessions_free(saved);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
	ck_assert_uint_eq(manager->sessions->len, 0);
}
END_TEST

START_TEST(a_list_that_is_damaged_is_set_aside)
{
	auto_failure failure = { 0 };
	int fd;

	start();
	manager_end(manager);
	manager = manager_free(manager);
	fd = openat(state_directory_fd(state), "sessions", O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "X", 1, 40), 1);
	close(fd);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
	ck_assert_uint_eq(manager->sessions->len, 0);
	ck_assert_int_eq(faccessat(state_directory_fd(state), "sessions.bad", F_OK, 0), 0);
}
END_TEST

START_TEST(manual_start_resumes_nothing)
{
	auto_failure failure = { 0 };

	start();
	manager_end(manager);
	manager = manager_free(manager);
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
	ck_assert_uint_eq(manager->sessions->len, 0);
	manager_free(manager);
	setenv("NOTIFY_SOCKET", NOTIFY_NOWHERE, 1);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
	ck_assert_uint_eq(manager->sessions->len, 0);
}
END_TEST

static struct saved_sessions *saved_sessions_full(void)
{
	struct saved_sessions *saved = saved_sessions_new();

	saved_sessions_boot_id(saved->boot);
	saved->traits.layout = 77;
	saved->probes[5].config.attach = EVENT_ATTACH_KPROBE;
	g_strlcpy(saved->probes[5].symbol, "ip_rcv", sizeof(saved->probes[5].symbol));
	for (unsigned int i = 0; i < 3; i++) {
		struct saved_session *session = saved_session_new();

		session->bit = 7 * i;
		session->id = i + 1;
		g_free(session->command);
		session->command = g_strdup("a \x01\xff[Session 3]\n\"#;= \\n");
		session->caller = i ? g_strdup(":1.7") : NULL;
		session->deadline = UINT64_MAX;
		g_ptr_array_add(saved->sessions, session);
	}
	return saved;
}

START_TEST(the_list_comes_back_as_it_was)
{
	auto_saved_sessions *saved = saved_sessions_full(), *parsed = NULL;
	const struct saved_session *session;
	g_autofree char *reason = NULL, *text = NULL;
	size_t size;

	text = saved_sessions_text(saved, &size);
	ck_assert_int_eq(saved_sessions_parse(text, size, &parsed, &reason), 0);
	ck_assert_str_eq(parsed->boot, saved->boot);
	ck_assert_uint_eq(parsed->traits.layout, 77);
	ck_assert_str_eq(parsed->probes[5].symbol, "ip_rcv");
	ck_assert_uint_eq(parsed->sessions->len, 3);
	session = parsed->sessions->pdata[1];
	ck_assert_uint_eq(session->bit, 7);
	ck_assert_str_eq(session->command, "a \x01\xff[Session 3]\n\"#;= \\n");
	ck_assert_str_eq(session->caller, ":1.7");
	ck_assert_uint_eq(session->deadline, UINT64_MAX);
}
END_TEST

START_TEST(a_copy_has_the_same_text)
{
	auto_saved_sessions *saved = saved_sessions_full();
	size_t size, copied_size;
	g_autofree char *text = saved_sessions_text(saved, &size), *copied_text = NULL;
	auto_saved_sessions *copy = saved_sessions_copy(saved);

	saved = saved_sessions_free(saved);
	copied_text = saved_sessions_text(copy, &copied_size);
	ck_assert_str_eq(copied_text, text);
}
END_TEST

START_TEST(a_list_with_any_byte_changed_or_missing_is_refused)
{
	auto_saved_sessions *saved = saved_sessions_full();
	size_t size;
	g_autofree char *text = saved_sessions_text(saved, &size);

	for (size_t i = 0; i < size; i++) {
		g_autofree char *copy = g_memdup2(text, size), *reason = NULL, *why = NULL;
		struct saved_sessions *parsed = NULL;

		copy[i] ^= 0x10;
		ck_assert_int_lt(saved_sessions_parse(copy, size, &parsed, &reason), 0);
		ck_assert_ptr_nonnull(reason);
		ck_assert_int_lt(saved_sessions_parse(text, i, &parsed, &why), 0);
	}
}
END_TEST

START_TEST(the_checkpoint_has_the_last_whole_entry_and_only_its_own_session_s)
{
	struct checkpoint *checkpoint = NULL;
	struct checkpoint_entry entry = { .journaled = 1 }, read = { 0 };

	ck_assert_int_eq(checkpoint_open(state_directory_fd(state), &checkpoint), 0);
	checkpoint_slot_begin(checkpoint_slot(checkpoint, 3), 9);
	ck_assert(!checkpoint_slot_read(checkpoint_slot(checkpoint, 3), 9, &read));
	checkpoint_slot_write(checkpoint_slot(checkpoint, 3), &entry);
	entry.journaled = 2;
	checkpoint_slot_write(checkpoint_slot(checkpoint, 3), &entry);
	checkpoint_free(checkpoint);
	ck_assert_int_eq(checkpoint_open(state_directory_fd(state), &checkpoint), 0);
	ck_assert(checkpoint_slot_read(checkpoint_slot(checkpoint, 3), 9, &read));
	ck_assert_uint_eq(read.journaled, 2);
	ck_assert(!checkpoint_slot_read(checkpoint_slot(checkpoint, 3), 8, &read));
	checkpoint_slot_begin(checkpoint_slot(checkpoint, 3), 10);
	ck_assert(!checkpoint_slot_read(checkpoint_slot(checkpoint, 3), 10, &read));
	checkpoint_free(checkpoint);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restart");
	TCase *cases = tcase_create("restart");

	setenv("NOTIFY_SOCKET", NOTIFY_NOWHERE, 1);
	tcase_add_test(cases, session_resumes_with_id_settings_and_journal);
	tcase_add_test(cases, the_time_in_between_is_a_gap_in_the_journal);
	tcase_add_test(cases, ended_session_does_not_resume);
	tcase_add_test(cases, losses_before_the_end_stay_in_the_totals);
	tcase_add_test(cases, a_duration_counts_on);
	tcase_add_test(cases, sessions_that_make_the_daemon_fail_are_left_alone_in_the_end);
	tcase_add_test(cases, sessions_of_an_earlier_boot_have_ended);
	tcase_add_test(cases, a_list_that_is_damaged_is_set_aside);
	tcase_add_test(cases, manual_start_resumes_nothing);
	tcase_add_test(cases, the_list_comes_back_as_it_was);
	tcase_add_test(cases, a_copy_has_the_same_text);
	tcase_add_test(cases, a_list_with_any_byte_changed_or_missing_is_refused);
	tcase_add_test(cases, the_checkpoint_has_the_last_whole_entry_and_only_its_own_session_s);
	return session_tests_run(suite, cases);
}
