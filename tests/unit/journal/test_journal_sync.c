/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal writer's syncs: what is synced, what a failed sync costs, and where the journal
 * records it. The disk is a function of the test's own.
 */
#include "tests/unit/kit/journal-kit.h"

static int dir_fd;
static char *dir_path;
static int disk_error; /* the disk's answer, an errno; 0: stored */
static unsigned int syncs;

/* In place of the C library's. */
int fdatasync(int fd)
{
	syncs++;
	if (!disk_error)
		return 0;
	errno = disk_error;
	return -1;
}

static void setup(void)
{
	dir_fd = kit_directory(&dir_path);
	disk_error = 0;
	syncs = 0;
}

static void teardown(void)
{
	kit_directory_remove(dir_fd, dir_path);
}

static void take(struct journal_writer *writer, uint32_t first, uint32_t last)
{
	struct journal_loss lost;

	ck_assert_int_eq(kit_take(writer, first, last), 0);
	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
}

static struct journal_waiting waiting(const struct journal_writer *writer)
{
	struct journal_waiting waiting;

	journal_writer_waiting(writer, &waiting);
	return waiting;
}

START_TEST(written_events_wait_for_the_sync)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;

	/* The head is included. */
	ck_assert_uint_gt(waiting(writer).bytes, 0);
	ck_assert_uint_eq(waiting(writer).events, 0);
	take(writer, 1, 10);
	ck_assert_uint_eq(waiting(writer).events, 10);
	ck_assert_uint_gt(waiting(writer).since, 0);
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	ck_assert_uint_eq(unstored.lost.count, 0);
	ck_assert_uint_eq(waiting(writer).bytes, 0);
	ck_assert_uint_eq(waiting(writer).events, 0);
	ck_assert_uint_eq(waiting(writer).since, 0);
	/* Nothing is new: nothing is synced. */
	syncs = 0;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	ck_assert_uint_eq(syncs, 0);
	journal_writer_free(writer);
}
END_TEST

START_TEST(events_written_during_a_sync_wait_for_the_next)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;
	struct journal_sync *sync;

	take(writer, 1, 10);
	sync = journal_writer_sync_begin(writer);
	ck_assert_ptr_nonnull(sync);
	ck_assert_ptr_null(journal_writer_sync_begin(writer));
	take(writer, 11, 15);
	ck_assert(!journal_writer_sync_is_due(writer));
	journal_sync_run(sync);
	journal_sync_unref(sync);
	ck_assert(journal_writer_sync_is_due(writer));
	ck_assert_int_eq(journal_writer_sync_end(writer, &unstored), 0);
	ck_assert_uint_eq(waiting(writer).events, 5);
	ck_assert_uint_gt(waiting(writer).since, 0);
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	ck_assert_uint_eq(waiting(writer).events, 0);
	journal_writer_free(writer);
}
END_TEST

START_TEST(a_sync_that_fails_costs_what_was_written_since_the_last)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;
	struct journal_totals totals;
	uint64_t segment = journal_writer_segment(writer);
	struct journal_loss loss;

	take(writer, 1, 10);
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	take(writer, 11, 30);
	disk_error = EIO;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), -EIO);
	ck_assert_uint_eq(unstored.lost.count, 20);
	ck_assert_uint_eq(unstored.lost.since, 11);
	ck_assert_uint_eq(unstored.lost.until, 30);
	ck_assert_uint_eq(waiting(writer).events, 0);
	journal_writer_totals(writer, &totals);
	ck_assert_uint_eq(totals.events, 10);

	/* The next record begins a segment, which has the loss record. */
	disk_error = 0;
	loss = unstored.lost;
	loss.reason = LOSS_DISK_ERROR;
	ck_assert_int_eq(journal_writer_append_loss(writer, &loss), 0);
	ck_assert_uint_eq(journal_writer_segment(writer), segment + 1);
	take(writer, 31, 35);
	ck_assert_uint_eq(journal_writer_segment(writer), segment + 1);
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	journal_writer_free(writer);
}
END_TEST

