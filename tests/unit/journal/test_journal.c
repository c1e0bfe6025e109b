/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was appended to a journal is read back: complete, in order, counted, and while it grows. */
#include "tests/unit/kit/journal-kit.h"

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

static unsigned int segments_count(uint64_t *ret_first)
{
	g_autoptr(GArray) numbers = NULL;

	ck_assert_int_eq(segment_list(dir_fd, &numbers), 0);
	if (ret_first)
		*ret_first = numbers->len > 0 ? g_array_index(numbers, uint64_t, 0) : 0;
	return numbers->len;
}

START_TEST(every_record_comes_back_as_it_was)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_loss loss = { .reason = LOSS_RING_FULL, .count = 5, .since = 1, .until = 2 };
	struct journal_reader *reader;
	struct journal_entry entry;
	uint8_t event[EVENT_MAX_SIZE];

	kit_event(event, sizeof(event), 1000, 42);
	ck_assert_int_eq(journal_writer_append_event(writer, 3, 99, event, sizeof(event)), 0);
	ck_assert_int_eq(journal_writer_append_loss(writer, &loss), 0);
	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_SETTINGS, "{\"a\":1}"), 0);
	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_END, "{}"), 0);
	journal_writer_free(writer);

	reader = kit_reader(dir_fd, ".");
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_START);
	ck_assert_mem_eq(entry.data, KIT_START, strlen(KIT_START));
	ck_assert_uint_eq(entry.segment->number, 1);
	ck_assert_uint_eq(entry.segment->session, 7);
	ck_assert_uint_eq(entry.byte_order, JOURNAL_BYTE_ORDER);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_SETTINGS);
	ck_assert_uint_eq(entry.size, strlen(KIT_SETTINGS));
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_EVENT);
	ck_assert_uint_eq(entry.size, sizeof(event));
	ck_assert_mem_eq(entry.data, event, sizeof(event));
	ck_assert_uint_eq(entry.ring, 3);
	ck_assert_uint_eq(entry.position, 99);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_LOSS);
	ck_assert_mem_eq(&entry.loss, &loss, sizeof(loss));
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_SETTINGS);
	ck_assert_mem_eq(entry.data, "{\"a\":1}", entry.size);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_END);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 0);
	journal_reader_free(reader);
}
END_TEST

START_TEST(records_of_any_size_are_aligned)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_reader *reader;
	struct journal_entry entry;
	uint32_t expected = sizeof(struct event_head);
	uint8_t event[KIT_EVENT_SIZE];

	for (uint32_t size = expected; size <= sizeof(event); size++) {
		kit_event(event, size, size, size);
		ck_assert_int_eq(journal_writer_append_event(writer, 0, 0, event, size), 0);
	}
	ck_assert_int_eq(journal_writer_append_event(writer, 0, 0, event, 8), -EINVAL);
	journal_writer_free(writer);

	reader = kit_reader(dir_fd, ".");
	while (journal_reader_next(reader, &entry) > 0) {
		ck_assert_uint_eq((uintptr_t)entry.data % JOURNAL_ALIGN, 0);
		if (entry.type != JOURNAL_EVENT)
			continue;
		ck_assert_uint_eq(entry.size, expected);
		ck_assert_uint_eq(kit_id(&entry), expected);
		expected++;
	}
	ck_assert_uint_eq(expected, sizeof(event) + 1);
	journal_reader_free(reader);
}
END_TEST

START_TEST(a_session_that_records_little_takes_little_room)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_totals totals;
	struct stat status;

	kit_append(writer, 0, 1, 1);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_lt(totals.bytes, 1024);
	ck_assert_int_eq(fstatat(dir_fd, "0000000001.nftj", &status, 0), 0);
	ck_assert_uint_eq(status.st_mode & 07777 & ~0644, 0);
	ck_assert_uint_eq((uint64_t)status.st_size, totals.bytes);
	journal_writer_free(writer);
}
END_TEST

