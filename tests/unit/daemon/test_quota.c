/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JournalsSize: which segments are removed, and which never are. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journals/archive.h"
#include "daemon/journals/quota.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/quota-job.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"
#include "tests/unit/kit/index-kit.h"

#define SEGMENT (64 << 10)

static struct quota_result result;
static int64_t verified; /* as in struct quota */

static void set_up(void)
{
	index_kit_set_up();
	/* Sizes are those of the index, unless a test changes this. */
	verified = g_get_monotonic_time();
}

/* A journal with `count` segments that was last written at `when`. */
static void journal(uint64_t id, unsigned int count, time_t when)
{
	g_autofree char *path = NULL, *bytes = g_malloc0(SEGMENT);
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	auto_fd dir_fd = -1;

	ck_assert_int_eq(state_directory_session_create(index_kit.state, id, &dir_fd, &path), 0);
	ck_assert_int_eq(state_directory_session_publish(index_kit.state, id), 0);
	for (unsigned int i = 1; i <= count; i++) {
		char name[SEGMENT_NAME_SIZE];
		auto_fd fd = -1;

		segment_name(i, name);
		fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_eq(write(fd, bytes, SEGMENT), SEGMENT);
		ck_assert_int_eq(fsync(fd), 0);
		ck_assert_int_eq(futimens(fd, times), 0);
	}
}

/* The first segment that exists; 0: there is no journal. */
static uint64_t first(uint64_t id)
{
	g_autoptr(GArray) segments = NULL;
	auto_fd fd = -1;

	if (state_directory_session_open(index_kit.state, id, &fd) < 0)
		return 0;
	ck_assert_int_eq(segment_list(fd, &segments), 0);
	ck_assert_uint_gt(segments->len, 0);
	return g_array_index(segments, uint64_t, 0);
}

static void keep(uint64_t segments)
{
	struct quota *quota =
		quota_new(index_kit.state, index_kit_journals(), index_kit.running, verified);

	ck_assert_int_eq(quota_keep(quota, segments * SEGMENT, &result), 0);
	index_kit_changed(quota->changed);
	verified = quota->verified;
	quota_free(quota);
}

