/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon is killed while a request is carried out: under the next daemon it is carried out
 * completely, or not at all. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/saved-sessions.h"
#include "journal/base/clock.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

/* Messages to the service manager are discarded. */
#define NOTIFY_NOWHERE "@nfttraced-test-nowhere"

static void run(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void run(const char *format, ...)
{
	g_autofree char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	command = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	ck_assert_int_eq(system(command), 0);
}

/* Copies what a daemon that is killed now leaves on disk. */
static void note_disk(void)
{
	run("cp -a %s %s.killed", directory, directory);
}

/* Runs the loop until the kernel side is being changed, and leaves it in that state. */
static void await_swap(unsigned int before)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; fake_swaps() == before; turn())
		ck_assert(g_get_monotonic_time() < end);
}

/* Starts another daemon with only what was copied. */
static void begin_again(void)
{
	auto_failure failure = { 0 };
	g_autofree char *reason = NULL;

	manager_end(manager);
	manager = manager_free(manager);
	recorder = recorder_free(recorder);
	state = state_directory_free(state);
	sd_event_unref(event);
	run("rm -rf %s && mv %s.killed %s", directory, directory, directory);
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(state_directory_open(directory, &state, &reason), 0);
	ck_assert_int_eq(recorder_new(&recorder), 0);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
}

/* Names of sessions' directories, and of those that are being started. */
static unsigned int directories(void)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	unsigned int count = 0;
	const char *name;

	while ((name = g_dir_read_name(dir)))
		count += g_ascii_isdigit(*name);
	return count;
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

START_TEST(unfinished_start_leaves_no_session)
{
	struct session_options options;
	unsigned int before;

	start();
	before = fake_swaps();
	fake_hold();
	session_options_init(&options);
	manager_session_start(manager, &options, 0, "test", call);
	session_options_clear(&options);
	await_swap(before);
	note_disk();
	fake_release();
	await_answer();
	begin_again();
	only_session();
	ck_assert_uint_eq(directories(), 1);
}
END_TEST

START_TEST(answered_start_leaves_a_session)
{
	uint64_t id = start()->id;

	note_disk();
	begin_again();
	ck_assert_uint_eq(only_session()->id, id);
	ck_assert_uint_eq(directories(), 1);
}
END_TEST

START_TEST(listed_session_resumes)
{
	uint64_t id = start()->id;
	g_autofree char *path = g_strdup_printf("%s.killed/%" PRIu64, directory, id);

	note_disk();
	run("mv %s %s.new", path, path);
	begin_again();
	ck_assert_uint_eq(only_session()->id, id);
	events(only_session(), 2);
	ck_assert_uint_eq(stop(only_session())->journaled, 2);
	ck_assert_uint_eq(records(id, JOURNAL_EVENT, NULL), 2);
}
END_TEST

START_TEST(ids_of_sessions_that_are_not_there_are_not_given_out_again)
{
	uint64_t id = start()->id;
	g_autofree char *path = g_strdup_printf("%s.killed/%" PRIu64, directory, id),
			*list = g_strdup_printf("%s.killed/sessions", directory);

	note_disk();
	run("mv %s %s.new", path, path);
	run("rm %s", list);
	begin_again();
	ck_assert_uint_eq(manager->sessions->len, 0);
	ck_assert_uint_eq(directories(), 0);
	ck_assert_uint_gt(start()->id, id);
}
END_TEST

START_TEST(the_gap_of_a_session_that_saw_nothing_begins_with_it)
{
	uint64_t before = clock_ns(CLOCK_MONOTONIC), id = start()->id;
	struct journal_entry entry;

	note_disk();
	begin_again();
	stop(only_session());
	ck_assert_uint_eq(records(id, JOURNAL_LOSS, &entry), 1);
	ck_assert_uint_eq(entry.loss.reason, LOSS_RESTART);
	ck_assert_uint_ge(entry.loss.since, before);
	ck_assert_uint_gt(entry.loss.until, entry.loss.since);
}
END_TEST

/* Stops the session, and kills the daemon in the middle of it. */
static void stop_midway(struct session *session)
{
	unsigned int before = fake_swaps();

	fake_hold();
	manager_session_stop(session, SESSION_END_STOPPED, call);
	await_swap(before);
	note_disk();
	fake_release();
	await_answer();
}

START_TEST(a_session_that_was_being_stopped_has_ended)
{
	struct session *session = start();
	uint64_t id = session->id, other = start()->id;

	events(session, 5);
	recorder_settle(recorder);
	stop_midway(session);
	begin_again();
	ck_assert_uint_eq(only_session()->id, other);
	ck_assert_uint_eq(records(id, JOURNAL_EVENT, NULL), 5);
	ck_assert_uint_eq(records(id, JOURNAL_END, NULL), 1);
}
END_TEST