START_TEST(segments_follow_each_other_and_each_can_be_read_alone)
{
	struct kit_list list;
	unsigned int segments;

	kit_journal(dir_fd, &kit_limits, 1000);
	segments = segments_count(NULL);
	ck_assert_uint_ge(segments, 4);

	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 1000);
	ck_assert_uint_eq(list.starts, 1);
	ck_assert_uint_eq(list.settings, 1);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);

	list = kit_read_path(dir_fd, "0000000002.nftj");
	ck_assert_uint_gt(list.ids->len, 100);
	ck_assert_uint_eq(list.starts, 1);
	ck_assert_uint_eq(list.settings, 1);
	ck_assert_uint_eq(list.losses, 0);
	kit_list_clear(&list);
}
END_TEST

START_TEST(later_segments_begin_with_the_settings_that_hold_then)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_reader *reader;
	struct journal_entry entry;

	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_SETTINGS, "{\"b\":2}"), 0);
	for (uint32_t id = 1; id < 400; id++)
		kit_append(writer, 0, id, id);
	journal_writer_free(writer);

	reader = kit_reader(dir_fd, "0000000002.nftj");
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_int_eq(entry.type, JOURNAL_SETTINGS);
	ck_assert_mem_eq(entry.data, "{\"b\":2}", entry.size);
	journal_reader_free(reader);
}
END_TEST

/* Asserts that the events in the journal, and those that a record reports as removed, are all
 * events. */
static void assert_retained(const struct journal_limits *limits, uint32_t count)
{
	struct journal_writer *writer = kit_writer(dir_fd, limits);
	struct journal_totals totals;
	struct kit_list list;

	for (uint32_t id = 1; id <= count; id++)
		ck_assert_int_eq(kit_append(writer, 0, id, id), 0);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, count);
	ck_assert_uint_gt(totals.removed, 0);
	ck_assert_uint_eq(totals.segments, segments_count(NULL));
	if (limits->total_size > 0)
		ck_assert_uint_le(totals.bytes, limits->total_size);
	journal_writer_free(writer);

	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.lost[LOSS_RETENTION], totals.removed);
	kit_assert_ids(&list, (uint32_t)totals.removed + 1, count);
	kit_list_clear(&list);
}

START_TEST(the_oldest_go_when_the_size_is_reached)
{
	struct journal_limits limits = { .segment_size = 1 << 20, .total_size = 1 << 20 };

	assert_retained(&limits, 20000);
}
END_TEST

START_TEST(the_oldest_go_when_there_are_too_many)
{
	struct journal_limits limits = { .segment_size = 64 << 10, .segments = 3 };

	assert_retained(&limits, 5000);
	ck_assert_uint_eq(segments_count(NULL), 3);
}
END_TEST

START_TEST(missing_segments_that_no_record_tells_of_are_a_loss)
{
	struct kit_list list;

	kit_journal(dir_fd, &kit_limits, 1000);
	ck_assert_int_eq(unlinkat(dir_fd, "0000000001.nftj", 0), 0);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.reasons[LOSS_RETENTION], 1);
	ck_assert_uint_eq(list.lost[LOSS_RETENTION], 0);
	ck_assert_uint_eq(kit_list_id(&list, list.ids->len - 1), 1000);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_journal_is_continued_in_a_new_segment)
{
	struct journal_limits limits = { .segment_size = 64 << 10, .segments = 3 };
	struct journal_writer *writer;
	struct journal_totals totals;
	struct kit_list list;
	unsigned int before;

	kit_journal(dir_fd, &kit_limits, 1000);
	before = segments_count(NULL);
	writer = kit_writer(dir_fd, &kit_limits);
	ck_assert_uint_eq(segments_count(NULL), before + 1);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, 1000);
	kit_append(writer, 0, 2000000, 1001);
	journal_writer_free(writer);

	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 1001);
	kit_list_clear(&list);

	/* Stricter limits hold from the beginning, and the events that they remove are counted. */
	writer = kit_writer(dir_fd, &limits);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(segments_count(NULL), 3);
	journal_writer_free(writer);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.lost[LOSS_RETENTION], totals.removed);
	ck_assert_uint_eq(list.ids->len + totals.removed, 1001);
	kit_list_clear(&list);
}
END_TEST

