/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index job with a minimal manager, see journal-index.h. */
#include "tests/unit/kit/journal-index.h"

#include <check.h>

#include "daemon/sessions/index-job.h"
#include "daemon/sessions/manager-private.h"

static struct manager manager;

static void session_clear(void *session)
{
	g_free(session);
}

void index_kit_begin(const struct state_directory *state)
{
	manager = (struct manager){ .state_directory = state };
	ck_assert_int_ge(sd_event_new(&manager.event), 0);
	manager.sessions = g_ptr_array_new_with_free_func(session_clear);
	ck_assert_int_eq(manager_index_new(&manager, &manager.index), 0);
}

struct manager *index_kit_manager(void)
{
	return &manager;
}

static void on_ready(void *context, int error)
{
	int *result = context;

	*result = error;
}

GArray *index_kit_journals(const GArray *running)
{
	const struct journal_query all = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX };
	int result = 1;
	bool more;

	g_ptr_array_set_size(manager.sessions, 0);
	for (unsigned int i = 0; i < running->len; i++) {
		struct session *session = g_new0(struct session, 1);

		session->state = SESSION_RUNNING;
		session->id = g_array_index(running, uint64_t, i);
		g_ptr_array_add(manager.sessions, session);
	}
	manager_index_await(manager.index, INDEX_ALL, ARCHIVE_UNLIMITED, on_ready, &result);
	while (result == 1)
		ck_assert_int_ge(sd_event_run(manager.event, UINT64_MAX), 0);
	ck_assert_int_eq(result, 0);
	return journal_index_query(manager_index_journals(manager.index), &all, &more);
}

void index_kit_changed(const GArray *ids)
{
	manager_index_changed(manager.index, ids);
}

int index_kit_end_awaited(void)
{
	int result = 1;

	manager_index_await(manager.index, INDEX_ALL, ARCHIVE_UNLIMITED, on_ready, &result);
	ck_assert_int_eq(result, 1);
	manager.index = manager_index_free(manager.index);
	return result;
}

void index_kit_end(void)
{
	manager.index = manager_index_free(manager.index);
	g_ptr_array_unref(manager.sessions);
	manager.event = sd_event_unref(manager.event);
}
