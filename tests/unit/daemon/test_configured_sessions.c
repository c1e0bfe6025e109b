/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configured sessions: started, retried, changed, replaced; and reloads, which apply as a whole. */
#include <errno.h>
#include <string.h>

#include "daemon/sessions/configured-sessions.h"
#include "daemon/sessions/reload.h"
#include "tests/unit/kit/fake-pipeline.h"
#include "tests/unit/kit/session-kit.h"

static struct settings *settings_of(const char *text)
{
	struct settings *read = settings_new();
	g_autofree char *reason = NULL;
	int r = settings_parse(read, text, strlen(text), "test.conf", &reason);

	ck_assert_msg(r == 0, "%s", reason);
	return read;
}

static void await_idle(void)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
		!configured_sessions_is_idle(manager->configured); turn())
		ck_assert(g_get_monotonic_time() < end);
}

static void apply(const char *text)
{
	auto_settings *read = settings_of(text);

	configured_sessions_apply(manager->configured, read);
	await_idle();
}

static struct session *find(const char *name)
{
	for (unsigned int i = 0; i < manager->sessions->len; i++) {
		struct session *session = manager->sessions->pdata[i];

		if (g_str_equal(session->options.name, name))
			return session;
	}
	return NULL;
}

START_TEST(those_of_the_configuration_run)
{
	struct session *session;

	apply("[Session a]\nFilter=tcp\nRate=7\nBurst=3\n[Session b]\n");
	ck_assert_uint_eq(manager->sessions->len, 2);
	session = find("a");
	ck_assert(session->options.configured);
	ck_assert_uint_eq(session->owner, 0);
	ck_assert_int_eq(session->state, SESSION_RUNNING);
	ck_assert_str_eq(session->options.filter, "tcp");
	ck_assert_uint_eq(fake_config()->interval[session->bit], 1000000000 / 7);
	ck_assert_ptr_null(manager->problems[PROBLEM_CONFIGURED].text);
}
END_TEST

START_TEST(unchanged_session_continues)
{
	uint64_t id, swaps;

	apply("[Session a]\nFilter=tcp\n[Session b]\n");
	id = find("a")->id;
	swaps = fake_swaps();
	apply("[Session b]\n[Session a]\nFilter=tcp\nRate=1000\n");
	ck_assert_uint_eq(find("a")->id, id);
	ck_assert_uint_eq(fake_swaps(), swaps);
}
END_TEST

START_TEST(verdicts_and_filter_are_changed_in_the_same_journal)
{
	struct journal_entry last;
	uint64_t id;

	apply("[Session a]\nFilter=tcp\n");
	id = find("a")->id;
	apply("[Session a]\nVerdicts=drop\nFilter=udp\n");
	ck_assert_uint_eq(find("a")->id, id);
	ck_assert_uint_eq(find("a")->options.verdicts, 1u << VERDICT_DROP);
	ck_assert_str_eq(find("a")->options.filter, "udp");
	ck_assert_uint_eq(records(id, JOURNAL_SETTINGS, &last), 2);
	ck_assert_uint_eq(fake_config()->verdicts, 1u << VERDICT_DROP);
}
END_TEST

START_TEST(with_another_key_changed_it_is_replaced)
{
	uint64_t id;

	apply("[Session a]\nFilter=tcp\n");
	id = find("a")->id;
	apply("[Session a]\nFilter=tcp\nRate=5\n");
	ck_assert_uint_eq(manager->sessions->len, 1);
	ck_assert_uint_ne(find("a")->id, id);
	ck_assert_uint_eq(find("a")->options.rate, 5);
	ck_assert_uint_eq(records(id, JOURNAL_END, NULL), 1);
}
END_TEST

START_TEST(removed_session_is_stopped_and_others_continue)
{
	struct session *own = start();

	apply("[Session a]\n[Session b]\n");
	apply("[Session b]\n");
	ck_assert_ptr_null(find("a"));
	ck_assert_ptr_nonnull(find("b"));
	ck_assert_ptr_eq(find(""), own);
	apply("");
	ck_assert_uint_eq(manager->sessions->len, 1);
}
END_TEST

START_TEST(reload_starts_a_manually_stopped_session)
{
	apply("[Session a]\n");
	stop(find("a"));
	await_idle();
	ck_assert_ptr_null(find("a"));
	apply("[Session a]\n");
	ck_assert_ptr_nonnull(find("a"));
}
END_TEST

