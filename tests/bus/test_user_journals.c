/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals of users who are not root: which users list, read and remove them, and how. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bus/users.h"

#define STRANGER 0
#define OWNER    1
#define ALLOWED  2 /* has control-any */

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	mock_polkit()->allowed[OWNER] = MOCK_START_SESSION | MOCK_CONTROL_OWN | MOCK_READ_EVENTS;
	mock_polkit()->allowed[ALLOWED] = MOCK_ALL;
}

static void disconnect_bus(void)
{
	stop_all(bus);
	bus = sd_bus_flush_close_unref(bus);
}

static void reads_through_the_descriptor(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other), *id = g_path_get_basename(path);
	g_autofree char *direct = g_build_filename(argument, id, NULL);
	sd_bus_message *reply = call(other, path, SESSION_INTERFACE, "OpenJournal", "");
	struct dirent *entry;
	unsigned int read_files = 0;
	char byte;
	DIR *directory;
	int fd;

	ck_assert_int_gt(sd_bus_message_read(reply, "h", &fd), 0);
	directory = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY));
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory))) {
		int file;

		if (*entry->d_name == '.')
			continue;
		file = openat(fd, entry->d_name, O_RDONLY);
		ck_assert_int_ge(file, 0);
		ck_assert_int_eq(read(file, &byte, 1), 1);
		read_files++;
		ck_assert_int_lt(openat(fd, entry->d_name, O_RDWR), 0);
		ck_assert_int_lt(unlinkat(fd, entry->d_name, 0), 0);
	}
	ck_assert_uint_ge(read_files, 1);
	/* The descriptor gives no access to the parent directory or to other journals. */
	ck_assert_int_lt(openat(fd, "..", O_RDONLY | O_DIRECTORY), 0);
	ck_assert_int_lt(openat(fd, "../1", O_RDONLY | O_DIRECTORY), 0);
	ck_assert_int_lt(open(direct, O_RDONLY | O_DIRECTORY), 0);
	ck_assert_int_lt(openat(fd, "new", O_RDWR | O_CREAT, 0600), 0);
	sd_bus_message_unref(reply);
}

START_TEST(a_journal_is_read_through_its_descriptor_and_in_no_other_way)
{
	start_and_stop(bus);
	as_user(OWNER, reads_through_the_descriptor, fixture.state);
}
END_TEST

#define NO_ID UINT64_C(999999)

static char *attempt_journal(sd_bus *other, const char *member, uint64_t id)
{
	sd_bus_message *message = NULL;

	ck_assert_int_ge(sd_bus_message_new_method_call(other, &message, "org.nfttraced1",
				 MANAGER_PATH, MANAGER_INTERFACE, member),
		0);
	ck_assert_int_ge(sd_bus_message_append(message, "t", id), 0);
	return attempt(other, message);
}

static unsigned int journals(sd_bus *other)
{
	sd_bus_message *reply = call(other, MANAGER_PATH, MANAGER_INTERFACE, "ListJournals", "");
	unsigned int count = 0;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ta{sv})"), 0);
	while (sd_bus_message_skip(reply, "(ta{sv})") > 0)
		count++;
	sd_bus_message_unref(reply);
	return count;
}

static uint64_t id_of(const char *path)
{
	return g_ascii_strtoull(strrchr(path, '/') + 1, NULL, 10);
}

/* The journal of a session of root's that has ended, and one that never existed. */
static void is_denied_journals(sd_bus *other, void *argument)
{
	static const char *const members[] = { "OpenJournal", "RemoveJournal" };

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		g_autofree char *theirs = attempt_journal(other, members[i], id_of(argument));
		g_autofree char *none = attempt_journal(other, members[i], NO_ID);

		ck_assert(g_str_has_prefix(theirs, DENIED));
		ck_assert_str_eq(theirs, none);
	}
	refused(other, DENIED, "org.nfttraced1.control-any", MANAGER_PATH, MANAGER_INTERFACE,
		"Vacuum", "a{sv}", 1, "Sessions", "t", UINT64_C(0));
	refused(other, DENIED, "org.nfttraced1.", MANAGER_PATH, MANAGER_INTERFACE,
		"GetConfiguration", "");
}