/* Bytes that this process has read from files. */
static uint64_t bytes_read(void)
{
	g_autofree char *text = NULL;

	ck_assert(g_file_get_contents("/proc/self/io", &text, NULL, NULL));
	ck_assert(g_str_has_prefix(text, "rchar: "));
	return g_ascii_strtoull(text + strlen("rchar: "), NULL, 10);
}

START_TEST(continuing_a_journal_does_not_depend_on_its_size)
{
	struct journal_limits limits = { .segment_size = 64 << 10, .total_size = 4 << 20 };
	struct journal_writer *writer;
	struct journal_totals totals;
	struct kit_list list;
	uint64_t before;

	kit_journal(dir_fd, &limits, 10000);
	before = bytes_read();
	writer = kit_writer(dir_fd, &limits);
	ck_assert_uint_lt(bytes_read() - before, limits.segment_size);
	/* Only a segment that is removed is read. */
	for (uint32_t id = 10001; id <= 16000; id++)
		ck_assert_int_eq(kit_append(writer, 0, id * 1000, id), 0);
	ck_assert_uint_lt(bytes_read() - before, limits.total_size);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, 16000);
	ck_assert_uint_gt(totals.removed, 0);
	journal_writer_free(writer);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.lost[LOSS_RETENTION], totals.removed);
	kit_assert_ids(&list, (uint32_t)totals.removed + 1, 16000);
	kit_list_clear(&list);
}
END_TEST

START_TEST(four_rings_come_out_in_order_of_time)
{
	struct journal_limits limits = { .segment_size = 1 << 20 };
	struct journal_writer *writer = kit_writer(dir_fd, &limits);
	struct kit_list list;

	/* Each ring is drained for a while, as the daemon does. */
	for (uint32_t base = 0; base < 40000; base += 2000)
		for (uint16_t ring = 0; ring < 4; ring++)
			for (uint32_t i = ring; i < 2000; i += 4)
				kit_append(writer, ring, base + i + 1, base + i + 1);
	journal_writer_free(writer);

	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, 40000);
	kit_list_clear(&list);
}
END_TEST

START_TEST(what_is_written_later_is_read_later)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_reader *reader = kit_reader(dir_fd, ".");
	struct kit_list list = { 0 };
	uint64_t done, total;
	uint32_t id = 0;

	for (uint32_t batch = 0; batch < 300; batch++) {
		for (uint32_t i = 0; i < batch % 17; i++) {
			id++;
			ck_assert_int_eq(kit_append(writer, 0, id, id), 0);
		}
		ck_assert_int_eq(kit_read(reader, &list), 0);
		ck_assert_uint_eq(list.ids->len, id);
	}
	journal_writer_free(writer);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	kit_assert_ids(&list, 1, id);
	ck_assert_uint_eq(list.starts, 1);
	ck_assert_uint_eq(list.losses, 0);
	journal_reader_progress(reader, &done, &total);
	ck_assert_uint_eq(done, total);
	ck_assert_uint_gt(done, id * KIT_EVENT_SIZE);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_reader_survives_the_removal_of_what_it_reads)
{
	struct journal_limits limits = { .segment_size = 64 << 10, .segments = 2 };
	struct journal_writer *writer = kit_writer(dir_fd, &limits);
	struct journal_reader *reader = kit_reader(dir_fd, ".");
	struct kit_list list = { 0 };
	uint32_t last = 0;

	for (uint32_t id = 1; id <= 5000; id++) {
		kit_append(writer, 0, id, id);
		if (id % 1500 == 0)
			ck_assert_int_eq(kit_read(reader, &list), 0);
	}
	journal_writer_free(writer);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	for (guint i = 0; i < list.ids->len; i++) {
		ck_assert_uint_gt(kit_list_id(&list, i), last);
		last = kit_list_id(&list, i);
	}
	ck_assert_uint_eq(last, 5000);
	ck_assert_uint_gt(list.reasons[LOSS_RETENTION], 0);
	ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 0);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

