/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorisation: every method as root, as the owner, as a user with an action and as a user with no
 * rights. */
#include <check.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bus/holdings.h"
#include "tests/bus/users.h"

#define PATIENCE_USEC (15 * G_USEC_PER_SEC) /* less than the timeout of an unanswered question */
#define STRANGER      0
#define OWNER         1
#define ALLOWED       2 /* has control-any */
#define ASKED         3 /* has a password */

static sd_bus *bus;

static void connect_bus(void)
{
	struct mock_polkit *polkit = mock_polkit();

	bus = fixture_connect();
	stop_all(bus);
	polkit->allowed[STRANGER] = 0;
	polkit->allowed[OWNER] = MOCK_START_SESSION | MOCK_CONTROL_OWN | MOCK_READ_EVENTS;
	polkit->allowed[ALLOWED] = MOCK_ALL;
	polkit->allowed[ASKED] = 0;
	polkit->challenged[ASKED] = MOCK_ALL;
	polkit->broken = 0;
	polkit->patient = 0;
	polkit->silent = 0;
}

static void disconnect_bus(void)
{
	stop_all(bus);
	bus = sd_bus_flush_close_unref(bus);
}

static void await(volatile unsigned int *number, unsigned int value)
{
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC; *number < value;) {
		ck_assert_msg(g_get_monotonic_time() < end, "%u did not become %u", *number, value);
		g_usleep(5000);
	}
}

START_TEST(root_does_everything_and_polkit_is_not_asked)
{
	unsigned int asked = mock_polkit()->asked;

	for (unsigned int i = 0; i < session_methods_count; i++) {
		g_autofree char *path = start(bus);
		g_autofree char *error = attempt_method(bus, path, &session_methods[i]);

		ck_assert_str_eq(error, "");
	}
	ck_assert_uint_eq(mock_polkit()->asked, asked);
}
END_TEST

/* Every method gives the same answer, for any object. */
static void is_denied_everything(sd_bus *other, void *argument)
{
	const char *const paths[] = { argument, NOWHERE, "/org/nfttraced1/session/x", "/",
		MANAGER_PATH };
	g_autofree char *path = NULL, *error = NULL;

	for (unsigned int i = 0; i < session_methods_count; i++) {
		g_autofree char *first = attempt_method(other, argument, &session_methods[i]);

		ck_assert_msg(
			g_str_has_prefix(first, DENIED), "%s: %s", session_methods[i].name, first);
		for (size_t j = 1; j < G_N_ELEMENTS(paths); j++) {
			g_autofree char *next =
				attempt_method(other, paths[j], &session_methods[i]);

			ck_assert_str_eq(next, first);
		}
	}
	path = start_with(other, "Limit", 1, &error);
	ck_assert_ptr_null(path);
	ck_assert(g_str_has_prefix(error, DENIED));
	refused(other, DENIED, "root", MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
	/* Invalid arguments and unknown methods get the same error. */
	refused(other, DENIED, "root", MANAGER_PATH, MANAGER_INTERFACE, "StopSession", "s", "x");
	refused(other, DENIED, "root", argument, SESSION_INTERFACE, "SetFilter", "u", 1);
	refused(other, DENIED, "root", argument, SESSION_INTERFACE, "Explode", "");
	refused(other, DENIED, "root", argument, NULL, "Describe", "");
	refused(other, DENIED, "root", argument, "org.freedesktop.DBus.Properties", "Set", "ssv",
		SESSION_INTERFACE, "State", "s", "stopping");
	/* A call that wants no reply gets none, and has no effect. */
	call_silently(other, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}", 0);
	call_silently(other, argument, SESSION_INTERFACE, "Stop", "");
	sd_bus_message_unref(call(other, "/", "org.freedesktop.DBus.Peer", "Ping", ""));
}

static void stranger_is_denied_everything(void)
{
	g_autofree char *path = start_secret(bus);
	char *before = everything(bus), *after;

	as_user(STRANGER, is_denied_everything, path);
	after = everything(bus);
	ck_assert_str_eq(after, before);
	free(before);
	free(after);
}

START_TEST(a_stranger_changes_nothing_and_learns_nothing)
{
	unsigned int asked = mock_polkit()->asked;

	stranger_is_denied_everything();
	ck_assert_uint_gt(mock_polkit()->asked, asked);
}
END_TEST

START_TEST(failing_polkit_refuses_and_logs_one_line)
{
	mock_polkit()->broken = 1;
	stranger_is_denied_everything();
	ck_assert_uint_eq(users_logged("polkit can't be asked (out\\x0aof order)"), 1);
}
END_TEST

START_TEST(without_polkit_only_root_may)
{
	mock_polkit_leave(1);
	stranger_is_denied_everything();
	start_and_stop(bus);
	mock_polkit_leave(0);
}
END_TEST

static void sees_no_secret(sd_bus *other, void *argument)
{
	static const char *const interfaces[] = { SESSION_INTERFACE, MANAGER_INTERFACE };
	const char *const paths[] = { argument, MANAGER_PATH };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	sd_bus_message *reply;

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		reply = call(other, paths[i], "org.freedesktop.DBus.Properties", "GetAll", "s",
			interfaces[i]);
		ck_assert_int_ge(sd_bus_message_dump(reply, file, 0), 0);
		sd_bus_message_unref(reply);
		reply = call(
			other, paths[i], "org.freedesktop.DBus.Introspectable", "Introspect", "");
		ck_assert_int_ge(sd_bus_message_dump(reply, file, 0), 0);
		sd_bus_message_unref(reply);
	}
	reply = call(
		other, MANAGER_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "");
	ck_assert_int_ge(sd_bus_message_dump(reply, file, 0), 0);
	sd_bus_message_unref(reply);
	fclose(file);
	ck_assert_ptr_nonnull(strstr(text, "Matched"));
	ck_assert_ptr_null(strstr(text, "secretname"));
	ck_assert_ptr_null(strstr(text, "4711"));
	free(text);
}

