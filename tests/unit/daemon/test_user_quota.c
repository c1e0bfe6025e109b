/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UserJournalSize on disk: whose journals are removed, and whose never are. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journals/archive.h"
#include "daemon/journals/quota.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"
#include "journal/writer/writer.h"
#include "tests/unit/kit/index-kit.h"

#define ROOT    0
#define USER    1000
#define OTHER   1001
#define PADDING (64 << 10) /* bytes that a journal has besides its head */

static struct user_quota_result result;

static char *segment_path(uint64_t id)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(1, name);
	return g_strdup_printf("%s/%" G_GUINT64_FORMAT "/%s", index_kit.directory, id, name);
}

/* The journal of a session of `owner`'s that ended at `when`. */
static void journal(uint64_t id, uint32_t owner, time_t when)
{
	const struct journal_limits limits = { .segment_size = 1 << 20, .total_size = 4 << 20 };
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	g_autofree char *settings = g_strdup_printf("{\"owner\":%u}", owner);
	g_autofree char *bytes = g_malloc0(PADDING), *path = NULL, *segment = segment_path(id);
	struct journal_writer *writer;
	auto_fd dir_fd = -1, fd = -1;

	ck_assert_int_eq(state_directory_session_create(index_kit.state, id, &dir_fd, &path), 0);
	ck_assert_int_eq(state_directory_session_publish(index_kit.state, id), 0);
	ck_assert_int_eq(
		journal_writer_open(dir_fd, id, "{\"name\":\"n\"}", settings, &limits, &writer), 0);
	journal_writer_free(writer);
	fd = open(segment, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(write(fd, bytes, PADDING), PADDING);
	ck_assert_int_eq(fsync(fd), 0);
	ck_assert_int_eq(futimens(fd, times), 0);
}

static bool there(uint64_t id)
{
	g_autofree char *path = segment_path(id);

	return access(path, F_OK) == 0;
}

/* Enforces a limit that is enough for `count` journals. */
static void keep(unsigned int count)
{
	struct quota *quota = quota_new(
		index_kit.state, index_kit_journals(), index_kit.running, g_get_monotonic_time());

	ck_assert_int_eq(quota_keep_users(quota, (uint64_t)count * PADDING * 3 / 2, &result), 0);
	index_kit_changed(quota->changed);
	quota_free(quota);
}

/* Changes the owner in the journal, as a failing disk might. */
static void misattribute(uint64_t id, const char *owner, const char *other)
{
	g_autofree char *path = segment_path(id), *bytes = NULL;
	gsize size;
	char *place;

	ck_assert(g_file_get_contents(path, &bytes, &size, NULL));
	place = memmem(bytes, size, owner, strlen(owner));
	ck_assert_ptr_nonnull(place);
	memcpy(place, other, strlen(other));
	ck_assert(g_file_set_contents(path, bytes, (gssize)size, NULL));
}

START_TEST(a_journal_that_is_damaged_is_nobodys)
{
	uid_t owner = 0;

	journal(1, USER, 100);
	ck_assert_int_eq(archive_owner(index_kit.state, 1, &owner), 0);
	ck_assert_uint_eq(owner, USER);
	misattribute(1, "{\"owner\":1000}", "{\"owner\":1001}");
	ck_assert_int_eq(archive_owner(index_kit.state, 1, &owner), -ENOENT);
}
END_TEST

START_TEST(oldest_ended_journal_of_a_user_is_removed_first)
{
	journal(1, USER, 300);
	journal(2, USER, 100);
	journal(3, USER, 200);
	keep(2);
	ck_assert(there(1) && !there(2) && there(3));
	ck_assert_uint_eq(result.journals, 1);
	ck_assert_uint_ge(result.bytes, PADDING);
}
END_TEST

START_TEST(number_of_small_journals_is_limited)
{
	const uint64_t count = USER_JOURNALS_MAX + 3;

	for (uint64_t id = 1; id <= count; id++)
		journal(id, USER, (time_t)(100 + id));
	journal(count + 1, ROOT, 1);
	keep((unsigned int)count * 2);
	for (uint64_t id = 1; id <= count; id++)
		ck_assert(there(id) == (id > 3));
	ck_assert(there(count + 1));
	ck_assert_uint_eq(result.journals, 3);
}
END_TEST

START_TEST(journals_of_root_and_other_users_are_kept)
{
	for (uint64_t id = 1; id <= 4; id++)
		journal(id, ROOT, 100);
	journal(5, OTHER, 100);
	for (uint64_t id = 6; id <= 9; id++)
		journal(id, USER, 200);
	keep(1);
	for (uint64_t id = 1; id <= 5; id++)
		ck_assert(there(id));
	ck_assert(!there(6) && !there(7) && !there(8) && there(9));
	ck_assert_uint_eq(result.journals, 3);
}
END_TEST

START_TEST(running_journals_stay_and_count)
{
	const uint64_t id = 1;

	journal(id, USER, 100);
	journal(2, USER, 200);
	journal(3, USER, 300);
	g_array_append_val(index_kit.running, id);
	keep(2);
	ck_assert(there(1) && !there(2) && there(3));
}
END_TEST

/* A reader may hold such a lock as long as it likes. */
START_TEST(a_readers_lock_keeps_nothing)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	g_autofree char *path = segment_path(1);
	auto_fd fd = -1;

	journal(1, USER, 100);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	keep(0);
	ck_assert(!there(1));
}
END_TEST

START_TEST(journals_that_come_between_two_checks_have_owners)
{
	journal(1, USER, 100);
	journal(2, ROOT, 50);
	keep(2);
	ck_assert(there(1) && there(2));
	journal(3, USER, 200);
	keep(1);
	ck_assert(!there(1) && there(2) && there(3));
	journal(4, USER, 300);
	keep(1);
	ck_assert(!there(3) && there(4));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("user_quota");
	TCase *cases = tcase_create("user_quota");

	tcase_set_timeout(cases, 60);

	tcase_add_checked_fixture(cases, index_kit_set_up, index_kit_tear_down);
	tcase_add_test(cases, a_journal_that_is_damaged_is_nobodys);
	tcase_add_test(cases, oldest_ended_journal_of_a_user_is_removed_first);
	tcase_add_test(cases, number_of_small_journals_is_limited);
	tcase_add_test(cases, journals_of_root_and_other_users_are_kept);
	tcase_add_test(cases, running_journals_stay_and_count);
	tcase_add_test(cases, a_readers_lock_keeps_nothing);
	tcase_add_test(cases, journals_that_come_between_two_checks_have_owners);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
