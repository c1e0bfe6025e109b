/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration's files: which are read, what a reload keeps, and the documentation of the
 * keys. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/settings-keys.h"

static struct settings *settings;

static void taken(const char *text)
{
	g_autofree char *reason = NULL;
	int r = settings_parse(settings, text, strlen(text), "test.conf", &reason);

	ck_assert_msg(r == 0, "refused: %s", reason);
}

/* Folders as the system has them. */

static char *root;

static void put(const char *path, const char *text)
{
	g_autofree char *whole = g_build_filename(root, path, NULL),
			*folder = g_path_get_dirname(whole);

	ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
	ck_assert(g_file_set_contents(whole, text, -1, NULL));
}

static int load(char **ret_reason)
{
	g_autofree char *etc = g_build_filename(root, "etc", NULL),
			*run = g_build_filename(root, "run", NULL),
			*lib = g_build_filename(root, "lib", NULL);
	const char *const folders[] = { etc, run, lib, NULL };

	return settings_load_from(settings, folders, "n.conf", ret_reason);
}

static void loaded(void)
{
	g_autofree char *reason = NULL;
	int r = load(&reason);

	ck_assert_msg(r == 0, "%s", reason);
	ck_assert_ptr_null(reason);
}

static void set_up(void)
{
	settings = settings_new();
	root = g_dir_make_tmp("nfttraced-settings-XXXXXX", NULL);
}

static void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", root);

	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&root, g_free);
	settings = settings_free(settings);
}

START_TEST(without_any_file_the_defaults_hold)
{
	loaded();
	ck_assert_uint_eq(settings->sessions_max, 64);
}
END_TEST

START_TEST(one_file_and_all_drop_ins_are_read)
{
	put("etc/n.conf", "[Daemon]\nMaxSessions=1\nFollowersMax=1\n");
	put("lib/n.conf", "[Daemon]\nMaxSessions=2\nDropSummaryRules=2\n");
	put("lib/n.conf.d/50-b.conf", "[Daemon]\nFollowersMax=3\nUserSessions=3\n");
	put("etc/n.conf.d/10-a.conf", "[Daemon]\nUserSessions=4\nUserRate=4\n");
	put("run/n.conf.d/60-c.conf.off", "[Daemon]\nUserRate=5\n");
	put("run/n.conf.d/.60-c.conf", "[Daemon]\nUserRate=6\n");
	loaded();
	ck_assert_uint_eq(settings->sessions_max, 1);
	ck_assert_uint_eq(settings->drop_summary_rules, 20);
	/* Drop-ins come behind the file, in the order of their names, whichever folder they are
	 * in. */
	ck_assert_uint_eq(settings->followers_max, 3);
	ck_assert_uint_eq(settings->user_sessions, 3);
	ck_assert_uint_eq(settings->user_rate, 4);
}
END_TEST

START_TEST(a_drop_in_puts_its_namesakes_out_of_force)
{
	g_autofree char *mask = g_build_filename(root, "etc/n.conf.d/20-b.conf", NULL);

	put("lib/n.conf.d/10-a.conf", "[Daemon]\nMaxSessions=1\nFollowersMax=1\n");
	put("run/n.conf.d/10-a.conf", "[Daemon]\nMaxSessions=2\n");
	put("lib/n.conf.d/20-b.conf", "[Daemon]\nUserSessions=1\n");
	put("lib/n.conf.d/30-c.conf", "[Daemon]\nUserRate=1\n");
	put("etc/n.conf.d/30-c.conf", "");
	ck_assert_int_eq(symlink("/dev/null", mask), 0);
	loaded();
	ck_assert_uint_eq(settings->sessions_max, 2);
	ck_assert_uint_eq(settings->followers_max, 16);
	ck_assert_uint_eq(settings->user_sessions, 8);
	ck_assert_uint_eq(settings->user_rate, 10000);
}
END_TEST

START_TEST(a_session_may_be_described_in_several_files)
{
	const struct configured_session *session;

	put("lib/n.conf", "[Session fleet]\nFilter=udp\nRate=1\n");
	put("etc/n.conf.d/here.conf", "[Session fleet]\nRate=2\n");
	loaded();
	session = settings_session(settings, "fleet");
	ck_assert_str_eq(session->options.filter, "udp");
	ck_assert_uint_eq(session->options.rate, 2);
	ck_assert(g_str_has_suffix(session->file, "lib/n.conf"));
}
END_TEST

static void not_loaded(const char *says)
{
	g_autofree char *reason = NULL;

	ck_assert_int_lt(load(&reason), 0);
	ck_assert_msg(strstr(reason, says), "\"%s\" does not say \"%s\"", reason, says);
}

START_TEST(unreadable_file_is_an_error)
{
	g_autofree char *fifo = g_build_filename(root, "etc/n.conf.d/20.conf", NULL),
			*folder = g_build_filename(root, "etc/n.conf.d/10.conf", NULL),
			*huge = g_strnfill((1 << 20) + 1, '#'),
			*dangling = g_build_filename(root, "etc/n.conf.d/05.conf", NULL);

	put("etc/n.conf.d/30.conf", huge);
	not_loaded("30.conf: it has more than 1048576 bytes");
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	not_loaded("20.conf: it is not a file");
	ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
	not_loaded("10.conf: it is not a file");
	ck_assert_int_eq(symlink("nowhere", dangling), 0);
	not_loaded("05.conf: No such file");
	put("etc/n.conf", "[Daemon]\nX=1\n");
	not_loaded("etc/n.conf:2: unknown key \"X\"");
}
END_TEST

