/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that the service may take: its bound, and fitting the configuration into a limit. */
#include "daemon/bus/memory.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/memory-limit.h"
#include "daemon/names/resolver-client.h"
#include "daemon/settings/settings-keys.h"

#define MIB ((uint64_t)1 << 20)

static struct settings *settings;

static void set_up(void)
{
	unsetenv(RESOLVER_SOCKET_VARIABLE);
	settings = settings_new();
}

static void tear_down(void)
{
	settings = settings_free(settings);
}

static void configure(const char *text)
{
	g_autofree char *reason = NULL;
	int r = settings_parse(settings, text, strlen(text), "test.conf", &reason);

	ck_assert_msg(r == 0, "%s", reason);
}

static uint64_t bound_of(unsigned int cpus)
{
	struct memory_bound bound;

	memory_bound(settings, cpus, &bound);
	return memory_bound_sum(&bound);
}

static const char *origin(const char *key)
{
	return settings->origins[setting_find(&settings_daemon_keys, key)].file;
}

START_TEST(each_size_of_the_configuration_is_in_the_bound)
{
	static const char *const texts[] = { "RingSize=32M", "TrackerSize=131072",
		"DropCountersMax=8192", "RuleTextsSize=128M", "MaxSessions=64\nFollowersMax=17" };
	uint64_t before;

	configure("[Daemon]\nFiltersSize=1000\nFollowersMax=1\nMaxSessions=32\n");
	before = bound_of(1);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text = g_strdup_printf("[Daemon]\n%s\n", texts[i]);
		uint64_t now;

		configure(text);
		now = bound_of(1);
		ck_assert_uint_gt(now, before);
		before = now;
	}
	configure("[Daemon]\nFiltersSize=840000\n");
	ck_assert_uint_gt(bound_of(1), before + 64 * MIB);
	ck_assert_uint_gt(bound_of(64), bound_of(1));
}
END_TEST

START_TEST(texts_that_another_service_has_are_not_in_the_bound)
{
	struct memory_bound here, elsewhere;

	memory_bound(settings, 1, &here);
	setenv(RESOLVER_SOCKET_VARIABLE, "/run/nfttraced/names", 1);
	memory_bound(settings, 1, &elsewhere);
	ck_assert_uint_eq(here.parts[MEMORY_TEXTS], settings->rule_texts_size);
	ck_assert_uint_eq(elsewhere.parts[MEMORY_TEXTS], 0);
}
END_TEST

START_TEST(fitting_sizes_are_unchanged)
{
	ck_assert_ptr_null(memory_fit(settings, 4, bound_of(4)));
	ck_assert_uint_eq(settings->ring_size, 16 * MIB);
	ck_assert_ptr_null(origin("RingSize"));
}
END_TEST

START_TEST(smaller_sizes_are_chosen_until_it_fits_and_one_sentence_names_them)
{
	g_autofree char *notice = memory_fit(settings, 1, 48 * MIB);

	ck_assert_ptr_nonnull(notice);
	ck_assert_msg(bound_of(1) <= 48 * MIB, "%" G_GUINT64_FORMAT, bound_of(1));
	ck_assert_uint_lt(settings->ring_size, 16 * MIB);
	ck_assert_uint_ge(settings->ring_size, 1 * MIB);
	ck_assert_uint_ge(settings->sessions_max, 4);
	ck_assert_str_eq(origin("RingSize"), "memory limit");
	ck_assert_ptr_nonnull(strstr(notice, "its limit is 48.0"));
	ck_assert_ptr_nonnull(strstr(notice, "RingSize="));
	ck_assert_ptr_nonnull(strstr(notice, "RuleTextsSize="));
	ck_assert_ptr_nonnull(strstr(notice, "MemoryMax="));
	ck_assert_ptr_null(strchr(notice, '\n'));
}
END_TEST

START_TEST(explicit_sizes_are_kept_and_the_consequence_reported)
{
	g_autofree char *notice = NULL;

	configure("[Daemon]\nRingSize=64M\nMaxSessions=9\n");
	notice = memory_fit(settings, 1, 48 * MIB);
	ck_assert_uint_eq(settings->ring_size, 64 * MIB);
	ck_assert_uint_eq(settings->sessions_max, 9);
	ck_assert_str_eq(origin("RingSize"), "test.conf");
	ck_assert_ptr_nonnull(strstr(notice, "the kernel may end it"));
}
END_TEST

START_TEST(sessions_of_the_configuration_always_have_room)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (unsigned int i = 0; i < 20; i++)
		g_string_append_printf(text, "[Session s%u]\n", i);
	configure(text->str);
	g_free(memory_fit(settings, 1, 32 * MIB));
	ck_assert_uint_ge(settings->sessions_max, 24);
}
END_TEST

static void put(const char *root, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(root, name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	ck_assert_int_eq(g_mkdir_with_parents(directory, 0700), 0);
	ck_assert(g_file_set_contents(path, text, -1, NULL));
}

START_TEST(the_least_limit_of_all_groups_around_holds_and_pages_of_files_are_not_in_use)
{
	g_autofree char *root = g_dir_make_tmp("nfttraced-test-XXXXXX", NULL);
	g_autofree char *self = g_build_filename(root, "self", NULL);
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", root);

	put(root, "self", "1:name=systemd:/elsewhere\n0::/system.slice/a.service\n");
	put(root, "system.slice/memory.max", "50331648\n");
	put(root, "system.slice/a.service/memory.max", "max\n");
	put(root, "system.slice/a.service/memory.current", "1000000\n");
	put(root, "system.slice/a.service/memory.stat",
		"anon 5\nfile 600000\nfile_mapped 3\nshmem 100000\n");
	ck_assert_uint_eq(memory_limit(root, self), 48 * MIB);
	ck_assert_uint_eq(memory_used(root, self), 500000);
	put(root, "system.slice/a.service/memory.max", "1048576\n");
	ck_assert_uint_eq(memory_limit(root, self), 1 * MIB);
	put(root, "self", "0::/\n");
	ck_assert_uint_eq(memory_limit(root, self), MEMORY_UNLIMITED);
	ck_assert_uint_eq(memory_used(root, self), 0);
	ck_assert_int_eq(system(command), 0);
	ck_assert_uint_eq(memory_limit(root, self), MEMORY_UNLIMITED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, each_size_of_the_configuration_is_in_the_bound);
	tcase_add_test(tcase, texts_that_another_service_has_are_not_in_the_bound);
	tcase_add_test(tcase, fitting_sizes_are_unchanged);
	tcase_add_test(tcase, smaller_sizes_are_chosen_until_it_fits_and_one_sentence_names_them);
	tcase_add_test(tcase, explicit_sizes_are_kept_and_the_consequence_reported);
	tcase_add_test(tcase, sessions_of_the_configuration_always_have_room);
	tcase_add_test(tcase,
		the_least_limit_of_all_groups_around_holds_and_pages_of_files_are_not_in_use);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
