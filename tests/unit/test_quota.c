/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JournalsSize: which segments go, and which never do. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/quota.h"
#include "journal/cleanup.h"
#include "journal/directory.h"

#define SEGMENT (64 << 10)

static char *directory;
static struct state *state;
static GArray *running;
static struct quota_result result;

static void set_up(void)
{
	g_autofree char *reason = NULL;

	directory = g_dir_make_tmp("nfttraced-quota-XXXXXX", NULL);
	ck_assert_int_eq(state_open(directory, &state, &reason), 0);
	running = g_array_new(FALSE, FALSE, sizeof(uint64_t));
}

static void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", directory);

	state = state_free(state);
	g_array_unref(running);
	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&directory, g_free);
}

/* A journal that was written last `when`, with so many segments. */
static void journal(uint64_t id, unsigned int count, time_t when)
{
	g_autofree char *path = NULL, *bytes = g_malloc0(SEGMENT);
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
	auto_fd dir_fd = -1;

	ck_assert_int_eq(state_session_create(state, id, &dir_fd, &path), 0);
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

/* The first segment that is there; 0: there is no journal. */
static uint64_t first(uint64_t id)
{
	g_autoptr(GArray) segments = NULL;
	auto_fd fd = -1;

	if (state_session_open(state, id, &fd) < 0)
		return 0;
	ck_assert_int_eq(segment_list(fd, &segments), 0);
	ck_assert_uint_gt(segments->len, 0);
	return g_array_index(segments, uint64_t, 0);
}

static void keep(uint64_t segments)
{
	ck_assert_int_eq(quota_keep(state, running, segments * SEGMENT, &result), 0);
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

START_TEST(what_runs_is_never_touched)
{
	uint64_t id = 2;

	g_array_append_val(running, id);
	journal(1, 2, 300);
	journal(2, 3, 100);
	keep(1);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert_uint_eq(result.left, 3 * SEGMENT);
	ck_assert_uint_eq(first(1), 0);
	ck_assert_uint_eq(first(2), 1);
}
END_TEST

START_TEST(what_somebody_writes_is_not_touched)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	g_autofree char *path = g_strdup_printf("%s/1/0000000002.nftj", directory);
	auto_fd fd = -1;

	journal(1, 2, 100);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	keep(0);
	ck_assert_uint_eq(result.segments, 0);
	ck_assert_uint_eq(first(1), 1);
}
END_TEST

START_TEST(what_is_no_segment_stays)
{
	g_autofree char *path = g_strdup_printf("%s/1/notes", directory);

	journal(1, 2, 100);
	ck_assert(g_file_set_contents(path, "mine", -1, NULL));
	keep(0);
	ck_assert_uint_eq(result.segments, 2);
	ck_assert(g_file_test(path, G_FILE_TEST_EXISTS));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quota");
	TCase *cases = tcase_create("quota");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, within_its_size_nothing_goes);
	tcase_add_test(cases, the_oldest_segments_of_what_ended_first_go_first);
	tcase_add_test(cases, what_runs_is_never_touched);
	tcase_add_test(cases, what_somebody_writes_is_not_touched);
	tcase_add_test(cases, what_is_no_segment_stays);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
