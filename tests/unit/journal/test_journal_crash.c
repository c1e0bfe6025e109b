/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writer is killed, or the disk is full: recorded events stay whole, and recording resumes. The
 * full disk is a small file system of the test's own and needs root: without it the test fails. */
#include "tests/unit/kit/journal-kit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define SMALL_DISK "size=512k"

/* Events that the writer of another process has written at once. */
#define BATCH 100

static int dir_fd;
static char *dir_path;

static void setup(void)
{
	dir_fd = kit_directory(&dir_path);
}

static void teardown(void)
{
	kit_directory_remove(dir_fd, dir_path);
}

/* Appends without end and reports the last event that was written. */
static void writer_run(volatile uint32_t *reported)
{
	struct journal_limits limits = { .segment_size = 256 << 10 };
	struct journal_writer *writer = NULL;

	if (journal_writer_open(dir_fd, 7, KIT_START, KIT_SETTINGS, &limits, &writer) < 0)
		_exit(EXIT_FAILURE);
	for (uint32_t id = 1;; id += BATCH) {
		struct journal_loss lost;

		if (kit_take(writer, id, id + BATCH - 1) < 0 ||
			journal_writer_flush(writer, &lost) < 0)
			_exit(EXIT_FAILURE);
		*reported = id + BATCH - 1;
	}
}

/* The kernel may have stopped the last write within a record, which is reported then. */
static void assert_cut_at_most(const struct kit_list *list)
{
	ck_assert_uint_le(list->losses, 1);
	ck_assert_uint_eq(list->losses, list->reasons[LOSS_DAMAGED]);
}

START_TEST(a_killed_writer_leaves_everything_that_it_had_written)
{
	volatile uint32_t *reported = mmap(
		NULL, sizeof(*reported), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kit_list list;
	int status;
	pid_t child;

	ck_assert_ptr_ne((void *)reported, MAP_FAILED);
	child = fork();
	if (child == 0)
		writer_run(reported);
	while (*reported == 0)
		sched_yield();
	g_usleep((gulong)(_i * 137 % 2000));
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));

	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_ge(list.ids->len, *reported);
	ck_assert_uint_le(list.ids->len, *reported + BATCH);
	kit_assert_ids(&list, 1, list.ids->len);
	assert_cut_at_most(&list);
	kit_list_clear(&list);

	/* The next writer resumes behind it. */
	kit_journal(dir_fd, &kit_limits, 3);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_ge(list.ids->len, *reported + 3);
	assert_cut_at_most(&list);
	kit_list_clear(&list);
	munmap((void *)reported, sizeof(*reported));
}
END_TEST

/* Appends until the disk is full; returns the number of events that were written. */
static uint32_t disk_fill(struct journal_writer *writer)
{
	uint32_t id = 0;
	int r;

	while ((r = kit_append(writer, 0, id + 1, id + 1)) == 0)
		id++;
	ck_assert_int_eq(r, -ENOSPC);
	return id;
}

START_TEST(a_full_disk_is_an_error_and_harms_nothing)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	struct journal_writer *writer = kit_writer(fd, &kit_limits);
	uint32_t count = disk_fill(writer);
	struct kit_list list;

	ck_assert_uint_gt(count, 1000);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(kit_append(writer, 0, 1, 1), -ENOSPC);
	list = kit_read_path(fd, ".");
	kit_assert_ids(&list, 1, count);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);
	journal_writer_free(writer);
	list = kit_read_path(fd, ".");
	kit_assert_ids(&list, 1, count);
	kit_list_clear(&list);
	kit_disk_leave(dir_path, fd);
}
END_TEST

START_TEST(writer_resumes_when_space_is_available)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	g_autofree char *ballast = g_build_filename(dir_path, "ballast", NULL);
	g_autofree char *weight = g_malloc0(200 << 10);
	struct journal_loss loss = { .reason = LOSS_DISK_FULL, .count = 100 };
	struct journal_writer *writer;
	struct journal_totals totals;
	struct kit_list list;
	uint32_t count;

	ck_assert(g_file_set_contents(ballast, weight, 200 << 10, NULL));
	writer = kit_writer(fd, &kit_limits);
	count = disk_fill(writer);

	ck_assert_int_eq(unlink(ballast), 0);
	g_usleep((JOURNAL_RETRY_MS + 20) * 1000);
	ck_assert_int_eq(journal_writer_append_loss(writer, &loss), 0);
	for (uint32_t id = count + 1; id <= count + 200; id++)
		ck_assert_int_eq(kit_append(writer, 0, id, id), 0);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, count + 200);
	journal_writer_free(writer);

	list = kit_read_path(fd, ".");
	kit_assert_ids(&list, 1, count + 200);
	ck_assert_uint_eq(list.lost[LOSS_DISK_FULL], 100);
	kit_list_clear(&list);
	kit_disk_leave(dir_path, fd);
}
END_TEST