START_TEST(stopping_session_is_restarted)
{
	auto_settings *read = settings_of("[Session a]\n");
	uint64_t id;

	apply("[Session a]\n");
	id = find("a")->id;
	manager_session_stop(find("a"), SESSION_END_STOPPED, (struct manager_call){ 0 });
	configured_sessions_apply(manager->configured, read);
	await_idle();
	ck_assert_uint_ne(find("a")->id, id);
	ck_assert_int_eq(find("a")->state, SESSION_RUNNING);
}
END_TEST

START_TEST(failed_start_is_a_problem_and_not_fatal)
{
	fake_refuse_verdicts(1u << VERDICT_QUEUE);
	apply("\n[Session a]\nVerdicts=queue\n[Session b]\nVerdicts=drop\n");
	ck_assert_ptr_null(find("a"));
	ck_assert_ptr_nonnull(find("b"));
	ck_assert(g_str_has_prefix(manager->problems[PROBLEM_CONFIGURED].text,
		"session \"a\" (test.conf:2) can't be started: "));
	ck_assert_ptr_nonnull(
		strstr(manager_problem(manager), manager->problems[PROBLEM_CONFIGURED].text));
	ck_assert_ptr_nonnull(strstr(manager_problem_public(manager),
		"the session of test.conf:2 can't be started: the log says why"));
	fake_refuse_verdicts(0);
	apply("\n[Session a]\nVerdicts=queue\n[Session b]\nVerdicts=drop\n");
	ck_assert_ptr_nonnull(find("a"));
	ck_assert_ptr_null(manager->problems[PROBLEM_CONFIGURED].text);
	ck_assert_ptr_null(manager->problems[PROBLEM_CONFIGURED].public_text);
	ck_assert_ptr_null(strstr(manager_problem(manager), "session \"a\""));
}
END_TEST

START_TEST(failed_start_is_retried)
{
	fake_refuse_verdicts(1u << VERDICT_QUEUE);
	apply("[Session a]\nVerdicts=queue\n");
	ck_assert_ptr_null(find("a"));
	fake_refuse_verdicts(0);
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
		manager->problems[PROBLEM_CONFIGURED].text; turn())
		ck_assert(g_get_monotonic_time() < end);
	ck_assert_ptr_nonnull(find("a"));
}
END_TEST

START_TEST(a_name_that_is_taken_is_a_problem)
{
	struct session_options options;

	session_options_init(&options);
	g_free(options.name);
	options.name = g_strdup("a");
	ck_assert_ptr_nonnull(start_with(&options));
	apply("[Session a]\n");
	ck_assert_uint_eq(manager->sessions->len, 1);
	ck_assert_ptr_nonnull(strstr(manager->problems[PROBLEM_CONFIGURED].text, "is running"));
}
END_TEST

/* With a manager that finds configured sessions running. */
START_TEST(resumed_session_is_recognized)
{
	struct session_options options;
	uint64_t id;

	for (int i = 0; i < 2; i++) {
		session_options_init(&options);
		g_free(options.name);
		options.name = g_strdup(i ? "gone" : "a");
		options.rate = 1000;
		options.configured = true;
		ck_assert_ptr_nonnull(start_with(&options));
	}
	id = find("a")->id;
	apply("[Session a]\n");
	ck_assert_uint_eq(find("a")->id, id);
	ck_assert_ptr_null(find("gone"));
	apply("[Session a]\nFilter=udp\n");
	ck_assert_uint_eq(find("a")->id, id);
	ck_assert_str_eq(find("a")->options.filter, "udp");
}
END_TEST

/* Reloading. */

static struct {
	const char *text; /* NULL: it can't be read */
	unsigned int count;
	char *trouble;
} loading;

static void begun(void *context)
{
}

static int load(void *context, struct settings **ret, char **ret_reason)
{
	if (!loading.text) {
		*ret_reason = g_strdup("test.conf:1: unknown key \"X\"");
		return -EINVAL;
	}
	*ret = settings_of(loading.text);
	(*ret)->allow_system_changes = false;
	return 0;
}

static void done(void *context, char *trouble)
{
	loading.count++;
	g_free(loading.trouble);
	loading.trouble = trouble;
}

static struct reload *reload_begin(void)
{
	const struct reload_ops ops = { .started = begun, .load = load, .done = done };

	memset(&loading, 0, sizeof(loading));
	return reload_new(manager, &ops);
}

