/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index job with a minimal manager, see index-kit.h. */
#include "tests/unit/kit/index-kit.h"

#include <check.h>
#include <stdlib.h>

#include "daemon/sessions/index-job.h"
#include "daemon/sessions/manager-private.h"

struct index_kit index_kit;

static struct manager manager;

static void session_clear(void *session)
{
	g_free(session);
}

void index_kit_set_up(void)
{
	g_autofree char *reason = NULL;

	index_kit.directory = g_dir_make_tmp("nfttraced-index-XXXXXX", NULL);
	ck_assert_int_eq(state_directory_open(index_kit.directory, &index_kit.state, &reason), 0);
	index_kit.running = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	manager = (struct manager){ .state_directory = index_kit.state };
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

GArray *index_kit_journals(void)
{
	const GArray *running = index_kit.running;
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

void index_kit_tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", index_kit.directory);

	manager.index = manager_index_free(manager.index);
	g_ptr_array_unref(manager.sessions);
	manager.event = sd_event_unref(manager.event);
	index_kit.state = state_directory_free(index_kit.state);
	g_array_unref(index_kit.running);
	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&index_kit.directory, g_free);
}