START_TEST(last_session_being_stopped_has_ended)
{
	struct session *session = start();
	uint64_t id = session->id;

	stop_midway(session);
	begin_again();
	ck_assert_uint_eq(manager->sessions->len, 0);
	ck_assert_uint_eq(records(id, JOURNAL_END, NULL), 1);
	/* Its bit is free again. */
	session = start();
	events(session, 3);
	ck_assert_uint_eq(stop(session)->matched, 3);
}
END_TEST

START_TEST(journal_with_an_end_does_not_resume)
{
	struct session *session = start();
	g_autofree char *list = g_strdup_printf("%s/sessions", directory),
			*kept = g_strdup_printf("%s.list", directory);
	uint64_t id = session->id;

	run("cp %s %s", list, kept);
	stop(session);
	note_disk();
	run("mv %s %s.killed/sessions", kept, directory);
	begin_again();
	ck_assert_uint_eq(manager->sessions->len, 0);
	ck_assert_uint_eq(records(id, JOURNAL_END, NULL), 1);
}
END_TEST

START_TEST(a_session_that_was_being_changed_is_changed)
{
	const uint32_t verdicts = 1U << VERDICT_QUEUE;
	struct session *session = start();
	unsigned int before = fake_swaps();

	fake_hold();
	manager_session_change(session, &verdicts, "tcp", call);
	await_swap(before);
	note_disk();
	fake_release();
	await_answer();
	begin_again();
	session = only_session();
	ck_assert_uint_eq(session->options.verdicts, verdicts);
	ck_assert_str_eq(session->options.filter, "tcp");
	ck_assert_uint_eq(fake_config()->verdicts, verdicts);
	stop(session);
}
END_TEST

START_TEST(a_change_that_failed_is_not_carried_out_later)
{
	const uint32_t verdicts = 1U << VERDICT_QUEUE;
	struct session *session = start();

	fake_refuse_verdicts(verdicts);
	manager_session_change(session, &verdicts, NULL, call);
	await_answer();
	ck_assert_int_ne(answer.kind, FAILURE_NONE);
	fake_refuse_verdicts(0);
	note_disk();
	begin_again();
	ck_assert_uint_eq(only_session()->options.verdicts, VERDICT_MASK_DEFAULT);
}
END_TEST

/* Daemons that were killed while they resumed the sessions. */
static void killed_while_resuming(unsigned int times)
{
	g_autofree char *path = g_strdup_printf("%s.killed", directory);
	g_autofree char *reason = NULL;
	struct saved_sessions *saved = NULL;
	struct state_directory *killed = NULL;

	note_disk();
	/* The lock belongs to the directory that was copied. */
	ck_assert_int_eq(state_directory_open(path, &killed, &reason), 0);
	ck_assert_int_eq(saved_sessions_load(state_directory_fd(killed), &saved, &reason), 0);
	saved->tries = times;
	saved_sessions_replace(killed, saved);
	saved_sessions_free(saved);
	state_directory_free(killed);
	begin_again();
}

START_TEST(sessions_resume_after_five_kills)
{
	uint64_t id = start()->id;

	killed_while_resuming(5);
	ck_assert_uint_eq(only_session()->id, id);
	/* It became ready: the next daemons count from 0 again. */
	killed_while_resuming(0);
	ck_assert_uint_eq(only_session()->id, id);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("restart midway");
	TCase *cases = tcase_create("restart midway");

	setenv("NOTIFY_SOCKET", NOTIFY_NOWHERE, 1);
	tcase_add_test(cases, unfinished_start_leaves_no_session);
	tcase_add_test(cases, answered_start_leaves_a_session);
	tcase_add_test(cases, listed_session_resumes);
	tcase_add_test(cases, ids_of_sessions_that_are_not_there_are_not_given_out_again);
	tcase_add_test(cases, the_gap_of_a_session_that_saw_nothing_begins_with_it);
	tcase_add_test(cases, a_session_that_was_being_stopped_has_ended);
	tcase_add_test(cases, last_session_being_stopped_has_ended);
	tcase_add_test(cases, journal_with_an_end_does_not_resume);
	tcase_add_test(cases, a_session_that_was_being_changed_is_changed);
	tcase_add_test(cases, a_change_that_failed_is_not_carried_out_later);
	tcase_add_test(cases, sessions_resume_after_five_kills);
	return session_tests_run(suite, cases);
}