START_TEST(public_properties_hide_names_and_filters)
{
	g_autofree char *path = start_secret(bus);

	as_user(STRANGER, sees_no_secret, path);
}
END_TEST

static char *problem(sd_bus *caller)
{
	char *text = NULL;

	ck_assert_int_ge(sd_bus_get_property_string(caller, "org.nfttraced1", MANAGER_PATH,
				 MANAGER_INTERFACE, "Problem", NULL, &text),
		0);
	return text;
}

/* Has the daemon reload a configuration until the problem that root sees contains `text`. */
static void reload_until(const char *configuration, const char *text)
{
	fixture_configure(configuration);
	ck_assert_int_eq(kill(fixture.daemon, SIGHUP), 0);
	for (int64_t end = g_get_monotonic_time() + PATIENCE_USEC;; g_usleep(5000)) {
		char *told = problem(bus);
		bool found = *text ? strstr(told, text) != NULL : strstr(told, "refused") == NULL;

		free(told);
		if (found)
			return;
		ck_assert(g_get_monotonic_time() < end);
	}
}

static void is_told_that_there_is_something(sd_bus *other, void *argument)
{
	char *told = problem(other);

	ck_assert_ptr_nonnull(strstr(told, "invalid configuration, keeping the previous one"));
	free(told);
	sees_no_secret(other, argument);
}

START_TEST(only_root_sees_configuration_problems)
{
	g_autofree char *path = start_secret(bus);

	reload_until("[Daemon]\nDropCounters=no\nudp port 4711\n", "4711");
	as_user(STRANGER, is_told_that_there_is_something, path);
	reload_until(
		"[Daemon]\nDropCounters=no\n[Session secretname]\nFilter=pont 4711\n", "Filter: ");
	as_user(STRANGER, is_told_that_there_is_something, path);
	reload_until("[Daemon]\nDropCounters=no\n", "");
}
END_TEST

static void owns_a_session(sd_bus *other, void *argument)
{
	for (unsigned int i = 0; i < session_methods_count; i++) {
		g_autofree char *path = start(other);
		g_autofree char *mine = attempt_method(other, path, &session_methods[i]);
		g_autofree char *theirs = attempt_method(other, argument, &session_methods[i]);
		g_autofree char *none = attempt_method(other, NOWHERE, &session_methods[i]);

		ck_assert_str_eq(mine, "");
		ck_assert(g_str_has_prefix(theirs, DENIED));
		ck_assert_ptr_nonnull(strstr(theirs, "org.nfttraced1.control-any"));
		ck_assert_str_eq(theirs, none);
		if (i + 2 < session_methods_count) {
			ck_assert_uint_eq(sessions(other), 1);
			stop(other, path);
		}
	}
	ck_assert_uint_eq(sessions(other), 0);
}

