/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions without a bus, on a kernel side for tests: the manager, worker, recorder thread and
 * journal together.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/worker.h"
#include "daemon/sessions/pipeline-state.h"
#include "journal/format/section-names.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

START_TEST(what_matched_is_journaled_and_the_totals_say_so)
{
	struct session *session = start();
	uint64_t id = session->id;

	for (unsigned int i = 0; i < 5000; i++)
		fake_event(1ULL << session->bit);
	ck_assert_uint_eq(stop(session)->journaled, 5000);
	ck_assert_uint_eq(records(id, JOURNAL_EVENT, NULL), 5000);
	ck_assert_uint_eq(records(id, JOURNAL_START, NULL), 1);
	ck_assert_uint_eq(records(id, JOURNAL_SETTINGS, NULL), 1);
	ck_assert_uint_eq(records(id, JOURNAL_END, NULL), 1);
}
END_TEST

START_TEST(an_event_goes_to_every_session_that_matched_it)
{
	struct session *one = start(), *other = start();

	ck_assert_uint_ne(one->bit, other->bit);
	fake_event(1ULL << one->bit | 1ULL << other->bit);
	fake_event(1ULL << other->bit);
	ck_assert_uint_eq(stop(one)->journaled, 1);
	ck_assert_uint_eq(stop(other)->journaled, 2);
	ck_assert_uint_eq(recorder_unclaimed(recorder), 0);
}
END_TEST

START_TEST(an_event_without_its_session_is_counted)
{
	struct session *session = start();

	fake_event(1ULL << (session->bit + 1));
	stop(session);
	ck_assert_uint_eq(recorder_unclaimed(recorder), 1);
}
END_TEST

START_TEST(losses_and_what_is_held_back_are_in_the_totals_and_in_the_journal)
{
	struct session *session = start();
	struct journal_entry loss;
	uint64_t id = session->id;

	for (unsigned int i = 0; i < 7; i++)
		fake_ring_full(1ULL << session->bit);
	fake_suppressed(1ULL << session->bit);
	fake_event(1ULL << session->bit);
	stop(session);
	ck_assert_uint_eq(answer.totals.matched, 9);
	ck_assert_uint_eq(answer.totals.lost, 7);
	ck_assert_uint_eq(answer.totals.lost_by[LOSS_RING_FULL], 7);
	ck_assert_uint_eq(answer.totals.suppressed, 1);
	ck_assert_uint_eq(records(id, JOURNAL_LOSS, &loss), 1);
	ck_assert_uint_eq(loss.loss.reason, LOSS_RING_FULL);
	ck_assert_uint_eq(loss.loss.count, 7);
}
END_TEST

START_TEST(a_session_stops_by_itself_at_its_limit)
{
	struct session_options options;
	struct session *session;
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	uint64_t id;

	session_options_init(&options);
	options.limit = 3;
	session = start_with(&options);
	id = session->id;
	for (unsigned int i = 0; i < 10; i++)
		fake_event(1ULL << session->bit);
	for (; manager->sessions->len; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_uint_eq(records(id, JOURNAL_EVENT, NULL), 3);
}
END_TEST

START_TEST(a_limit_that_is_reached_before_the_start_is_reported_ends_the_session)
{
	struct session_options options;
	struct session *session;
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	uint64_t count;

	session_options_init(&options);
	options.limit = 3;
	fake_hold();
	session = manager_session_start(manager, &options, 0, "test", call);
	session_options_clear(&options);
	for (; !fake_swaps(); turn())
		ck_assert(g_get_monotonic_time() < end);
	/* The event loop does not run from here on until the limit is reached. */
	fake_release();
	while (fake_is_empty())
		ck_assert(g_get_monotonic_time() < end);
	for (unsigned int i = 0; i < 3; i++)
		fake_event(1ULL << session->bit);
	while (!recorder_limit_reached(recorder, session->bit))
		ck_assert(g_get_monotonic_time() < end);
	/* Then it learns of the limit first. */
	while (read(recorder_attention_fd(recorder), &count, sizeof(count)) < 0)
		ck_assert(g_get_monotonic_time() < end);
	manager_attend(manager);
	for (; manager->sessions->len; turn())
		ck_assert(g_get_monotonic_time() < end);
}
END_TEST

/* How many journals there are. */
static unsigned int journals(void)
{
	GDir *dir = g_dir_open(directory, 0, NULL);
	unsigned int count = 0;
	const char *name;

	while ((name = g_dir_read_name(dir)))
		count += g_ascii_isdigit(*name);
	g_dir_close(dir);
	return count;
}

START_TEST(the_journals_of_sessions_that_end_together_are_checked_against_their_limit)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	struct session *sessions[3];

	for (unsigned int i = 0; i < G_N_ELEMENTS(sessions); i++)
		sessions[i] = start();
	settings->journals_size = 1;
	for (unsigned int i = 0; i < G_N_ELEMENTS(sessions); i++)
		manager_session_stop(sessions[i], SESSION_END_STOPPED, (struct manager_call){ 0 });
	for (; manager->sessions->len || journals() > 0; turn())
		ck_assert(g_get_monotonic_time() < end);
}
END_TEST