START_TEST(within_its_size_nothing_goes)
{
	journal(1, 3, 100);
	journal(2, 2, 200);
	keep(5);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(result.left, 5 * SEGMENT);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(the_oldest_segments_of_what_ended_first_go_first)
{
	journal(1, 3, 300);
	journal(2, 3, 100);
	journal(3, 3, 200);
	keep(8);
	ck_assert_uint_eq(result.segments, 1);
	ck_assert_uint_eq(first(2), 2);
	keep(5);
	ck_assert_uint_eq(result.segments, 3);
	ck_assert_uint_eq(result.bytes, 3 * SEGMENT);
	ck_assert_uint_eq(result.left, 5 * SEGMENT);
	ck_assert_uint_eq(first(2), 0);
	ck_assert_uint_eq(first(3), 2);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(running_journals_are_kept)
{
	uint64_t id = 2;

	g_array_append_val(index_kit.running, id);
	journal(1, 2, 300);
	journal(2, 3, 100);
	keep(1);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert_uint_eq(result.left, 3 * SEGMENT);
	ck_assert_uint_eq(first(1), 0);
	ck_assert_uint_eq(first(2), 1);
}
END_TEST

START_TEST(journals_with_a_writer_are_kept)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	g_autofree char *path = g_strdup_printf("%s/1/0000000002.nftj", index_kit.directory);
	auto_fd fd = -1;

	journal(1, 2, 100);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	keep(0);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(files_other_than_segments_are_kept)
{
	g_autofree char *path = g_strdup_printf("%s/1/notes", index_kit.directory);

	journal(1, 2, 100);
	ck_assert(g_file_set_contents(path, "mine", -1, NULL));
	keep(0);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert(g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

static void remove_by_hand(const char *what)
{
	g_autofree char *command = g_strdup_printf("rm -r %s/%s", index_kit.directory, what);

	ck_assert_int_eq(system(command), 0);
}

START_TEST(directories_in_a_journal_hide_no_segment)
{
	journal(1, 3, 100);
	journal(2, 3, 200);
	for (unsigned int i = 0; i < 20; i++) {
		g_autofree char *path =
			g_strdup_printf("%s/%u/directory-%u", index_kit.directory, 1 + i % 2, i);

		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	keep(4);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert_uint_eq(result.left, 4 * SEGMENT);
	ck_assert_uint_eq(first(1), 3);
	ck_assert_uint_eq(first(2), 1);
}
END_TEST

START_TEST(changes_between_two_checks_are_noticed)
{
	journal(1, 2, 100);
	journal(2, 2, 200);
	keep(6);
	ck_assert_uint_eq(result.left, 4 * SEGMENT);
	/* One is removed by hand, one is added. */
	remove_by_hand("2");
	journal(3, 3, 300);
	keep(5);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(result.left, 5 * SEGMENT);
	/* One is added that ended before all others. */
	journal(4, 2, 50);
	keep(5);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert_uint_eq(first(4), 0);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(journal_is_measured_after_its_end)
{
	uint64_t id = 1;

	g_array_append_val(index_kit.running, id);
	journal(1, 1, 100);
	keep(10);
	ck_assert_uint_eq(result.left, SEGMENT);
	remove_by_hand("1/*");
	remove_by_hand("1");
	journal(1, 4, 200);
	keep(10);
	ck_assert_uint_eq(result.left, 4 * SEGMENT);
	g_array_set_size(index_kit.running, 0);
	keep(3);
	ck_assert_uint_eq(result.segments, 1);
	ck_assert_uint_eq(first(1), 2);
}
END_TEST

START_TEST(growing_journals_count_with_their_current_size)
{
	g_autofree char *bytes = g_malloc0(SEGMENT),
			*path = g_strdup_printf("%s/1/0000000002.nftj", index_kit.directory);
	uint64_t id = 1;

	g_array_append_val(index_kit.running, id);
	journal(1, 1, 100);
	journal(2, 2, 50);
	keep(3);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert(g_file_set_contents(path, bytes, SEGMENT, NULL));
	keep(3);
	ck_assert_uint_eq(result.segments, 1);
	ck_assert_uint_eq(first(2), 2);
}
END_TEST

START_TEST(segments_that_somebody_removed_are_not_counted_when_others_go)
{
	journal(1, 3, 100);
	journal(2, 2, 200);
	keep(5);
	remove_by_hand("1/0000000001.nftj");
	remove_by_hand("1/0000000002.nftj");
	keep(4);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(result.left, 3 * SEGMENT);
	ck_assert_uint_eq(first(1), 3);
}
END_TEST

START_TEST(a_journal_that_is_removed_while_others_go_is_no_error)
{
	struct quota *quota;

	journal(1, 3, 100);
	journal(2, 3, 200);
	keep(6);
	quota = quota_new(index_kit.state, index_kit_journals(), index_kit.running, verified);
	remove_by_hand("1");
	ck_assert_int_eq(quota_keep(quota, 2 * SEGMENT, &result), 0);
	ck_assert_uint_eq(quota->changed->len, 2);
	quota_free(quota);
	ck_assert_uint_eq(result.segments, 1);
	ck_assert_uint_eq(result.left, 2 * SEGMENT);
	ck_assert_uint_eq(first(2), 2);
}
END_TEST

START_TEST(sizes_of_long_ago_are_measured_again_before_anything_goes)
{
	g_autoptr(GArray) journals = NULL;
	struct quota *quota;

	journal(1, 2, 100);
	journal(2, 3, 200);
	journal(3, 1, 300);
	journals = index_kit_journals();
	remove_by_hand("2/0000000001.nftj");
	remove_by_hand("3");
	quota = quota_new(index_kit.state, g_steal_pointer(&journals), index_kit.running, 0);
	ck_assert_int_eq(quota_keep(quota, 4 * SEGMENT, &result), 0);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(result.left, 4 * SEGMENT);
	ck_assert_int_ne(quota->verified, 0);
	/* The check reports which entries of the index are wrong. */
	ck_assert_uint_eq(quota->changed->len, 2);
	ck_assert_uint_eq(g_array_index(quota->changed, uint64_t, 0), 2);
	ck_assert_uint_eq(g_array_index(quota->changed, uint64_t, 1), 3);
	quota_free(quota);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(shortened_journal_is_read_again)
{
	g_autoptr(GArray) journals = NULL;
	const struct archive_journal *known;

	journal(1, 3, 100);
	keep(1);
	ck_assert_uint_eq(result.segments, 2);
	journals = index_kit_journals();
	known = &g_array_index(journals, struct archive_journal, 0);
	ck_assert_uint_eq(known->bytes, SEGMENT);
	ck_assert_uint_eq(known->segment_bytes, SEGMENT);
}
END_TEST

/* A check that waits must not begin: the janitor has ended before. */
START_TEST(a_check_that_waits_when_the_index_ends_is_refused)
{
	journal(1, 3, 100);
	ck_assert_int_eq(index_kit_end_awaited(), -ESHUTDOWN);
}
END_TEST

static GMutex gate;

static void pass_gate(void *job)
{
	g_mutex_lock(&gate);
	g_mutex_unlock(&gate);
}

static void on_passed(void *job)
{
}

START_TEST(failed_check_is_followed_by_the_one_wanted_meanwhile)
{
	const struct settings settings = { .journals_size = SEGMENT };
	struct manager *manager = index_kit_manager();

	manager->settings = &settings;
	ck_assert_int_eq(worker_new(manager->event, "janitor", &manager->janitor), 0);
	g_mutex_lock(&gate);
	while (worker_submit(manager->janitor, pass_gate, on_passed, NULL) == 0)
		continue;
	manager_quota_check(manager);
	ck_assert(manager->quota_checking);
	manager_quota_check(manager);
	ck_assert(manager->quota_again);
	manager->quota_due = 0;
	while (manager->quota_checking)
		ck_assert_int_ge(sd_event_run(manager->event, UINT64_MAX), 0);
	ck_assert_int_gt(manager->quota_due, 0);
	ck_assert(!manager->quota_again);
	g_mutex_unlock(&gate);
	manager->janitor = worker_free(manager->janitor);
}
END_TEST

/* More events than the kernel queues for a directory. */
START_TEST(overflowing_change_events_cause_a_rescan)
{
	g_autofree char *text = NULL, *one = g_strdup_printf("%s/one", index_kit.directory);
	g_autofree char *other = g_strdup_printf("%s/other", index_kit.directory);
	unsigned int most;

	ck_assert(g_file_get_contents("/proc/sys/fs/inotify/max_queued_events", &text, NULL, NULL));
	most = (unsigned int)strtoul(text, NULL, 10);
	journal(1, 2, 100);
	keep(9);
	ck_assert(g_file_set_contents(one, "", 0, NULL));
	for (unsigned int i = 0; i <= most / 4; i++)
		ck_assert_int_eq(rename(one, other) | rename(other, one), 0);
	journal(2, 3, 200);
	remove_by_hand("1");
	keep(9);
	ck_assert_uint_eq(result.left, 3 * SEGMENT);
}
END_TEST

START_TEST(used_id_is_skipped)
{
	g_autofree char *path = NULL, *taken = NULL;
	auto_fd fd = -1;
	uint64_t id, next;

	ck_assert_int_eq(state_directory_next_id(index_kit.state, &id), 0);
	taken = g_strdup_printf("%s/%" G_GUINT64_FORMAT, index_kit.directory, id + 1);
	ck_assert_int_eq(mkdir(taken, 0700), 0);
	ck_assert_int_eq(state_directory_next_id(index_kit.state, &next), 0);
	ck_assert_uint_eq(next, id + 1);
	ck_assert_int_eq(
		state_directory_session_create(index_kit.state, next, &fd, &path), -EEXIST);
	ck_assert_int_eq(state_directory_next_id(index_kit.state, &next), 0);
	ck_assert_uint_eq(next, id + 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quota");
	TCase *cases = tcase_create("quota");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, set_up, index_kit_tear_down);
	tcase_add_test(cases, within_its_size_nothing_goes);
	tcase_add_test(cases, the_oldest_segments_of_what_ended_first_go_first);
	tcase_add_test(cases, running_journals_are_kept);
	tcase_add_test(cases, journals_with_a_writer_are_kept);
	tcase_add_test(cases, files_other_than_segments_are_kept);
	tcase_add_test(cases, directories_in_a_journal_hide_no_segment);
	tcase_add_test(cases, changes_between_two_checks_are_noticed);
	tcase_add_test(cases, journal_is_measured_after_its_end);
	tcase_add_test(cases, growing_journals_count_with_their_current_size);
	tcase_add_test(cases, segments_that_somebody_removed_are_not_counted_when_others_go);
	tcase_add_test(cases, a_journal_that_is_removed_while_others_go_is_no_error);
	tcase_add_test(cases, sizes_of_long_ago_are_measured_again_before_anything_goes);
	tcase_add_test(cases, shortened_journal_is_read_again);
	tcase_add_test(cases, a_check_that_waits_when_the_index_ends_is_refused);
	tcase_add_test(cases, failed_check_is_followed_by_the_one_wanted_meanwhile);
	tcase_add_test(cases, overflowing_change_events_cause_a_rescan);
	tcase_add_test(cases, used_id_is_skipped);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