START_TEST(a_file_that_is_named_has_drop_ins_of_its_own)
{
	g_autofree char *file = g_build_filename(root, "mine", NULL), *reason = NULL;

	put("mine", "[Daemon]\nMaxSessions=1\n");
	put("mine.d/a.conf", "[Daemon]\nFollowersMax=1\n");
	ck_assert_int_eq(settings_load(settings, file, &reason), 0);
	ck_assert_uint_eq(settings->sessions_max, 1);
	ck_assert_uint_eq(settings->followers_max, 1);
}
END_TEST

/* Reading it again. */

START_TEST(keys_that_need_a_restart_are_kept_and_named)
{
	auto_settings *next = settings_new();
	const char *text = "[Daemon]\nRingSize=1M\nMaxSessions=5\nStateDirectory=/new\n";
	int ring = setting_find(&settings_daemon_keys, "RingSize");
	g_auto(GStrv) names = NULL;
	char *reason = NULL;

	taken("[Daemon]\nRingSize=2M\nMaxSessions=4\n");
	ck_assert_int_eq(settings_parse(next, text, strlen(text), "new.conf", &reason), 0);
	names = settings_keep(next, settings);
	ck_assert_uint_eq(g_strv_length(names), 2);
	ck_assert_str_eq(names[0], "RingSize");
	ck_assert_str_eq(names[1], "StateDirectory");
	ck_assert_uint_eq(next->ring_size, 2 << 20);
	ck_assert_str_eq(next->state_directory, settings->state_directory);
	ck_assert_uint_eq(next->sessions_max, 5);
	ck_assert_str_eq(next->origins[ring].text, "2M");
	ck_assert_str_eq(next->origins[ring].file, "test.conf");
	ck_assert_str_eq(next->origins[ring].pending, "1M");
}
END_TEST

/* The documentation of the keys. */

static const char *source_root;

static char *source(const char *path)
{
	g_autofree char *whole = g_build_filename(source_root, path, NULL);
	char *text;

	ck_assert_msg(g_file_get_contents(whole, &text, NULL, NULL), "%s can't be read", whole);
	return text;
}

static void written(const struct setting_group *group, const char *example, const char *man)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct setting_key *key = &group->keys[i];
		g_autofree char *line = g_strdup_printf("\n#%s=%s\n", key->name, key->initial),
				*entry = g_strdup_printf("\n.B %s=\n", key->name);

		ck_assert_msg(strstr(example, line), "the example does not have #%s=%s", key->name,
			key->initial);
		ck_assert_msg(strstr(man, entry), "the man page does not have %s=", key->name);
	}
}

START_TEST(each_key_is_in_the_example_with_its_default_and_in_the_man_page)
{
	g_autofree char *example = source("systemd/nfttraced.conf"),
			*man = source("man/nfttraced.conf.5");

	written(&settings_daemon_keys, example, man);
	written(&settings_session_keys, example, man);
}
END_TEST

/* A line "#Key=" of the example, and a heading of the man page, names an existing key. */
START_TEST(the_example_and_the_man_page_have_no_other_keys)
{
	g_autofree char *example = source("systemd/nfttraced.conf"),
			*man = source("man/nfttraced.conf.5"),
			*all = g_strconcat(example, man, NULL);
	g_autoptr(GRegex) regex =
		g_regex_new("^(?:#|\\.B )([A-Z][A-Za-z]*)=", G_REGEX_MULTILINE, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	unsigned int count = 0;

	for (g_regex_match(regex, all, 0, &match); g_match_info_matches(match);
		g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		ck_assert_msg(setting_find(&settings_daemon_keys, name) >= 0 ||
				setting_find(&settings_session_keys, name) >= 0,
			"there is no key %s", name);
		count++;
	}
	ck_assert_uint_ge(count, 2 * (settings_daemon_keys.count + settings_session_keys.count));
}
END_TEST

START_TEST(the_example_can_be_used_with_nothing_commented_out)
{
	g_autofree char *example = source("systemd/nfttraced.conf"), *reason = NULL;
	g_autoptr(GRegex) regex =
		g_regex_new("^#(\\[|[A-Z][A-Za-z]*=)", G_REGEX_MULTILINE, 0, NULL);
	g_autofree char *text = g_regex_replace(regex, example, -1, 0, "\\1", 0, NULL);
	auto_settings *defaults = settings_new();

	taken(example);
	taken(text);
	for (size_t i = 0; i < settings_daemon_keys.count; i++)
		ck_assert_msg(setting_equal(&settings_daemon_keys.keys[i], settings, defaults),
			"%s is not the default", settings_daemon_keys.keys[i].name);
	ck_assert_int_eq(settings_check(settings, &reason), 0);
	ck_assert_uint_eq(settings->configured_sessions->len, 1);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("settings files");
	TCase *cases = tcase_create("settings files");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (argc != 2)
		return EXIT_FAILURE;
	source_root = argv[1];
	suite_add_tcase(suite, cases);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, without_any_file_the_defaults_hold);
	tcase_add_test(cases, one_file_and_all_drop_ins_are_read);
	tcase_add_test(cases, a_drop_in_puts_its_namesakes_out_of_force);
	tcase_add_test(cases, a_session_may_be_described_in_several_files);
	tcase_add_test(cases, unreadable_file_is_an_error);
	tcase_add_test(cases, a_file_that_is_named_has_drop_ins_of_its_own);
	tcase_add_test(cases, keys_that_need_a_restart_are_kept_and_named);
	tcase_add_test(cases, each_key_is_in_the_example_with_its_default_and_in_the_man_page);
	tcase_add_test(cases, the_example_and_the_man_page_have_no_other_keys);
	tcase_add_test(cases, the_example_can_be_used_with_nothing_commented_out);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
