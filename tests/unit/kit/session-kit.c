/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A manager without a bus for tests; see session-kit.h. */
#include "tests/unit/kit/session-kit.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/kit/fake-pipeline.h"

struct settings *settings;
struct state_directory *state;
struct recorder *recorder;
struct manager *manager;
sd_event *event;
char *directory;

struct answer answer;

static void set_up(void)
{
	auto_failure failure = { 0 };
	g_autofree char *reason = NULL;

	directory = g_dir_make_tmp("nfttraced-session-XXXXXX", NULL);
	settings = settings_new();
	settings->allow_system_changes = false;
	g_free(settings->state_directory);
	settings->state_directory = g_strdup(directory);
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(state_directory_open(directory, &state, &reason), 0);
	ck_assert_int_eq(recorder_new(&recorder), 0);
	ck_assert_int_eq(manager_new(event, settings, state, recorder, &manager, &failure), 0);
}

static void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", directory);

	manager = manager_free(manager);
	recorder = recorder_free(recorder);
	state = state_directory_free(state);
	settings = settings_free(settings);
	event = sd_event_unref(event);
	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&directory, g_free);
	g_clear_pointer(&answer.reason, g_free);
}

static void take_answer(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	ck_assert(!answer.came);
	g_free(answer.reason);
	memset(&answer, 0, sizeof(answer));
	answer.came = true;
	answer.session = session;
	if (failure) {
		answer.kind = failure->kind;
		answer.reason = g_strdup(failure->reason);
	}
	if (totals)
		answer.totals = *totals;
}

const struct manager_call call = { .reply = take_answer };

void turn(void)
{
	ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
}

void await_answer(void)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; !answer.came; turn())
		ck_assert(g_get_monotonic_time() < end);
	answer.came = false;
}

struct session *start_with(struct session_options *options)
{
	manager_session_start(manager, options, 0, "test", call);
	session_options_clear(options);
	await_answer();
	return answer.session;
}

struct session *start(void)
{
	struct session_options options;
	struct session *session;

	session_options_init(&options);
	session = start_with(&options);
	ck_assert_msg(session, "%s", answer.reason);
	return session;
}

const struct dictionary_totals *stop(struct session *session)
{
	manager_session_stop(session, SESSION_END_STOPPED, call);
	await_answer();
	ck_assert_msg(answer.kind == FAILURE_NONE, "%s", answer.reason);
	ck_assert_uint_eq(answer.totals.pending, 0);
	ck_assert_uint_eq(answer.totals.matched,
		answer.totals.journaled + answer.totals.lost + answer.totals.suppressed);
	return &answer.totals;
}

unsigned int records(uint64_t id, enum journal_type type, struct journal_entry *last)
{
	g_autofree char *path = g_strdup_printf("%s/%" PRIu64, directory, id), *reason = NULL;
	struct journal_reader *reader;
	struct journal_entry entry;
	unsigned int count = 0;

	ck_assert_int_eq(journal_reader_open(AT_FDCWD, path, &reader, &reason), 0);
	while (journal_reader_next(reader, &entry) == 1) {
		if (entry.type == type) {
			count++;
			if (last)
				*last = entry;
		}
	}
	journal_reader_free(reader);
	return count;
}

void saved_sessions_replace(struct state_directory *in, const struct saved_sessions *saved)
{
	size_t size;
	g_autofree char *text = saved_sessions_text(saved, &size);

	ck_assert_int_eq(saved_sessions_write(state_directory_fd(in), text, size), 0);
}

int session_tests_run(Suite *suite, TCase *cases)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	/* As main() does: before there are threads. */
	if (filter_compiler_start() < 0)
		return EXIT_FAILURE;
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
