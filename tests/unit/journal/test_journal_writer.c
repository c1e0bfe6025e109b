/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the journal writer writes: events that were given one by one are written together, whole
 * records only, and events that did not fit are counted. The full disk is a small file system of
 * the test's own and needs root.
 */
#include <signal.h>
#include <sys/resource.h>

#include "journal/format/crc32c.h"
#include "tests/unit/kit/journal-kit.h"

#define SMALL_DISK "size=512k"

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

START_TEST(events_are_there_when_they_are_flushed)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_totals totals;
	struct journal_loss lost;
	struct kit_list list;

	ck_assert_int_eq(kit_take(writer, 1, 100), 0);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.ids->len, 0);
	kit_list_clear(&list);

	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
	ck_assert_uint_eq(lost.count, 0);
	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 100);
	kit_list_clear(&list);

	/* A record that is written by itself comes behind the events taken before it. */
	ck_assert_int_eq(kit_take(writer, 101, 101), 0);
	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_END, "{}"), 0);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, 101);
	journal_writer_free(writer);
	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 101);
	ck_assert_uint_eq(list.ends, 1);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_record_that_one_writer_made_is_taken_by_another)
{
	struct journal_limits limits = kit_limits;
	struct journal_writer *writer = kit_writer(dir_fd, &limits), *other;
	char *path;
	int fd = kit_directory(&path);
	struct journal_loss lost;
	struct kit_list list;

	other = kit_writer(fd, &limits);
	for (uint32_t id = 1; id <= 2000; id++) {
		ck_assert_int_eq(kit_take(writer, id, id), 0);
		ck_assert_int_eq(
			journal_writer_append_record(other, journal_writer_last(writer)), 0);
	}
	ck_assert_int_eq(journal_writer_flush(other, &lost), 0);
	list = kit_read_path(fd, ".");
	kit_assert_ids(&list, 1, 2000);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);
	journal_writer_free(writer);
	journal_writer_free(other);
	kit_directory_remove(fd, path);
}
END_TEST

static guint segments_count(void)
{
	g_autoptr(GArray) numbers = NULL;

	ck_assert_int_eq(segment_list(dir_fd, &numbers), 0);
	return numbers->len;
}

START_TEST(more_events_than_are_written_at_once_make_as_many_segments_as_they_need)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_loss lost;
	struct stat status;
	struct kit_list list;

	ck_assert_int_eq(kit_take(writer, 1, 2000), 0);
	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 2000);
	kit_list_clear(&list);
	ck_assert_uint_ge(segments_count(), 2000 * KIT_EVENT_SIZE / kit_limits.segment_size);
	ck_assert_int_eq(fstatat(dir_fd, "0000000001.nftj", &status, 0), 0);
	ck_assert_uint_le((uint64_t)status.st_size, kit_limits.segment_size);
	journal_writer_free(writer);
}
END_TEST

START_TEST(checksums_are_the_same_with_and_without_the_instruction)
{
	uint64_t word;
	uint8_t bytes[259], copy[259], other[259];

	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c_portable(0, "123456789", 9), 0xe3069283);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + i / 7);
	for (unsigned int size = 0; size <= sizeof(bytes); size++) {
		uint32_t first = crc32c(0, bytes, size);

		ck_assert_uint_eq(first, crc32c_portable(0, bytes, size));
		ck_assert_uint_eq(crc32c(first, bytes + size, sizeof(bytes) - size),
			crc32c(0, bytes, sizeof(bytes)));
		memset(copy, 0, sizeof(copy));
		memset(other, 0, sizeof(other));
		first = crc32c(0, "12345678", 8);
		memcpy(&word, "12345678", sizeof(word));
		ck_assert_uint_eq(crc32c_copy(word, copy, bytes, size), crc32c(first, bytes, size));
		ck_assert_uint_eq(
			crc32c_copy_portable(word, other, bytes, size), crc32c(first, bytes, size));
		ck_assert(memcmp(copy, bytes, size) == 0 && memcmp(other, bytes, size) == 0);
		ck_assert(size == sizeof(copy) || (copy[size] == 0 && other[size] == 0));
	}
}
END_TEST

/* Bytes of the only segment. */
static size_t segment_length(int fd)
{
	struct stat status;

	ck_assert_int_eq(fstatat(fd, "0000000001.nftj", &status, 0), 0);
	return (size_t)status.st_size;
}

/* After a flush that took some of the events 1 to `count` and not all. */
static void assert_flushed_in_part(
	int fd, uint32_t count, const struct journal_loss *lost, struct journal_writer *writer)
{
	struct journal_totals totals;
	struct kit_list list;

	ck_assert_uint_gt(lost->count, 0);
	ck_assert_uint_lt(lost->count, count);
	/* An event's time is its id. */
	ck_assert_uint_eq(lost->since, count - lost->count + 1);
	ck_assert_uint_eq(lost->until, count);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, count - lost->count);
	ck_assert_uint_eq(totals.bytes, segment_length(fd));

	list = kit_read_path(fd, ".");
	kit_assert_ids(&list, 1, count - (uint32_t)lost->count);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);
}