static void reload_with(struct reload *reload, const char *text)
{
	unsigned int count = loading.count;

	loading.text = text;
	reload_request(reload);
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; loading.count == count; turn())
		ck_assert(g_get_monotonic_time() < end);
}

static struct reload *reload_end(struct reload *reload)
{
	g_clear_pointer(&loading.trouble, g_free);
	return reload_free(reload);
}

START_TEST(a_good_reload_is_in_force_when_it_is_done)
{
	struct reload *reload = reload_begin();

	reload_with(reload, "[Daemon]\nMaxSessions=2\nRingSize=1M\n[Session a]\nFilter=tcp\n");
	ck_assert_ptr_null(loading.trouble);
	ck_assert_uint_eq(manager->settings->sessions_max, 2);
	ck_assert_uint_eq(manager->settings->ring_size, 16 << 20);
	ck_assert_str_eq(find("a")->options.filter, "tcp");
	reload_end(reload);
}
END_TEST

START_TEST(failed_reload_changes_nothing_and_reports_until_success)
{
	struct reload *reload = reload_begin();
	uint64_t id;

	reload_with(reload, "[Daemon]\nMaxSessions=9\n[Session a]\n");
	id = find("a")->id;
	reload_with(reload, NULL);
	ck_assert_ptr_nonnull(strstr(loading.trouble, "test.conf:1: unknown key \"X\""));
	ck_assert_ptr_nonnull(strstr(manager_problem(manager), loading.trouble));
	/* libpcap's refusal comes later, and is as good a reason. */
	reload_with(reload,
		"[Daemon]\nMaxSessions=3\n[Session b]\nFilter=udp\n[Session a]\nFilter=tcp prt 5\n");
	ck_assert_ptr_nonnull(strstr(loading.trouble, "test.conf:6: Filter: can't parse filter"));
	ck_assert_uint_eq(manager->settings->sessions_max, 9);
	ck_assert_uint_eq(manager->sessions->len, 1);
	ck_assert_uint_eq(find("a")->id, id);
	reload_with(reload, "[Session a]\n");
	ck_assert_ptr_null(loading.trouble);
	ck_assert_ptr_null(strstr(manager_problem(manager), "was refused"));
	ck_assert_uint_eq(manager->settings->sessions_max, 64);
	ck_assert_uint_eq(find("a")->id, id);
	reload_end(reload);
}
END_TEST

START_TEST(a_reload_in_a_reload_is_the_one_that_counts)
{
	struct reload *reload = reload_begin();

	loading.text = "[Daemon]\nMaxSessions=2\n[Session a]\nFilter=tcp\n";
	reload_request(reload);
	reload_with(reload, "[Daemon]\nMaxSessions=3\n[Session a]\nFilter=udp\n");
	ck_assert_uint_eq(loading.count, 1);
	ck_assert_uint_eq(manager->settings->sessions_max, 3);
	ck_assert_str_eq(find("a")->options.filter, "udp");
	reload_end(reload);
}
END_TEST

START_TEST(one_that_is_on_its_way_ends_with_the_daemon)
{
	struct reload *reload = reload_begin();

	loading.text = "[Session a]\nFilter=tcp\n";
	reload_request(reload);
	reload_end(reload);
	turn();
	ck_assert_uint_eq(loading.count, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("configured_sessions");
	TCase *cases = tcase_create("boot");

	tcase_add_test(cases, those_of_the_configuration_run);
	tcase_add_test(cases, unchanged_session_continues);
	tcase_add_test(cases, verdicts_and_filter_are_changed_in_the_same_journal);
	tcase_add_test(cases, with_another_key_changed_it_is_replaced);
	tcase_add_test(cases, removed_session_is_stopped_and_others_continue);
	tcase_add_test(cases, reload_starts_a_manually_stopped_session);
	tcase_add_test(cases, stopping_session_is_restarted);
	tcase_add_test(cases, failed_start_is_a_problem_and_not_fatal);
	tcase_add_test(cases, failed_start_is_retried);
	tcase_add_test(cases, a_name_that_is_taken_is_a_problem);
	tcase_add_test(cases, resumed_session_is_recognized);
	tcase_add_test(cases, a_good_reload_is_in_force_when_it_is_done);
	tcase_add_test(cases, failed_reload_changes_nothing_and_reports_until_success);
	tcase_add_test(cases, a_reload_in_a_reload_is_the_one_that_counts);
	tcase_add_test(cases, one_that_is_on_its_way_ends_with_the_daemon);
	return session_tests_run(suite, cases);
}
