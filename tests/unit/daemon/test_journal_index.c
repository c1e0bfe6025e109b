/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index of journals: pages, owners, and journals that may be out of date; and the threads that
 * read and remove journals. */
#include <check.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/sessions/archive-job.h"
#include "daemon/sessions/index-job.h"
#include "tests/unit/kit/session-kit.h"

#define JOURNALS 20000
#define OWNER    1000

static void put(struct journal_index *index, uint64_t id, uint64_t owner, enum journal_known known)
{
	struct archive_journal journal = {
		.id = id,
		.owner = owner,
		.name = g_strdup(id % 2 ? "odd" : "even"),
		.running = known == JOURNAL_WRITTEN,
	};

	journal_index_put(index, &journal, known);
	g_free(journal.name);
}

/* Ids from 1 up, of root; each hundredth is OWNER's. They are added in another order. */
static struct journal_index *filled(void)
{
	struct journal_index *index = journal_index_new();

	for (uint64_t i = 0; i < JOURNALS; i++) {
		uint64_t id = i * 7919 % JOURNALS + 1;

		journal_index_add(index, id);
		put(index, id, id % 100 ? 0 : OWNER, JOURNAL_SETTLED);
	}
	return index;
}

static uint64_t id_at(const GArray *journals, unsigned int i)
{
	return g_array_index(journals, struct archive_journal, i).id;
}

/* The number of journals in all pages, which are in order. */
static unsigned int in_pages(
	const struct journal_index *index, struct journal_query query, uint64_t *ret_last)
{
	unsigned int count = 0;
	bool more = true;

	while (more) {
		g_autoptr(GArray) page = journal_index_query(index, &query, &more);

		ck_assert_uint_le(page->len, query.count);
		ck_assert(page->len > 0 || !more);
		for (unsigned int i = 0; i < page->len; i++) {
			ck_assert_uint_gt(id_at(page, i), query.after);
			query.after = id_at(page, i);
		}
		count += page->len;
	}
	*ret_last = query.after;
	return count;
}

START_TEST(pages_have_every_journal_once_and_in_order)
{
	struct journal_query query = { .owner = ARCHIVE_UNLIMITED, .count = 512 };
	const struct journal_query all = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX };
	struct journal_index *index = filled();
	uint64_t last;

	ck_assert_uint_eq(in_pages(index, all, &last), JOURNALS);
	ck_assert_uint_eq(in_pages(index, query, &last), JOURNALS);
	ck_assert_uint_eq(last, JOURNALS);
	query.owner = OWNER;
	query.count = 7;
	ck_assert_uint_eq(in_pages(index, query, &last), JOURNALS / 100);
	query.owner = OWNER + 1;
	ck_assert_uint_eq(in_pages(index, query, &last), 0);
	query.owner = ARCHIVE_UNLIMITED;
	query.after = UINT64_MAX;
	ck_assert_uint_eq(in_pages(index, query, &last), 0);
	journal_index_free(index);
}
END_TEST

START_TEST(a_query_narrows_by_name_and_by_running)
{
	char odd[] = "odd";
	struct journal_query query = { .owner = ARCHIVE_UNLIMITED, .count = 512, .name = odd };
	struct journal_index *index = filled();
	uint64_t last;

	ck_assert_uint_eq(in_pages(index, query, &last), JOURNALS / 2);
	query.running = true;
	ck_assert_uint_eq(in_pages(index, query, &last), 0);
	put(index, 17, 0, JOURNAL_WRITTEN);
	ck_assert_uint_eq(in_pages(index, query, &last), 1);
	ck_assert_uint_eq(last, 17);
	journal_index_free(index);
}
END_TEST

START_TEST(removed_or_transferred_journal_leaves_its_lists)
{
	struct journal_query query = { .owner = OWNER, .count = 512 };
	struct journal_index *index = filled();
	uint64_t last;

	journal_index_remove(index, 100);
	journal_index_remove(index, 100);
	put(index, 100, OWNER, JOURNAL_SETTLED);
	put(index, 200, 0, JOURNAL_SETTLED);
	put(index, 201, OWNER, JOURNAL_SETTLED);
	put(index, 203, OWNER, JOURNAL_SETTLED);
	ck_assert_uint_eq(in_pages(index, query, &last), JOURNALS / 100);
	ck_assert_ptr_null(journal_index_find(index, 100));
	ck_assert_uint_eq(journal_index_find(index, 203)->owner, OWNER);
	journal_index_free(index);
}
END_TEST

