/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of many journals on the bus: in pages, from memory, and correct when other programs create
 * and remove journals. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bus/users.h"

#define COPIES   2000
#define FIRST    UINT64_C(1000000)
#define STRANGER 0

#define LISTS 300 /* of a user with no rights */
#define LISTS_USEC \
	(10 * G_USEC_PER_SEC) /* at most: opening 2,000 journals for each would take minutes */

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	mock_polkit()->allowed[STRANGER] = MOCK_CONTROL_OWN;
}

static void disconnect_bus(void)
{
	stop_all(bus);
	bus = sd_bus_flush_close_unref(bus);
}

static char *copy_path(unsigned int i)
{
	return g_strdup_printf("%s/%" G_GUINT64_FORMAT, fixture.state, FIRST + i);
}

/* Copies the journal of session `id`, as restoring a backup does. */
static void copies_make(const char *id)
{
	g_autofree char *source = g_build_filename(fixture.state, id, NULL);
	g_autoptr(GDir) directory = g_dir_open(source, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while ((name = g_dir_read_name(directory)))
		g_ptr_array_add(names, g_strdup(name));
	for (unsigned int i = 0; i < COPIES; i++) {
		g_autofree char *path = copy_path(i);

		ck_assert_int_eq(g_mkdir(path, 0755), 0);
		for (unsigned int n = 0; n < names->len; n++) {
			g_autofree char *from = g_build_filename(source, names->pdata[n], NULL);
			g_autofree char *to = g_build_filename(path, names->pdata[n], NULL);

			ck_assert_int_eq(link(from, to), 0);
		}
	}
}

static void copies_remove(void)
{
	g_autofree char *command =
		g_strdup_printf("rm -rf %s/1[0-9][0-9][0-9][0-9][0-9][0-9]", fixture.state);

	ck_assert_int_eq(system(command), 0);
}

/* Reads one page: the number of its journals, and where the next page begins. */
static unsigned int page(uint64_t *after, const char *option, const char *name, int *ret_more)
{
	sd_bus_message *reply = strcmp(option, "Name") == 0
		? call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListJournalsAfter", "ta{sv}", *after,
			  1, option, "s", name)
		: call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListJournalsAfter", "ta{sv}", *after,
			  1, option, "b", 1);
	unsigned int count = 0;
	uint64_t id;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ta{sv})"), 0);
	while (sd_bus_message_enter_container(reply, 'r', "ta{sv}") > 0) {
		ck_assert_int_gt(sd_bus_message_read(reply, "t", &id), 0);
		ck_assert_int_gt(sd_bus_message_skip(reply, "a{sv}"), 0);
		sd_bus_message_exit_container(reply);
		ck_assert_uint_gt(id, *after);
		*after = id;
		count++;
	}
	sd_bus_message_exit_container(reply);
	ck_assert_int_gt(sd_bus_message_read(reply, "b", ret_more), 0);
	sd_bus_message_unref(reply);
	ck_assert_uint_le(count, 512);
	return count;
}

static unsigned int count_named(const char *name)
{
	uint64_t after = 0;
	unsigned int count = 0;
	int more = 1;

	while (more)
		count += page(&after, "Name", name, &more);
	return count;
}

static unsigned int count_running(void)
{
	uint64_t after = 0;
	int more;

	return page(&after, "Running", NULL, &more);
}

static void lists_again_and_again(sd_bus *other, void *argument)
{
	int64_t begin = g_get_monotonic_time();

	for (unsigned int i = 0; i < LISTS; i++) {
		sd_bus_message *reply =
			call(other, MANAGER_PATH, MANAGER_INTERFACE, "ListJournals", "");

		/* They are all root's. */
		ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ta{sv})"), 0);
		ck_assert_int_eq(sd_bus_message_at_end(reply, false), 1);
		sd_bus_message_unref(reply);
	}
	ck_assert_int_lt(g_get_monotonic_time() - begin, LISTS_USEC);
}

static char *start_named(const char *name)
{
	const char *path;
	char *copy;
	sd_bus_message *reply = call(bus, MANAGER_PATH, MANAGER_INTERFACE, "StartSession", "a{sv}",
		1, "Name", "s", name);

	ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
	copy = g_strdup(path);
	sd_bus_message_unref(reply);
	return copy;
}

START_TEST(many_journals_come_in_pages_as_they_are)
{
	g_autofree char *path = start_named("many");
	const char *id = strrchr(path, '/') + 1;
	g_autofree char *again = NULL;

	ck_assert_uint_eq(count_running(), 1);
	ck_assert_uint_eq(count_named("many"), 1);
	stop(bus, path);
	ck_assert_uint_eq(count_running(), 0);
	copies_make(id);
	ck_assert_uint_eq(count_named("many"), COPIES + 1);
	ck_assert_uint_eq(count_named("few"), 0);
	refused(bus, LIMITED, "ListJournalsAfter", MANAGER_PATH, MANAGER_INTERFACE, "ListJournals",
		"");
	as_user(STRANGER, lists_again_and_again, NULL);
	again = start_named("many");
	ck_assert_uint_eq(count_running(), 1);
	stop(bus, again);
	copies_remove();
	ck_assert_uint_eq(count_named("many"), 2);
	sd_bus_message_unref(call(bus, MANAGER_PATH, MANAGER_INTERFACE, "Vacuum", "a{sv}", 1,
		"Sessions", "t", UINT64_C(0)));
	ck_assert_uint_eq(count_named("many"), 0);
}
END_TEST

START_TEST(a_page_is_bounded)
{
	refused(bus, ERROR("InvalidOption"), "Count", MANAGER_PATH, MANAGER_INTERFACE,
		"ListJournalsAfter", "ta{sv}", UINT64_C(0), 1, "Count", "t", UINT64_C(0));
	refused(bus, ERROR("InvalidOption"), "Count", MANAGER_PATH, MANAGER_INTERFACE,
		"ListJournalsAfter", "ta{sv}", UINT64_C(0), 1, "Count", "t", UINT64_C(100000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_lists");
	TCase *cases = tcase_create("journal_lists");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, users_start, users_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, many_journals_come_in_pages_as_they_are);
	tcase_add_test(cases, a_page_is_bounded);
	suite_add_tcase(suite, cases);
	return fixture_run(suite);
}
