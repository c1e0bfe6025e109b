/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals that were cut, damaged or forged, or are none: whole records are read, the rest is
 * reported. */
#include "journal/format/crc32c.h"
#include "tests/unit/kit/journal-kit.h"

#define EVENTS       12
#define SEGMENT_NAME "0000000001.nftj"

static int dir_fd;
static char *dir_path;
static guint8 *whole; /* a small journal's only segment */
static size_t whole_size;

/* Where each event's record begins and ends in `whole`. */
static size_t begins[EVENTS], ends[EVENTS];

static void segment_write(const char *name, const void *bytes, size_t size)
{
	auto_fd fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), size);
}

static void segment_map(void)
{
	size_t at = sizeof(struct journal_segment), event = 0;

	while (at < whole_size) {
		struct journal_record record;

		memcpy(&record, whole + at, sizeof(record));
		if ((record.type_ring & 0xff) == JOURNAL_EVENT) {
			begins[event] = at;
			ends[event] = at + sizeof(record) + record.size;
			event++;
		}
		at += journal_record_span(record.size);
	}
	ck_assert_uint_eq(event, EVENTS);
}

static void setup(void)
{
	g_autofree char *path = NULL;

	dir_fd = kit_directory(&dir_path);
	kit_journal(dir_fd, &kit_limits, EVENTS);
	path = g_build_filename(dir_path, SEGMENT_NAME, NULL);
	ck_assert(g_file_get_contents(path, (char **)&whole, &whole_size, NULL));
	segment_map();
}

static void teardown(void)
{
	g_clear_pointer(&whole, g_free);
	kit_directory_remove(dir_fd, dir_path);
}

static int open_fails(const char *path, char **ret_reason)
{
	struct journal_reader *reader = NULL;

	*ret_reason = NULL;
	return journal_reader_open(dir_fd, path, &reader, ret_reason);
}

START_TEST(a_cut_at_any_byte_leaves_what_is_before_it)
{
	for (size_t size = sizeof(struct journal_segment); size <= whole_size; size++) {
		struct kit_list list;
		uint32_t expected = 0;

		segment_write(SEGMENT_NAME, whole, size);
		while (expected < EVENTS && ends[expected] <= size)
			expected++;
		list = kit_read_path(dir_fd, ".");
		kit_assert_ids(&list, 1, expected);
		if (expected < EVENTS && size >= begins[expected] + sizeof(struct journal_record))
			ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 1);
		else
			ck_assert_uint_le(list.losses, 1);
		kit_list_clear(&list);
	}
}
END_TEST

START_TEST(a_cut_header_is_no_journal)
{
	for (size_t size = 0; size < sizeof(struct journal_segment); size++) {
		char *reason;

		segment_write(SEGMENT_NAME, whole, size);
		ck_assert_int_eq(open_fails(".", &reason), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(reason, "is not a journal"));
		g_free(reason);
	}
}
END_TEST

START_TEST(a_cut_stream_leaves_what_is_before_it)
{
	for (size_t size = sizeof(struct journal_segment); size <= whole_size; size += 3) {
		struct journal_reader *reader = NULL;
		struct kit_list list = { 0 };
		char *reason = NULL;
		uint32_t expected = 0;
		int fd = memfd_create("stream", MFD_CLOEXEC);

		ck_assert_int_eq(write(fd, whole, size), size);
		ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
		while (expected < EVENTS && ends[expected] <= size)
			expected++;
		ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
		ck_assert_int_eq(kit_read(reader, &list), 0);
		kit_assert_ids(&list, 1, expected);
		journal_reader_free(reader);
		kit_list_clear(&list);
	}
}
END_TEST

/* Damages one byte and reads: every event but the damaged one is there. */
static void assert_costs_one(size_t at, guint8 flip)
{
	g_autofree guint8 *bytes = g_memdup2(whole, whole_size);
	struct kit_list list;
	uint32_t last_size;
	guint found = 0;

	bytes[at] ^= flip;
	/* A last record without a size was never finished: the end is not damage. */
	memcpy(&last_size, bytes + begins[EVENTS - 1], sizeof(last_size));
	segment_write(SEGMENT_NAME, bytes, whole_size);
	list = kit_read_path(dir_fd, ".");
	for (uint32_t event = 0; event < EVENTS; event++) {
		bool hit = at >= begins[event] && at < ends[event];

		if (found < list.ids->len && kit_list_id(&list, found) == event + 1) {
			ck_assert_msg(!hit, "byte %zu: damage was not seen", at);
			found++;
		} else {
			ck_assert_msg(
				hit, "byte %zu ^ %02x: event %u is missing", at, flip, event + 1);
			ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], last_size > 0 ? 1 : 0);
		}
	}
	ck_assert_uint_eq(found, list.ids->len);
	kit_list_clear(&list);
}