START_TEST(a_bit_is_given_out_again_and_an_id_is_not)
{
	struct session *session = start();
	uint64_t id = session->id;
	unsigned int bit = session->bit;

	fake_event(1ULL << bit);
	ck_assert_uint_eq(stop(session)->matched, 1);
	session = start();
	ck_assert_uint_eq(session->bit, bit);
	ck_assert_uint_gt(session->id, id);
	ck_assert_uint_eq(stop(session)->matched, 0);
}
END_TEST

START_TEST(ids_go_on_when_next_id_is_lost_or_forged)
{
	g_autofree char *file = g_build_filename(directory, "next-id", NULL);
	struct session *session = start();
	uint64_t id = session->id;

	stop(session);
	ck_assert(g_file_set_contents(file, "what", -1, NULL));
	session = start();
	ck_assert_uint_eq(session->id, id + 1);
	stop(session);
	ck_assert_int_eq(unlink(file), 0);
	session = start();
	ck_assert_uint_eq(session->id, id + 2);
	stop(session);
}
END_TEST

START_TEST(a_start_that_fails_leaves_nothing)
{
	struct session_options options;
	g_autofree char *journal = NULL;
	struct session *session = start();

	journal = g_strdup_printf("%s/%" PRIu64, directory, session->id + 1);
	fake_fail_swap(-ENOMEM);
	session_options_init(&options);
	ck_assert_ptr_null(start_with(&options));
	ck_assert_int_eq(answer.kind, FAILURE_INTERNAL);
	ck_assert_int_eq(access(journal, F_OK), -1);
	fake_fail_swap(0);
	ck_assert_uint_eq(manager->sessions->len, 1);
	stop(session);
	ck_assert(fake_is_empty());
}
END_TEST

START_TEST(a_journal_that_cannot_begin_is_refused_and_harms_no_other)
{
	g_autofree char *obstacle = g_build_filename(directory, "next-id.new", NULL), *path = NULL;
	struct session_options options;
	struct session *session = start();

	path = g_strdup(session->path);
	ck_assert_int_eq(mkdir(obstacle, 0700), 0);
	for (unsigned int i = 0; i < 3; i++) {
		session_options_init(&options);
		ck_assert_ptr_null(start_with(&options));
		ck_assert_int_eq(answer.kind, FAILURE_JOURNAL);
	}
	ck_assert_int_eq(rmdir(obstacle), 0);
	ck_assert_str_eq(session->path, path);
	stop(session);
}
END_TEST