START_TEST(losses_whose_records_went_with_it_come_again)
{
	const struct journal_loss first = {
		.reason = LOSS_RING_FULL, .count = 3, .since = 5, .until = 6
	};
	const struct journal_loss second = {
		.reason = LOSS_RING_FULL, .count = 4, .since = 7, .until = 9
	};
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;

	ck_assert_int_eq(journal_writer_append_loss(writer, &first), 0);
	ck_assert_int_eq(journal_writer_append_loss(writer, &second), 0);
	disk_error = ENOSPC;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), -ENOSPC);
	ck_assert_uint_eq(unstored.lost.count, 0);
	ck_assert_uint_eq(unstored.losses[LOSS_RING_FULL].count, 7);
	ck_assert_uint_eq(unstored.losses[LOSS_RING_FULL].since, 5);
	ck_assert_uint_eq(unstored.losses[LOSS_RING_FULL].until, 9);
	journal_writer_free(writer);
}
END_TEST

START_TEST(closed_segments_wait_too)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;

	take(writer, 1, 1000);
	ck_assert_uint_gt(journal_writer_segment(writer), 3);
	ck_assert_uint_eq(waiting(writer).events, 1000);
	disk_error = EIO;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), -EIO);
	ck_assert_uint_eq(unstored.lost.count, 1000);
	ck_assert_uint_eq(unstored.lost.since, 1);
	ck_assert_uint_eq(unstored.lost.until, 1000);
	journal_writer_free(writer);
}
END_TEST

START_TEST(removed_segments_do_not_wait)
{
	const struct journal_limits limits = { .segment_size = 64 << 10, .segments = 2 };
	struct journal_writer *writer = kit_writer(dir_fd, &limits);
	struct journal_unstored unstored;
	struct journal_sync *sync;

	take(writer, 1, 300);
	sync = journal_writer_sync_begin(writer);
	take(writer, 301, 2000);
	ck_assert_uint_lt(waiting(writer).events, 1000);
	/* The events that were handed out are not there any more: they can't be lost again. */
	disk_error = EIO;
	journal_sync_run(sync);
	journal_sync_unref(sync);
	journal_writer_sync_end(writer, &unstored);
	ck_assert_uint_eq(unstored.lost.count, 0);
	disk_error = 0;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	ck_assert_uint_eq(waiting(writer).bytes, 0);
	journal_writer_free(writer);
}
END_TEST

START_TEST(number_of_unsynced_segments_is_limited)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;
	uint64_t segment;

	take(writer, 1, 20000);
	segment = journal_writer_segment(writer);
	take(writer, 20001, 21000);
	ck_assert_uint_eq(journal_writer_segment(writer), segment);
	ck_assert_uint_eq(waiting(writer).events, 21000);
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), 0);
	take(writer, 21001, 21001);
	ck_assert_uint_eq(journal_writer_segment(writer), segment + 1);
	journal_writer_free(writer);
}
END_TEST

START_TEST(resumed_journal_syncs_existing_segments)
{
	struct journal_writer *writer = kit_writer(dir_fd, &kit_limits);
	struct journal_unstored unstored;

	take(writer, 1, 600);
	journal_writer_free(writer);
	writer = kit_writer(dir_fd, &kit_limits);
	ck_assert_uint_gt(waiting(writer).bytes, 100000);
	take(writer, 601, 610);
	disk_error = EIO;
	ck_assert_int_eq(journal_writer_sync(writer, &unstored), -EIO);
	ck_assert_uint_eq(unstored.lost.count, 610);
	disk_error = 0;
	journal_writer_free(writer);
}
END_TEST

static Suite *sync_suite(void)
{
	Suite *suite = suite_create("journal sync");
	TCase *tests = tcase_create("sync");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, written_events_wait_for_the_sync);
	tcase_add_test(tests, events_written_during_a_sync_wait_for_the_next);
	tcase_add_test(tests, a_sync_that_fails_costs_what_was_written_since_the_last);
	tcase_add_test(tests, losses_whose_records_went_with_it_come_again);
	tcase_add_test(tests, closed_segments_wait_too);
	tcase_add_test(tests, removed_segments_do_not_wait);
	tcase_add_test(tests, number_of_unsynced_segments_is_limited);
	tcase_add_test(tests, resumed_journal_syncs_existing_segments);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(sync_suite());
}