START_TEST(a_damaged_byte_costs_its_record_only)
{
	for (size_t at = sizeof(struct journal_segment); at < whole_size; at++) {
		assert_costs_one(at, 0xff);
		assert_costs_one(at, whole[at] ? whole[at] : 0x01);
		assert_costs_one(at, (guint8)(1 << at % 8));
	}
}
END_TEST

START_TEST(damage_is_reported_once_with_count_and_time)
{
	struct journal_reader *reader;
	struct journal_entry entry;

	whole[begins[4] + 100] ^= 1;
	segment_write(SEGMENT_NAME, whole, whole_size);
	reader = kit_reader(dir_fd, ".");
	do
		ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	while (entry.type != JOURNAL_LOSS);
	ck_assert_uint_eq(entry.loss.reason, LOSS_DAMAGED);
	ck_assert_uint_eq(entry.loss.count, 1);
	ck_assert_uint_eq(entry.loss.since, 4000);
	ck_assert_uint_eq(entry.loss.until, 6000);
	journal_reader_free(reader);
}
END_TEST

START_TEST(a_record_within_a_damaged_packet_is_not_believed)
{
	struct journal_loss forged = { .reason = LOSS_RING_FULL, .count = 1000000 };
	struct kit_list list;

	journal_record_write(whole + begins[3] + 160, JOURNAL_LOSS, 0, 0, &forged, sizeof(forged));
	segment_write(SEGMENT_NAME, whole, whole_size);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.ids->len, EVENTS - 1);
	ck_assert_uint_eq(list.lost[LOSS_RING_FULL], 0);
	ck_assert_uint_eq(list.lost[LOSS_DAMAGED], 1);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_damaged_header_costs_its_segment_only)
{
	struct kit_list before, list;

	kit_empty(dir_path);
	kit_journal(dir_fd, &kit_limits, 1000);
	before = kit_read_path(dir_fd, "0000000002.nftj");
	segment_write("0000000002.nftj", "damaged", 7);
	list = kit_read_path(dir_fd, ".");
	ck_assert_uint_eq(list.ids->len, 1000 - before.ids->len);
	ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 1);
	kit_list_clear(&before);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_damaged_header_in_a_stream_costs_itself_only)
{
	struct journal_reader *reader = NULL;
	struct kit_list list = { 0 };
	char *reason = NULL;
	int fd = memfd_create("stream", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, whole, whole_size), whole_size);
	whole[8] ^= 1;
	ck_assert_int_eq(write(fd, whole, whole_size), whole_size);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	ck_assert_int_eq(kit_read(reader, &list), 0);
	ck_assert_uint_eq(list.ids->len, 2 * EVENTS);
	ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 1);
	journal_reader_free(reader);
	kit_list_clear(&list);
}
END_TEST

START_TEST(a_newer_version_is_refused_with_a_sentence)
{
	struct journal_segment *segment = (struct journal_segment *)whole;
	char *reason;

	segment->version = JOURNAL_VERSION + 1;
	segment_write(SEGMENT_NAME, whole, whole_size);
	ck_assert_int_eq(open_fails(".", &reason), -EPROTONOSUPPORT);
	ck_assert_str_eq(reason,
		". was written by a newer version (format 2, this program reads up to 1): "
		"use a newer nfttracectl");
	g_free(reason);
	ck_assert_int_eq(open_fails(SEGMENT_NAME, &reason), -EPROTONOSUPPORT);
	g_free(reason);
}
END_TEST

START_TEST(invalid_journal_is_named_with_escapes)
{
	char *reason;

	segment_write(
		"letter\x1b[31m", "Dear reader, this is a letter and not a journal at all.", 55);
	ck_assert_int_eq(open_fails("letter\x1b[31m", &reason), -EBADMSG);
	ck_assert_str_eq(reason, "letter\\x1b[31m is not a journal: it has no valid header");
	g_free(reason);

	ck_assert_int_eq(open_fails("absent", &reason), -ENOENT);
	ck_assert_str_eq(reason, "absent can't be read: No such file or directory");
	g_free(reason);

	ck_assert_int_eq(mkfifoat(dir_fd, "pipe", 0600), 0);
	ck_assert_int_eq(open_fails("pipe", &reason), -EBADMSG);
	g_free(reason);
}
END_TEST