START_TEST(owner_sees_and_controls_only_own_sessions)
{
	g_autofree char *path = start_secret(bus);
	char *before = everything(bus), *after;

	as_user(OWNER, owns_a_session, path);
	after = everything(bus);
	ck_assert_str_eq(after, before);
	free(before);
	free(after);
}
END_TEST

static void takes_the_same_name(sd_bus *other, void *argument)
{
	sd_bus_message_unref(call(other, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		2, "Name", "s", "secretname", "Rate", "t", (uint64_t)1));
	refused(other, ERROR("InvalidOption"), "secretname", MANAGER_PATH, MANAGER_INTERFACE,
		"StartSession", "a{sv}", 2, "Name", "s", "secretname", "Rate", "t", (uint64_t)1);
}

START_TEST(a_name_that_another_user_has_is_free)
{
	g_autofree char *path = start_secret(bus);

	as_user(OWNER, takes_the_same_name, NULL);
	ck_assert_uint_eq(sessions(bus), 2);
}
END_TEST

static void may_not_read(sd_bus *other, void *argument)
{
	const char *path = argument;

	refused(other, DENIED, "org.nfttraced1.read-events", path, SESSION_INTERFACE, "Follow",
		"a{sv}", 0);
	refused(other, DENIED, "org.nfttraced1.read-events", path, SESSION_INTERFACE, "OpenJournal",
		"");
	sd_bus_message_unref(call(other, path, SESSION_INTERFACE, "Describe", ""));
}

static void may_not_read_its_own(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other);

	may_not_read(other, path);
}

START_TEST(to_control_is_not_to_read)
{
	g_autofree char *path = start_secret(bus);

	mock_polkit()->allowed[ALLOWED] &= ~MOCK_READ_EVENTS;
	as_user(ALLOWED, may_not_read, path);
	mock_polkit()->allowed[OWNER] &= ~MOCK_READ_EVENTS;
	as_user(OWNER, may_not_read_its_own, NULL);
}
END_TEST

static void may_do_anything(sd_bus *other, void *argument)
{
	const char *const *paths = argument;

	for (unsigned int i = 0; i < session_methods_count; i++) {
		g_autofree char *done = attempt_method(other, paths[i], &session_methods[i]);
		g_autofree char *none = attempt_method(other, NOWHERE, &session_methods[i]);

		ck_assert_str_eq(done, "");
		ck_assert(g_str_has_prefix(none, ERROR("NoSuchSession")));
	}
	ck_assert_uint_eq(sessions(other), session_methods_count - 2);
}

START_TEST(control_any_allows_control_of_others)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	for (unsigned int i = 0; i < session_methods_count; i++)
		g_ptr_array_add(paths, start(bus));
	as_user(ALLOWED, may_do_anything, paths->pdata);
	ck_assert_uint_eq(sessions(bus), session_methods_count - 2);
}
END_TEST

static void is_asked_for_a_password(sd_bus *other, void *argument)
{
	const struct session_method *describe = &session_methods[0];
	sd_bus_message *message = describe->new_call(other, argument, describe);
	g_autofree char *error = attempt_method(other, argument, describe), *done = NULL;

	ck_assert(g_str_has_prefix(error, DENIED));
	ck_assert_ptr_nonnull(strstr(error, "password"));
	ck_assert_uint_eq(mock_polkit()->last_flags, 0);
	ck_assert_int_ge(sd_bus_message_set_allow_interactive_authorization(message, 1), 0);
	done = attempt(other, message);
	ck_assert_str_eq(done, "");
	ck_assert_uint_eq(mock_polkit()->last_flags, 1);
}

START_TEST(a_password_is_asked_for_if_the_caller_allows_it)
{
	g_autofree char *path = start_secret(bus);

	as_user(ASKED, is_asked_for_a_password, path);
	/* A dialogue may show the details that polkit gets. */
	ck_assert_str_eq(mock_polkit()->last_action, "org.nfttraced1.control-any");
	ck_assert_str_eq(mock_polkit()->last_details, "method=Describe;");
}
END_TEST