START_TEST(a_change_is_in_the_journal_and_a_refused_one_is_not)
{
	const uint32_t drop = 1u << VERDICT_DROP;
	struct session *session = start();
	uint64_t id = session->id;

	ck_assert_uint_eq(fake_config()->verdicts, VERDICT_MASK_DEFAULT);
	ck_assert_uint_eq(fake_config()->sections[session->bit], SECTION_MASK_DEFAULT);
	manager_session_change(session, &drop, NULL, call);
	await_answer();
	ck_assert_int_eq(answer.kind, FAILURE_NONE);
	ck_assert_uint_eq(fake_config()->verdicts, drop);
	ck_assert_uint_eq(fake_config()->since[session->bit], 1);

	manager_session_change(session, NULL, "udp port 53", call);
	await_answer();
	ck_assert_int_eq(answer.kind, FAILURE_NONE);
	ck_assert_str_eq(session->options.filter, "udp port 53");
	/* Matches of the old filter in the tracker do not count for the new one. */
	ck_assert_uint_eq(fake_config()->since[session->bit], 3);

	manager_session_change(session, NULL, "udp port port", call);
	await_answer();
	ck_assert_int_eq(answer.kind, FAILURE_INVALID_FILTER);
	ck_assert_str_eq(session->options.filter, "udp port 53");
	stop(session);
	ck_assert_uint_eq(records(id, JOURNAL_SETTINGS, NULL), 3);
}
END_TEST

static enum manager_state state_of_manager(void)
{
	struct manager_status status;

	manager_status(manager, &status);
	return status.state;
}