START_TEST(a_directory_without_segments_is_no_journal)
{
	char *reason;

	kit_empty(dir_path);
	segment_write("readme", "x", 1);
	ck_assert_int_eq(open_fails(".", &reason), -EBADMSG);
	ck_assert_str_eq(reason, ". is not a journal: no segment (*.nftj) is in it");
	g_free(reason);
}
END_TEST

START_TEST(a_segment_that_is_a_link_is_not_followed)
{
	struct kit_list list;

	ck_assert_int_eq(renameat(dir_fd, SEGMENT_NAME, dir_fd, "elsewhere"), 0);
	ck_assert_int_eq(symlinkat("elsewhere", dir_fd, "0000000002.nftj"), 0);
	segment_write(SEGMENT_NAME, whole, whole_size);
	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, EVENTS);
	ck_assert_uint_eq(list.reasons[LOSS_DAMAGED], 1);
	kit_list_clear(&list);
}
END_TEST

/* Writes a record as a machine of the other byte order would have. The checksum is over its own
 * bytes, so it is made for them and then swapped as a number. */
static size_t swapped_write(guint8 *out, enum journal_type type, const void *payload, uint32_t size)
{
	struct journal_record *record = (struct journal_record *)out;
	uint32_t type_ring = __builtin_bswap32((9U << 8) | (uint32_t)type);

	/* What journal_record_write stores is (ring << 8 | type): these give the swapped number. */
	journal_record_write(out, (enum journal_type)(type_ring & 0xff),
		(uint16_t)(type_ring >> 8 & 0xffff), __builtin_bswap32(77), payload, size);
	ck_assert_uint_eq(type_ring >> 24, (uint32_t)type);
	record->type_ring = type_ring;
	record->checksum = __builtin_bswap32(crc32c(0, &record->type_ring, 8 + size));
	record->size = __builtin_bswap32(size);
	return journal_record_span(size);
}

START_TEST(the_other_byte_order_is_read)
{
	struct journal_segment segment = {
		.byte_order = __builtin_bswap32(JOURNAL_BYTE_ORDER),
		.version = __builtin_bswap16(JOURNAL_VERSION),
		.header_size = __builtin_bswap16(sizeof(segment)),
		.number = __builtin_bswap64(1),
		.session = __builtin_bswap64(12),
	};
	struct event_head event = {
		.size = __builtin_bswap32(sizeof(event)),
		.version = EVENT_VERSION,
	};
	struct journal_loss loss = {
		.reason = __builtin_bswap32(LOSS_DISK_FULL),
		.count = __builtin_bswap64(5),
	};
	g_autofree guint8 *bytes = g_malloc0(4096);
	size_t at = sizeof(segment);
	struct journal_reader *reader;
	struct journal_entry entry;

	memcpy(segment.magic, JOURNAL_MAGIC, sizeof(segment.magic));
	memcpy(bytes, &segment, sizeof(segment));
	for (uint32_t id = 3; id >= 1; id--) {
		event.time = __builtin_bswap64(id);
		event.pid = __builtin_bswap32(id);
		at += swapped_write(bytes + at, JOURNAL_EVENT, &event, sizeof(event));
	}
	at += swapped_write(bytes + at, JOURNAL_LOSS, &loss, sizeof(loss));
	segment_write(SEGMENT_NAME, bytes, at);

	reader = kit_reader(dir_fd, ".");
	for (uint32_t id = 1; id <= 3; id++) {
		ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
		ck_assert_int_eq(entry.type, JOURNAL_EVENT);
		ck_assert_uint_eq(entry.byte_order, segment.byte_order);
		ck_assert_uint_eq(kit_id(&entry), id);
		ck_assert_uint_eq(entry.ring, 9);
		ck_assert_uint_eq(entry.position, 77);
		ck_assert_uint_eq(entry.segment->session, 12);
	}
	ck_assert_int_eq(journal_reader_next(reader, &entry), 1);
	ck_assert_uint_eq(entry.loss.reason, LOSS_DISK_FULL);
	ck_assert_uint_eq(entry.loss.count, 5);
	ck_assert_int_eq(journal_reader_next(reader, &entry), 0);
	journal_reader_free(reader);
}
END_TEST