static void has_journals(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other), *opened = NULL, *removed = NULL, *gone = NULL;
	unsigned int before = journals(other);

	is_denied_journals(other, argument);
	stop(other, path);
	opened = attempt_journal(other, "OpenJournal", id_of(path));
	ck_assert_str_eq(opened, "");
	removed = attempt_journal(other, "RemoveJournal", id_of(path));
	ck_assert_str_eq(removed, "");
	/* Afterwards the answer is that for a journal that never existed. */
	gone = attempt_journal(other, "RemoveJournal", id_of(path));
	ck_assert(g_str_has_prefix(gone, DENIED));
	ck_assert_uint_eq(journals(other), before - 1);
}

START_TEST(the_journal_of_a_session_that_has_ended_is_its_owners)
{
	g_autofree char *path = start_secret(bus);
	unsigned int before;

	stop(bus, path);
	before = journals(bus);
	as_user(STRANGER, is_denied_journals, path);
	as_user(OWNER, has_journals, path);
	ck_assert_uint_eq(journals(bus), before);
}
END_TEST

static void reads_the_configuration(sd_bus *other, void *argument)
{
	sd_bus_message_unref(call(other, MANAGER_PATH, MANAGER_INTERFACE, "GetConfiguration", ""));
	sd_bus_message_unref(call(other, MANAGER_PATH, MANAGER_INTERFACE, "Vacuum", "a{sv}", 1,
		"Sessions", "t", UINT64_C(1000000)));
}

START_TEST(administrator_may_act_on_all_journals)
{
	as_user(ALLOWED, reads_the_configuration, NULL);
}
END_TEST

/* The sessions and journals that are hidden from `other`, which has just listed the visible
 * ones. */
static void hidden(sd_bus *other, uint64_t *ret_sessions, uint64_t *ret_journals)
{
	sd_bus_message *reply = call(other, MANAGER_PATH, MANAGER_INTERFACE, "CountHidden", "");

	ck_assert_int_gt(sd_bus_message_read(reply, "tt", ret_sessions, ret_journals), 0);
	sd_bus_message_unref(reply);
}

static void sees(sd_bus *other, unsigned int sessions_all, unsigned int journals_all)
{
	uint64_t sessions_hidden, journals_hidden;
	unsigned int journals_seen = journals(other);

	hidden(other, &sessions_hidden, &journals_hidden);
	ck_assert_uint_eq(sessions(other) + sessions_hidden, sessions_all);
	ck_assert_uint_eq(journals_seen + journals_hidden, journals_all);
}

static void sees_its_own(sd_bus *other, void *argument)
{
	g_autofree char *path = start(other);
	unsigned int before = *(const unsigned int *)argument;

	ck_assert_uint_eq(sessions(other), 1);
	sees(other, 2, before + 1);
	stop(other, path);
	ck_assert_uint_eq(sessions(other), 0);
	sees(other, 1, before + 1);
}

static void sees_all(sd_bus *other, void *argument)
{
	uint64_t sessions_hidden, journals_hidden;

	ck_assert_uint_eq(sessions(other), 1);
	hidden(other, &sessions_hidden, &journals_hidden);
	ck_assert_uint_eq(sessions_hidden + journals_hidden, 0);
}

static void is_not_told(sd_bus *other, void *argument)
{
	refused(other, DENIED, "org.nfttraced1.control-own", MANAGER_PATH, MANAGER_INTERFACE,
		"CountHidden", "");
}

START_TEST(list_counts_the_hidden_journals)
{
	g_autofree char *path = start_secret(bus);
	unsigned int before = journals(bus);

	as_user(OWNER, sees_its_own, &before);
	as_user(ALLOWED, sees_all, NULL);
	as_user(STRANGER, is_not_told, NULL);
	sees_all(bus, NULL);
	stop(bus, path);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("user_journals");
	TCase *cases = tcase_create("user_journals");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, users_start, users_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, a_journal_is_read_through_its_descriptor_and_in_no_other_way);
	tcase_add_test(cases, the_journal_of_a_session_that_has_ended_is_its_owners);
	tcase_add_test(cases, list_counts_the_hidden_journals);
	tcase_add_test(cases, administrator_may_act_on_all_journals);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	return fixture_run(suite());
}
