/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of the rings is killed and another one resumes: each event is in the journal once,
 * wherever the first one stopped.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/recorder/recorder.h"
#include "journal/format/dictionary.h"
#include "journal/reader/reader.h"
#include "tests/unit/kit/fake-pipeline.h"

#define SESSION 4
#define BIT     2

static char *directory;
static int dir_fd;
static struct checkpoint *checkpoint;
static struct recorder *recorder;
static struct pipeline *pipeline;

static struct journal_writer *writer_open(void)
{
	const struct journal_limits limits = { .segment_size = 64 << 10 };
	g_autofree char *start = journal_start_new(SESSION, "", "");
	struct journal_writer *writer = NULL;

	ck_assert_int_eq(journal_writer_open(dir_fd, SESSION, start, "{}", &limits, &writer), 0);
	return writer;
}

static void set_up(void)
{
	const struct pipeline_options options = { 0 };
	struct recorder_session tenant = { .id = SESSION };
	g_autofree char *reason = NULL;

	directory = g_dir_make_tmp("nfttraced-resume-XXXXXX", NULL);
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(checkpoint_open(dir_fd, &checkpoint), 0);
	ck_assert_int_eq(recorder_new(&recorder), 0);
	ck_assert_int_eq(pipeline_new(&options, &pipeline, &reason), 0);
	tenant.writer = writer_open();
	tenant.checkpoint = checkpoint_slot(checkpoint, BIT);
	recorder_add(recorder, BIT, &tenant);
	ck_assert_int_eq(recorder_attach(recorder, pipeline, RECORDER_RINGS_NEW), 0);
}

static void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", directory);

	recorder = recorder_free(recorder);
	pipeline = pipeline_free(pipeline);
	checkpoint = checkpoint_free(checkpoint);
	close(dir_fd);
	ck_assert_int_eq(system(command), 0);
	g_free(directory);
}

static void events(unsigned int count)
{
	while (count--)
		fake_event(1ULL << BIT);
	recorder_settle(recorder);
}

static void entry_read(struct checkpoint_entry *ret)
{
	ck_assert(checkpoint_slot_read(checkpoint_slot(checkpoint, BIT), SESSION, ret));
}

/* The reader is killed, and the next one resumes from this entry of the checkpoint. */
static void go_on(const struct checkpoint_entry *entry)
{
	struct journal_tail tail = JOURNAL_TAIL_NONE;
	struct recorder_session tenant = {
		.id = SESSION,
		.checkpoint = checkpoint_slot(checkpoint, BIT),
		.before = entry,
		.tail = &tail,
	};

	recorder = recorder_free(recorder);
	ck_assert_int_eq(journal_tail_read(dir_fd, entry->segment, entry->end, &tail), 0);
	tenant.writer = writer_open();
	ck_assert_int_eq(recorder_new(&recorder), 0);
	recorder_add(recorder, BIT, &tenant);
	fake_keep_unreleased(false);
	ck_assert_int_eq(recorder_attach(recorder, pipeline, RECORDER_RINGS_ADOPTED), 0);
	recorder_settle(recorder);
}

/* Events in the journal; how many loss records it has. */
static unsigned int expect_events(unsigned int count)
{
	struct journal_reader *reader;
	g_autofree char *reason = NULL;
	struct journal_entry entry;
	unsigned int found = 0, lost = 0;

	journal_writer_free(recorder_remove(recorder, BIT));
	ck_assert_int_eq(journal_reader_open(dir_fd, ".", &reader, &reason), 0);
	while (journal_reader_next(reader, &entry) == 1) {
		found += entry.type == JOURNAL_EVENT;
		lost += entry.type == JOURNAL_LOSS;
	}
	journal_reader_free(reader);
	ck_assert_uint_eq(found, count);
	return lost;
}