/* The bytes of all segments one after another, as `cat` gives them. */
static GByteArray *journal_bytes(void)
{
	g_autoptr(GArray) numbers = NULL;
	GByteArray *bytes = g_byte_array_new();

	ck_assert_int_eq(segment_list(dir_fd, &numbers), 0);
	for (guint i = 0; i < numbers->len; i++) {
		char name[SEGMENT_NAME_SIZE];
		g_autofree char *path = NULL, *text = NULL;
		size_t length;

		segment_name(g_array_index(numbers, uint64_t, i), name);
		path = g_build_filename(dir_path, name, NULL);
		ck_assert(g_file_get_contents(path, &text, &length, NULL));
		g_byte_array_append(bytes, (guint8 *)text, (guint)length);
	}
	return bytes;
}

START_TEST(a_stream_is_read_however_it_is_cut)
{
	g_autoptr(GByteArray) bytes = NULL;
	struct journal_reader *reader = NULL;
	struct kit_list list = { 0 };
	char *reason = NULL;
	int ends[2], r;
	size_t sent = 64;

	kit_journal(dir_fd, &kit_limits, 600);
	bytes = journal_bytes();
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], bytes->data, sent), sent);
	r = journal_reader_open_stream(ends[0], &reader, &reason);
	ck_assert_msg(r == 0, "%s", reason);

	for (size_t piece = 1; sent < bytes->len; piece = piece % 997 + 13) {
		size_t length = MIN(piece, bytes->len - sent);

		ck_assert_int_eq(write(ends[1], bytes->data + sent, length), length);
		sent += length;
		ck_assert_int_eq(kit_read(reader, &list), -EAGAIN);
	}
	close(ends[1]);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	kit_assert_ids(&list, 1, 600);
	ck_assert_uint_eq(list.starts, 1);
	ck_assert_uint_eq(list.losses, 0);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_stream_may_have_the_zeros_of_a_power_cut)
{
	g_autoptr(GByteArray) bytes = NULL;
	static const guint8 zeros[4096];
	struct journal_reader *reader = NULL;
	struct kit_list list = { 0 };
	char *reason = NULL;
	int fd = memfd_create("stream", MFD_CLOEXEC);

	kit_journal(dir_fd, &kit_limits, 1);
	bytes = journal_bytes();
	g_byte_array_append(bytes, zeros, sizeof(zeros));
	ck_assert_int_eq(write(fd, bytes->data, bytes->len), bytes->len);
	ck_assert_int_eq(write(fd, bytes->data, bytes->len), bytes->len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	ck_assert_uint_eq(list.ids->len, 2);
	ck_assert_uint_eq(list.losses, 0);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

static Suite *journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *tests = tcase_create("journal");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, every_record_comes_back_as_it_was);
	tcase_add_test(tests, records_of_any_size_are_aligned);
	tcase_add_test(tests, a_session_that_records_little_takes_little_room);
	tcase_add_test(tests, segments_follow_each_other_and_each_can_be_read_alone);
	tcase_add_test(tests, later_segments_begin_with_the_settings_that_hold_then);
	tcase_add_test(tests, the_oldest_go_when_the_size_is_reached);
	tcase_add_test(tests, the_oldest_go_when_there_are_too_many);
	tcase_add_test(tests, missing_segments_that_no_record_tells_of_are_a_loss);
	tcase_add_test(tests, a_journal_is_continued_in_a_new_segment);
	tcase_add_test(tests, continuing_a_journal_does_not_depend_on_its_size);
	tcase_add_test(tests, four_rings_come_out_in_order_of_time);
	tcase_add_test(tests, what_is_written_later_is_read_later);
	tcase_add_test(tests, a_reader_survives_the_removal_of_what_it_reads);
	tcase_add_test(tests, a_stream_is_read_however_it_is_cut);
	tcase_add_test(tests, a_stream_may_have_the_zeros_of_a_power_cut);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(journal_suite());
}