static void types_no_password(sd_bus *other, void *argument)
{
	const struct session_method *describe = &session_methods[0];
	sd_bus_message *message = describe->new_call(other, argument, describe);
	g_autofree char *error = NULL;

	ck_assert_int_ge(sd_bus_message_set_allow_interactive_authorization(message, 1), 0);
	error = attempt(other, message);
	ck_assert(g_str_has_prefix(error, DENIED));
	ck_assert_ptr_nonnull(strstr(error, "password"));
}

START_TEST(a_dialogue_that_nobody_closes_is_no_failure_of_polkit)
{
	g_autofree char *path = start_secret(bus);
	unsigned int cancelled = mock_polkit()->cancelled;

	mock_polkit()->patient = 1;
	as_user(ASKED, types_no_password, path);
	ck_assert_uint_eq(users_logged("polkit can't be asked"), 0);
	await(&mock_polkit()->cancelled, cancelled + 1);
}
END_TEST

static void calls_and_leaves(sd_bus *other, void *argument)
{
	sd_bus_message *message = NULL;

	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_int_ge(sd_bus_message_new_method_call(other, &message, "org.nfttraced1",
					 MANAGER_PATH, MANAGER_INTERFACE, "StartSession"),
			0);
		ck_assert_int_ge(sd_bus_message_append(message, "a{sv}", 0), 0);
		ck_assert_int_ge(sd_bus_send(other, message, NULL), 0);
		sd_bus_message_unref(message);
	}
	sd_bus_flush(other);
	pause();
}

START_TEST(a_caller_that_leaves_in_mid_check_is_forgotten)
{
	struct mock_polkit *polkit = mock_polkit();
	struct holdings before;
	pid_t pid;

	hold(&before);
	polkit->silent = 1;
	polkit->cancelled = 0;
	pid = fixture_in_child(MOCK_USER_FIRST + OWNER, calls_and_leaves, NULL);
	await(&polkit->waiting, 3);
	kill(pid, SIGKILL);
	fixture_wait(pid);
	await(&polkit->cancelled, 3);
	polkit->silent = 0;
	start_and_stop(bus);
	ck_assert_uint_eq(sessions(bus), 0);
	assert_no_more(&before, 1024);
}
END_TEST

static void starts_and_asks_late(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other), *error = NULL;

	mock_polkit()->silent = 1;
	error = attempt_method(other, path, &session_methods[0]);
	ck_assert(g_str_has_prefix(error, ERROR("NoSuchSession")));
}

START_TEST(session_end_during_check_is_reported_to_owner)
{
	struct mock_polkit *polkit = mock_polkit();
	pid_t pid = fixture_in_child(MOCK_USER_FIRST + OWNER, starts_and_asks_late, NULL);

	await(&polkit->waiting, 1);
	stop_all(bus);
	polkit->silent = 0;
	ck_assert_int_eq(fixture_wait(pid), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("authorise");
	TCase *cases = tcase_create("authorise");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, users_start, users_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, root_does_everything_and_polkit_is_not_asked);
	tcase_add_test(cases, a_stranger_changes_nothing_and_learns_nothing);
	tcase_add_test(cases, a_dialogue_that_nobody_closes_is_no_failure_of_polkit);
	tcase_add_test(cases, failing_polkit_refuses_and_logs_one_line);
	tcase_add_test(cases, without_polkit_only_root_may);
	tcase_add_test(cases, public_properties_hide_names_and_filters);
	tcase_add_test(cases, only_root_sees_configuration_problems);
	tcase_add_test(cases, owner_sees_and_controls_only_own_sessions);
	tcase_add_test(cases, a_name_that_another_user_has_is_free);
	tcase_add_test(cases, to_control_is_not_to_read);
	tcase_add_test(cases, control_any_allows_control_of_others);
	tcase_add_test(cases, a_password_is_asked_for_if_the_caller_allows_it);
	tcase_add_test(cases, a_caller_that_leaves_in_mid_check_is_forgotten);
	tcase_add_test(cases, session_end_during_check_is_reported_to_owner);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