/* Events in the journal, and by the counts. */
static void expect(unsigned int count, unsigned int losses)
{
	struct recorder_counts counts;

	recorder_counts(recorder, BIT, &counts);
	ck_assert_uint_eq(counts.journaled, count);
	ck_assert_uint_eq(expect_events(count), losses);
}

START_TEST(killed_before_the_rings_were_released)
{
	struct checkpoint_entry entry;

	events(5);
	fake_keep_unreleased(true);
	events(7);
	entry_read(&entry);
	go_on(&entry);
	events(3);
	expect(15, 0);
}
END_TEST

START_TEST(killed_before_the_checkpoint_was_written)
{
	struct checkpoint_entry entry;

	events(5);
	entry_read(&entry);
	fake_keep_unreleased(true);
	events(7);
	go_on(&entry);
	events(3);
	expect(15, 0);
}
END_TEST

START_TEST(killed_in_the_middle_of_a_record)
{
	g_autofree char *path = NULL;
	struct checkpoint_entry entry;
	int fd;

	events(5);
	entry_read(&entry);
	fake_keep_unreleased(true);
	events(7);
	recorder = recorder_free(recorder);
	path = g_strdup_printf("%s/%010u" JOURNAL_SUFFIX, directory, (unsigned int)entry.segment);
	fd = open(path, O_RDWR);
	/* The last event is incomplete. */
	ck_assert_int_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) - 20), 0);
	close(fd);
	go_on(&entry);
	expect(12, 0);
}
END_TEST

START_TEST(killed_when_the_segment_of_the_checkpoint_was_removed)
{
	const unsigned int count = 2000; /* several segments */
	g_autofree char *path = NULL;
	struct checkpoint_entry entry;
	struct recorder_counts counts;

	events(5);
	entry_read(&entry);
	fake_keep_unreleased(true);
	events(count);
	path = g_strdup_printf("%s/%010u" JOURNAL_SUFFIX, directory, (unsigned int)entry.segment);
	ck_assert_int_eq(g_unlink(path), 0);
	go_on(&entry);
	recorder_counts(recorder, BIT, &counts);
	ck_assert_uint_eq(counts.journaled, 5 + count);
	/* Those that were removed come again from the rings, the others do not. */
	expect_events(count);
}
END_TEST

START_TEST(killed_with_events_in_the_rings)
{
	struct checkpoint_entry entry;

	events(5);
	entry_read(&entry);
	recorder = recorder_free(recorder);
	for (int i = 0; i < 9; i++)
		fake_event(1ULL << BIT);
	go_on(&entry);
	expect(14, 0);
}
END_TEST

START_TEST(other_rings_are_read_from_their_beginning)
{
	struct checkpoint_entry entry;

	events(5);
	entry_read(&entry);
	entry.next[0] = entry.next[1] = UINT64_MAX;
	go_on(&entry);
	ck_assert_int_eq(recorder_attach(recorder, pipeline, RECORDER_RINGS_NEW), 0);
	events(3);
	expect(8, 0);
}
END_TEST

START_TEST(a_loss_that_waited_for_its_record_gets_it)
{
	const struct journal_loss loss = { .reason = LOSS_DISK_FULL, .count = 3, .until = 1 };
	struct checkpoint_entry entry;

	events(5);
	entry_read(&entry);
	entry.losses[LOSS_DISK_FULL] = loss;
	entry.disk_full = 3;
	go_on(&entry);
	expect(5, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resume");
	TCase *cases = tcase_create("resume");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, killed_before_the_rings_were_released);
	tcase_add_test(cases, killed_before_the_checkpoint_was_written);
	tcase_add_test(cases, killed_in_the_middle_of_a_record);
	tcase_add_test(cases, killed_when_the_segment_of_the_checkpoint_was_removed);
	tcase_add_test(cases, killed_with_events_in_the_rings);
	tcase_add_test(cases, other_rings_are_read_from_their_beginning);
	tcase_add_test(cases, a_loss_that_waited_for_its_record_gets_it);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