/* ns that the kernel worked for this process. */
static uint64_t system_time(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return (uint64_t)usage.ru_stime.tv_sec * 1000000000 +
		(uint64_t)usage.ru_stime.tv_usec * 1000;
}

START_TEST(a_full_disk_costs_no_system_call_per_event)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	struct journal_writer *writer = kit_writer(fd, &kit_limits);
	uint8_t event[KIT_EVENT_SIZE];
	uint64_t before;
	unsigned int refused = 0;

	disk_fill(writer);
	kit_event(event, sizeof(event), 1, 1);
	before = system_time();
	for (int i = 0; i < 1000000; i++)
		refused +=
			journal_writer_append_event(writer, 0, 0, event, sizeof(event)) == -ENOSPC;
	ck_assert_uint_eq(refused, 1000000);
	/* A million system calls take several times as long on any machine. */
	ck_assert_uint_lt(system_time() - before, 50 * 1000000);
	journal_writer_free(writer);
	kit_disk_leave(dir_path, fd);
}
END_TEST

START_TEST(a_journal_that_can_not_begin_leaves_nothing)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	g_autofree char *ballast = g_build_filename(dir_path, "ballast", NULL);
	g_autofree char *weight = g_malloc0(512 << 10);
	struct journal_writer *writer = NULL;
	g_autoptr(GDir) dir = NULL;

	ck_assert(g_file_set_contents(ballast, weight, 512 << 10, NULL));
	ck_assert_int_eq(
		journal_writer_open(fd, 7, KIT_START, KIT_SETTINGS, &kit_limits, &writer), -ENOSPC);
	dir = g_dir_open(dir_path, 0, NULL);
	ck_assert_str_eq(g_dir_read_name(dir), "ballast");
	ck_assert_ptr_null(g_dir_read_name(dir));
	kit_disk_leave(dir_path, fd);
}
END_TEST

START_TEST(a_reader_keeps_up_with_a_writer_in_another_process)
{
	volatile uint32_t *reported = mmap(
		NULL, sizeof(*reported), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC / 2;
	struct journal_reader *reader;
	struct kit_list list = { 0 };
	pid_t child;

	child = fork();
	if (child == 0)
		writer_run(reported);
	while (*reported == 0)
		sched_yield();
	reader = kit_reader(dir_fd, ".");
	list.ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	while (g_get_monotonic_time() < until) {
		struct journal_entry entry;
		int r = journal_reader_next(reader, &entry);

		ck_assert_int_ge(r, 0);
		if (r > 0)
			kit_list_add(&list, &entry);
	}
	ck_assert_uint_eq(list.losses, 0);
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);

	/* Read while it was written, it is the same as afterwards. The first end may be one that
	 * was reached earlier, returned when all events that were held back have been returned. */
	ck_assert_int_eq(kit_read(reader, &list), 0);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	ck_assert_uint_ge(list.ids->len, *reported);
	kit_assert_ids(&list, 1, list.ids->len);
	assert_cut_at_most(&list);
	journal_reader_free(reader);
	kit_list_clear(&list);
	munmap((void *)reported, sizeof(*reported));
}
END_TEST

static Suite *crash_suite(void)
{
	Suite *suite = suite_create("journal crash");
	TCase *tests = tcase_create("crash");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_killed_writer_leaves_everything_that_it_had_written, 0, 40);
	tcase_add_test(tests, a_full_disk_is_an_error_and_harms_nothing);
	tcase_add_test(tests, writer_resumes_when_space_is_available);
	tcase_add_test(tests, a_full_disk_costs_no_system_call_per_event);
	tcase_add_test(tests, a_journal_that_can_not_begin_leaves_nothing);
	tcase_add_test(tests, a_reader_keeps_up_with_a_writer_in_another_process);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(crash_suite());
}