START_TEST(sessions_outlive_nf_tables)
{
	struct session *session = start();
	struct journal_entry loss;
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	uint64_t id = session->id;

	fake_event(1ULL << session->bit);
	fake_fail_new(-ENOENT);
	manager_module_changed(manager, false);
	for (; session->state != SESSION_WAITING; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_int_eq(state_of_manager(), MANAGER_WAITING);

	fake_fail_new(0);
	manager_module_changed(manager, true);
	for (; session->state != SESSION_RUNNING; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_int_eq(state_of_manager(), MANAGER_READY);
	fake_event(1ULL << session->bit);
	ck_assert_uint_eq(stop(session)->journaled, 2);
	ck_assert_uint_eq(records(id, JOURNAL_LOSS, &loss), 1);
	ck_assert_uint_eq(loss.loss.reason, LOSS_NO_MODULE);
	ck_assert_uint_eq(loss.loss.count, 0);
}
END_TEST

static void count_change(void *context)
{
	(*(unsigned int *)context)++;
}

START_TEST(a_pipeline_that_cannot_be_opened_again_is_reported)
{
	unsigned int changes = 0;
	const struct manager_observer observer = {
		.context = &changes,
		.status_changed = count_change,
	};
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	fake_fail_new(-ENOENT);
	manager_module_changed(manager, false);
	for (; state_of_manager() != MANAGER_WAITING; turn())
		ck_assert(g_get_monotonic_time() < end);

	manager_observe(manager, &observer);
	fake_fail_new(-EPERM);
	manager_module_changed(manager, true);
	for (; state_of_manager() != MANAGER_FAILED; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_uint_gt(changes, 0);
	ck_assert_ptr_nonnull(strstr(manager_problem(manager), "the test says no"));
	ck_assert_ptr_nonnull(strstr(manager_problem_public(manager), "the test says no"));

	fake_fail_new(0);
	manager_module_changed(manager, true);
	for (; state_of_manager() != MANAGER_READY; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_ptr_null(strstr(manager_problem(manager), "the test says no"));
	manager_observe(manager, &(struct manager_observer){ 0 });
}
END_TEST

START_TEST(without_nf_tables_a_session_is_refused_where_nothing_may_be_loaded)
{
	struct session_options options;
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	fake_fail_new(-ENOENT);
	manager_module_changed(manager, false);
	for (; state_of_manager() != MANAGER_WAITING; turn())
		ck_assert(g_get_monotonic_time() < end);
	session_options_init(&options);
	ck_assert_ptr_null(start_with(&options));
	ck_assert_int_eq(answer.kind, FAILURE_NOT_SUPPORTED);
	ck_assert_ptr_nonnull(strstr(answer.reason, "modprobe nf_tables"));
	fake_fail_new(0);
}
END_TEST

static void hold_up(void *lock)
{
	g_mutex_lock(lock);
	g_mutex_unlock(lock);
}

static void nothing(void *argument)
{
}

START_TEST(a_worker_that_has_too_much_to_do_stops_sessions_all_the_same)
{
	struct session *session = start();
	g_autoptr(GMutexLocker) locker = NULL;
	GMutex lock;

	g_mutex_init(&lock);
	locker = g_mutex_locker_new(&lock);
	while (worker_submit(manager->worker, hold_up, nothing, &lock) == 0)
		;
	answer.came = false;
	/* As for a session whose caller has left: it is not stopped again. */
	manager_session_stop(session, SESSION_END_STOPPED, (struct manager_call){ 0 });
	manager_session_stop(session, SESSION_END_STOPPED, call);
	ck_assert(!answer.came);
	g_clear_pointer(&locker, g_mutex_locker_free);
	await_answer();
	ck_assert_ptr_null(answer.reason);
	ck_assert_uint_eq(manager->sessions->len, 0);
	g_mutex_clear(&lock);
}
END_TEST

START_TEST(the_state_directory_belongs_to_one_daemon)
{
	struct state_directory *other = NULL;
	g_autofree char *reason = NULL;
	struct stat status;

	ck_assert_int_eq(state_directory_open(directory, &other, &reason), -EEXIST);
	ck_assert_ptr_nonnull(strstr(reason, "already running"));
	ck_assert_int_eq(stat(directory, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0700);
}
END_TEST

START_TEST(a_directory_of_others_is_not_taken_for_a_state_directory)
{
	g_autofree char *other = g_build_filename(directory, "other", NULL), *reason = NULL;
	g_autofree char *file = g_build_filename(other, "file", NULL);
	struct state_directory *none = NULL;
	struct stat status;

	ck_assert_int_eq(mkdir(other, 0755), 0);
	ck_assert(g_file_set_contents(file, "", 0, NULL));
	ck_assert_int_eq(state_directory_open(other, &none, &reason), -ENOTEMPTY);
	ck_assert_int_eq(stat(other, &status), 0);
	ck_assert_int_eq(status.st_mode & 0777, 0755);
}
END_TEST

START_TEST(ending_ends_every_session_with_its_totals)
{
	uint64_t one = start()->id, other = start()->id;

	manager_end(manager);
	ck_assert_int_eq(sd_event_loop(event), 0);
	ck_assert_uint_eq(records(one, JOURNAL_END, NULL), 1);
	ck_assert_uint_eq(records(other, JOURNAL_END, NULL), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *cases = tcase_create("session");

	tcase_add_test(cases, what_matched_is_journaled_and_the_totals_say_so);
	tcase_add_test(cases, an_event_goes_to_every_session_that_matched_it);
	tcase_add_test(cases, an_event_without_its_session_is_counted);
	tcase_add_test(cases, losses_and_what_is_held_back_are_in_the_totals_and_in_the_journal);
	tcase_add_test(cases, a_session_stops_by_itself_at_its_limit);
	tcase_add_test(
		cases, a_limit_that_is_reached_before_the_start_is_reported_ends_the_session);
	tcase_add_test(
		cases, the_journals_of_sessions_that_end_together_are_checked_against_their_limit);
	tcase_add_test(cases, a_bit_is_given_out_again_and_an_id_is_not);
	tcase_add_test(cases, ids_go_on_when_next_id_is_lost_or_forged);
	tcase_add_test(cases, a_start_that_fails_leaves_nothing);
	tcase_add_test(cases, a_journal_that_cannot_begin_is_refused_and_harms_no_other);
	tcase_add_test(cases, a_change_is_in_the_journal_and_a_refused_one_is_not);
	tcase_add_test(cases, sessions_outlive_nf_tables);
	tcase_add_test(cases, a_pipeline_that_cannot_be_opened_again_is_reported);
	tcase_add_test(cases, without_nf_tables_a_session_is_refused_where_nothing_may_be_loaded);
	tcase_add_test(cases, a_worker_that_has_too_much_to_do_stops_sessions_all_the_same);
	tcase_add_test(cases, the_state_directory_belongs_to_one_daemon);
	tcase_add_test(cases, a_directory_of_others_is_not_taken_for_a_state_directory);
	tcase_add_test(cases, ending_ends_every_session_with_its_totals);
	return session_tests_run(suite, cases);
}