START_TEST(a_journal_that_was_never_read_counts_as_running)
{
	struct journal_index *index = journal_index_new();
	const struct journal_query all = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX };
	g_autoptr(GArray) journals = NULL;
	bool more;

	journal_index_add(index, 1);
	journal_index_add(index, 2);
	put(index, 2, 0, JOURNAL_SETTLED);
	journal_index_keep(index, 1);
	journal_index_keep(index, 2);
	journals = journal_index_query(index, &all, &more);
	ck_assert_uint_eq(journals->len, 2);
	ck_assert(g_array_index(journals, struct archive_journal, 0).running);
	ck_assert(!g_array_index(journals, struct archive_journal, 1).running);
	journal_index_free(index);
}
END_TEST

START_TEST(uncertain_journals_are_due)
{
	struct journal_index *index = journal_index_new();
	g_autoptr(GArray) unread = NULL;
	g_autoptr(GArray) written = NULL;

	ck_assert(!journal_index_is_open(index, ARCHIVE_UNLIMITED));
	for (uint64_t id = 4; id > 0; id--)
		journal_index_add(index, id);
	/* It may be any user's. */
	ck_assert(journal_index_is_open(index, OWNER));
	put(index, 1, 0, JOURNAL_SETTLED);
	put(index, 2, 0, JOURNAL_CHANGED);
	put(index, 3, 0, JOURNAL_WRITTEN);
	unread = journal_index_due(index, JOURNAL_UNREAD, JOURNAL_UNREAD);
	written = journal_index_due(index, JOURNAL_UNREAD, JOURNAL_WRITTEN);
	ck_assert_uint_eq(unread->len, 1);
	ck_assert_uint_eq(written->len, 3);
	ck_assert_uint_eq(g_array_index(written, uint64_t, 0), 2);
	put(index, 4, OWNER + 1, JOURNAL_SETTLED);
	ck_assert(!journal_index_is_open(index, OWNER));
	ck_assert(journal_index_is_open(index, 0));
	g_array_unref(written);
	written = journal_index_due(index, JOURNAL_UNREAD, JOURNAL_WRITTEN);
	ck_assert_uint_eq(written->len, 2);
	journal_index_free(index);
}
END_TEST

struct listed {
	bool came;
	unsigned int count;
};

static void on_list(void *context, const struct archive_request *request)
{
	struct listed *listed = context;

	ck_assert_ptr_null(request->failure.reason);
	listed->came = true;
	listed->count = request->journals->len;
}

static unsigned int list(bool running)
{
	const struct archive_request request = {
		.action = ARCHIVE_LIST,
		.query = { .owner = ARCHIVE_UNLIMITED, .count = 512, .running = running },
	};
	struct listed listed = { 0 };
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;

	manager_archive(manager, &request, on_list, &listed);
	while (!listed.came) {
		ck_assert_int_lt(g_get_monotonic_time(), end);
		turn();
	}
	return listed.count;
}

static void hold_up(void *lock)
{
	g_mutex_lock(lock);
	g_mutex_unlock(lock);
}

static void nothing(void *argument)
{
}

START_TEST(a_start_a_stop_and_a_list_do_not_wait_for_a_removal)
{
	g_autoptr(GMutexLocker) locker = NULL;
	struct session *session;
	static GMutex lock; /* of jobs that run until the manager has ended */

	locker = g_mutex_locker_new(&lock);
	while (worker_submit(manager->janitor, hold_up, nothing, &lock) == 0)
		;
	session = start();
	ck_assert_ptr_nonnull(session);
	ck_assert_uint_eq(list(true), 1);
	stop(session);
	ck_assert_uint_eq(list(true), 0);
	ck_assert_uint_eq(list(false), 1);
	g_clear_pointer(&locker, g_mutex_locker_free);
}
END_TEST

START_TEST(journals_that_somebody_else_makes_and_removes_are_listed_and_not)
{
	g_autofree char *theirs = g_build_filename(directory, "77", NULL);

	ck_assert_uint_eq(list(false), 0);
	ck_assert_int_eq(mkdir(theirs, 0700), 0);
	ck_assert_uint_eq(list(false), 1);
	ck_assert_int_eq(rmdir(theirs), 0);
	ck_assert_uint_eq(list(false), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_index");
	TCase *alone = tcase_create("index"), *cases = tcase_create("lanes");

	tcase_set_timeout(alone, 60);
	tcase_add_test(alone, pages_have_every_journal_once_and_in_order);
	tcase_add_test(alone, a_query_narrows_by_name_and_by_running);
	tcase_add_test(alone, removed_or_transferred_journal_leaves_its_lists);
	tcase_add_test(alone, a_journal_that_was_never_read_counts_as_running);
	tcase_add_test(alone, uncertain_journals_are_due);
	suite_add_tcase(suite, alone);
	tcase_add_test(cases, a_start_a_stop_and_a_list_do_not_wait_for_a_removal);
	tcase_add_test(cases, journals_that_somebody_else_makes_and_removes_are_listed_and_not);
	return session_tests_run(suite, cases);
}