START_TEST(partial_write_is_cut_to_whole_records)
{
	struct rlimit limit, before;
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	size_t head = segment_length(dir_fd);
	struct journal_loss lost;
	struct kit_list list;
	int r = 0;

	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = head + 1000 + (rlim_t)_i * 7;
	ck_assert_int_eq(kit_take(writer, 1, 20), 0);
	/* No file may grow beyond some size, another one in each round. This includes the test's
	 * own file, to which each assertion writes. */
	if (setrlimit(RLIMIT_FSIZE, &limit) == 0)
		r = journal_writer_flush(writer, &lost);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(r, -EFBIG);
	assert_flushed_in_part(dir_fd, 20, &lost, writer);

	/* The loss is reported once, and the next records are appended where the last whole record
	 * ends. */
	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
	ck_assert_uint_eq(lost.count, 0);
	g_usleep((JOURNAL_RETRY_MS + 20) * 1000);
	ck_assert_int_eq(kit_append(writer, 0, 1000, 1000), 0);
	journal_writer_free(writer);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(kit_list_id(&list, list.ids->len - 1), 1000);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_disk_that_gets_full_in_the_middle_of_a_batch_takes_the_first_of_it)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	g_autofree char *ballast = g_build_filename(dir_path, "ballast", NULL);
	g_autofree char *weight = g_malloc0(470 << 10);
	struct journal_limits limits = { .segment_size = 256 << 10 };
	struct journal_writer *writer = kit_writer(fd, &limits);
	struct journal_loss lost;

	ck_assert(g_file_set_contents(ballast, weight, 470 << 10, NULL));
	/* More than fits into the file system, less than is written at once. */
	ck_assert_int_eq(kit_take(writer, 1, 200), 0);
	ck_assert_int_eq(journal_writer_flush(writer, &lost), -ENOSPC);
	assert_flushed_in_part(fd, 200, &lost, writer);
	journal_writer_free(writer);
	kit_disk_leave(dir_path, fd);
}
END_TEST

START_TEST(a_loss_within_a_batch_that_is_written_in_pieces_is_counted)
{
	int fd = kit_disk_mount(dir_path, SMALL_DISK);
	struct journal_limits limits = { .segment_size = 1 << 20 };
	struct journal_writer *writer = kit_writer(fd, &limits);
	struct journal_totals totals;
	struct journal_loss lost;
	uint32_t taken = 0;

	/* Until one is refused: earlier pieces have failed by then. */
	while (kit_take(writer, taken + 1, taken + 1) == 0)
		taken++;
	ck_assert_int_eq(journal_writer_flush(writer, &lost), -ENOSPC);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_gt(lost.count, 0);
	ck_assert_uint_eq(totals.events + lost.count, taken);
	journal_writer_free(writer);
	kit_disk_leave(dir_path, fd);
}
END_TEST

/* The only segment, cut within its last record. */
static void segment_cut(int fd)
{
	g_autofree char *path = g_build_filename(dir_path, "0000000001.nftj", NULL);

	ck_assert_int_eq(truncate(path, (off_t)segment_length(fd) - 100), 0);
}

START_TEST(unfinished_record_is_not_reported_as_cut)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_reader *reader;
	struct kit_list list = { 0 };

	for (uint32_t id = 1; id <= 3; id++)
		ck_assert_int_eq(kit_append(writer, 0, id, id), 0);
	segment_cut(dir_fd);
	reader = kit_reader(dir_fd, ".");
	ck_assert_int_eq(kit_read(reader, &list), 0);
	kit_assert_ids(&list, 1, 2);
	ck_assert_uint_eq(list.losses, 0);

	/* The file has been cut once no process uses it. */
	journal_writer_free(writer);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	ck_assert_uint_eq(list.ids->len, 2);
	ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 1);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

static Suite *writer_suite(void)
{
	Suite *suite = suite_create("journal writer");
	TCase *tests = tcase_create("writer");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, events_are_there_when_they_are_flushed);
	tcase_add_test(
		tests, more_events_than_are_written_at_once_make_as_many_segments_as_they_need);
	tcase_add_test(tests, a_record_that_one_writer_made_is_taken_by_another);
	tcase_add_test(tests, checksums_are_the_same_with_and_without_the_instruction);
	tcase_add_loop_test(tests, partial_write_is_cut_to_whole_records, 0, 40);
	tcase_add_test(tests, a_disk_that_gets_full_in_the_middle_of_a_batch_takes_the_first_of_it);
	tcase_add_test(tests, a_loss_within_a_batch_that_is_written_in_pieces_is_counted);
	tcase_add_test(tests, unfinished_record_is_not_reported_as_cut);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(writer_suite());
}