/* A generator of our own: the same bytes on every machine. */
static uint64_t noise_state;

static uint32_t noise(void)
{
	noise_state = noise_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(noise_state >> 33);
}

/* Reads any bytes: the reader must end, and access nothing else. */
static void read_hostile(const guint8 *bytes, size_t size)
{
	struct journal_reader *reader = NULL;
	struct kit_list list = { 0 };
	char *reason = NULL;

	segment_write(SEGMENT_NAME, bytes, size);
	if (journal_reader_open(dir_fd, ".", &reader, &reason) < 0) {
		g_free(reason);
		return;
	}
	kit_read(reader, &list);
	journal_reader_free(reader);
	kit_list_clear(&list);
}

START_TEST(noise_does_no_harm)
{
	noise_state = (uint64_t)_i + 1;
	for (int round = 0; round < 300; round++) {
		g_autofree guint8 *bytes = g_memdup2(whole, whole_size);
		uint32_t changes = 1 + noise() % 40;

		for (uint32_t i = 0; i < changes; i++)
			bytes[sizeof(struct journal_segment) +
				noise() % (whole_size - sizeof(struct journal_segment))] =
				(guint8)noise();
		read_hostile(bytes, whole_size - noise() % 200);
		for (size_t i = sizeof(struct journal_segment); i < whole_size; i++)
			bytes[i] = (guint8)noise();
		read_hostile(bytes, whole_size);
	}
}
END_TEST

/* Records with valid checksums and invalid contents. */
START_TEST(forged_records_with_good_checksums_do_no_harm)
{
	noise_state = (uint64_t)_i + 100;
	for (int round = 0; round < 300; round++) {
		g_autofree guint8 *bytes = g_malloc0(64 << 10);
		size_t at = sizeof(struct journal_segment);

		memcpy(bytes, whole, at);
		while (at < 60 << 10) {
			guint8 payload[512];
			uint32_t size = 1 + noise() % sizeof(payload);

			for (uint32_t i = 0; i < size; i++)
				payload[i] = (guint8)noise();
			journal_record_write(bytes + at, (enum journal_type)(noise() % 8),
				(uint16_t)noise(), noise(), payload, size);
			at += journal_record_span(size);
		}
		read_hostile(bytes, 64 << 10);
	}
}
END_TEST

START_TEST(a_huge_empty_file_is_not_read_to_its_end)
{
	struct kit_list list;
	gint64 begun = g_get_monotonic_time();
	g_autofree char *path = g_build_filename(dir_path, SEGMENT_NAME, NULL);

	ck_assert_int_eq(truncate(path, 1LL << 40), 0);
	list = kit_read_path(dir_fd, ".");
	kit_assert_ids(&list, 1, EVENTS);
	ck_assert_int_lt(g_get_monotonic_time() - begun, G_USEC_PER_SEC);
	kit_list_clear(&list);
}
END_TEST

static Suite *damage_suite(void)
{
	Suite *suite = suite_create("journal damage");
	TCase *tests = tcase_create("damage");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 240);
	tcase_add_test(tests, a_cut_at_any_byte_leaves_what_is_before_it);
	tcase_add_test(tests, a_cut_header_is_no_journal);
	tcase_add_test(tests, a_cut_stream_leaves_what_is_before_it);
	tcase_add_test(tests, a_damaged_byte_costs_its_record_only);
	tcase_add_test(tests, damage_is_reported_once_with_count_and_time);
	tcase_add_test(tests, a_record_within_a_damaged_packet_is_not_believed);
	tcase_add_test(tests, a_damaged_header_costs_its_segment_only);
	tcase_add_test(tests, a_damaged_header_in_a_stream_costs_itself_only);
	tcase_add_test(tests, a_newer_version_is_refused_with_a_sentence);
	tcase_add_test(tests, invalid_journal_is_named_with_escapes);
	tcase_add_test(tests, a_directory_without_segments_is_no_journal);
	tcase_add_test(tests, a_segment_that_is_a_link_is_not_followed);
	tcase_add_test(tests, the_other_byte_order_is_read);
	tcase_add_loop_test(tests, noise_does_no_harm, 0, 4);
	tcase_add_loop_test(tests, forged_records_with_good_checksums_do_no_harm, 0, 4);
	tcase_add_test(tests, a_huge_empty_file_is_not_read_to_its_end);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(damage_suite());
}
