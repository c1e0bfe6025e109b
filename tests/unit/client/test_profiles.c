/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: the contents of the files, their precedence, and how the command line combines them.
 * The second argument is the directory of the shipped ones. */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "client/commands/start-options.h"
#include "client/input/profile.h"

static const char *shipped;

/* Two directories of the test's own; the second one has precedence. */
static char *lower, *upper;

static void make_directories(void)
{
	g_autofree char *path = NULL;

	lower = g_dir_make_tmp("profiles-XXXXXX", NULL);
	upper = g_dir_make_tmp("profiles-XXXXXX", NULL);
	path = g_strconcat(lower, ":", upper, ":/nonexistent", NULL);
	g_setenv(PROFILE_PATH_VARIABLE, path, TRUE);
}

static void remove_directory(char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
	g_rmdir(path);
	g_free(path);
}

static void remove_directories(void)
{
	remove_directory(lower);
	remove_directory(upper);
}

static void write_profile(const char *directory, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename(directory, file, NULL);

	ck_assert(g_file_set_contents(path, text, -1, NULL));
}

static struct profile *load(const char *name)
{
	g_autofree char *reason = NULL;
	struct profile *profile = NULL;
	int r = profile_load(name, &profile, &reason);

	ck_assert_msg(r == 0, "%s", reason);
	return profile;
}

START_TEST(profile_has_the_values_of_its_file)
{
	auto_profile *profile = NULL;

	write_profile(lower, "all.conf",
		"# a comment\n[Profile]\nDescription = What it is\nVerdicts=drop, accept\n"
		"Filter=udp port 53\nProbes=ip_rcv tp:skb:kfree_skb/stack\nStack=yes\n"
		"Sections=nft;skb\nTrack=no\nLimit=5\nRate=100\nSize=64M\nDuration=1h 30min\n");
	profile = load("all");
	ck_assert_str_eq(profile->name, "all");
	ck_assert_str_eq(profile->description, "What it is");
	ck_assert_str_eq(profile->verdicts[1], "accept");
	ck_assert_str_eq(profile->filter, "udp port 53");
	ck_assert_str_eq(profile->probes[0], "ip_rcv");
	ck_assert_str_eq(profile->probes[1], "tp:skb:kfree_skb/stack");
	ck_assert_ptr_null(profile->probes[2]);
	ck_assert_int_eq(profile->stack, PROFILE_YES);
	ck_assert_str_eq(profile->sections[1], "skb");
	ck_assert_int_eq(profile->track, PROFILE_NO);
	ck_assert_str_eq(profile->limit, "5");
	ck_assert_str_eq(profile->duration, "1h 30min");
}
END_TEST

START_TEST(later_directory_overrides_a_profile_of_equal_name)
{
	g_autoptr(GPtrArray) names = NULL;
	g_autoptr(GPtrArray) paths = NULL;
	auto_profile *profile = NULL;

	write_profile(lower, "b.conf", "[Profile]\nFilter=udp\nLimit=5\n");
	write_profile(upper, "b.conf", "[Profile]\nFilter=tcp\n");
	write_profile(lower, "a.conf", "");
	write_profile(lower, "a.conf~", "");
	write_profile(lower, ".hidden.conf", "");
	profile = load("b");
	ck_assert_str_eq(profile->filter, "tcp");
	ck_assert_ptr_null(profile->limit);
	profile_list(&names, &paths);
	ck_assert_uint_eq(names->len, 2);
	ck_assert_str_eq(g_ptr_array_index(names, 0), "a");
	ck_assert_str_eq(g_ptr_array_index(names, 1), "b");
	ck_assert(g_str_has_prefix(g_ptr_array_index(paths, 1), upper));
}
END_TEST

START_TEST(the_users_profiles_are_where_other_settings_are)
{
	g_autofree char *nfttraced = g_build_filename(lower, "nfttraced", NULL);
	g_autofree char *profiles = g_build_filename(nfttraced, "profiles", NULL);
	g_autofree char *file = g_build_filename(profiles, "mine.conf", NULL);
	auto_profile *profile = NULL;

	ck_assert_int_eq(g_mkdir_with_parents(profiles, 0700), 0);
	write_profile(profiles, "mine.conf", "[Profile]\nFilter=udp\n");
	g_unsetenv(PROFILE_PATH_VARIABLE);
	g_setenv("XDG_CONFIG_HOME", lower, TRUE);
	profile = load("mine");
	ck_assert_str_eq(profile->path, file);
	g_unlink(file);
	g_rmdir(profiles);
	g_rmdir(nfttraced);
}
END_TEST

START_TEST(malformed_profile_is_reported_with_its_line)
{
	static const struct {
		const char *text;
		const char *reason; /* after the path */
	} wrong[] = {
		{ "[Profile]\nFrob=1\n", ":2: unknown key \"Frob\"; see nfttraced.profile(5)" },
		{ "[Profile]\n\nLimit=many\n", ":3: Limit=many: must be a number of events" },
		{ "[Profile]\nSize=5X\n", ":2: Size=5X: must be a size, such as 64M or 1G" },
		{ "[Profile]\nSize=0\n", ":2: Size=0: must be a size, such as 64M or 1G" },
		{ "[Profile]\nDuration=0s\n",
			":2: Duration=0s: must be a time, such as 30s, 5min or 2h" },
		{ "[Profile]\nStack=maybe\n", ":2: Stack=maybe: must be yes or no" },
		{ "[Profile]\nVerdicts=\n", ":2: Verdicts=: must be names of verdicts, or all" },
		{ "[Profile]\nSections=nft frob\n", ":2: unknown section \"frob\"" },
		{ "[Daemon]\nLimit=1\n", ":1: unknown group [Daemon]: it must be [Profile]" },
		{ "[Profile]\nFilter=a\xff\n", ":1: the file is not valid UTF-8" },
		{ "[Profile]\nDuration=\x1b[7m\n",
			":2: Duration=\\x1b[7m: must be a time, such as 30s, 5min or 2h" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		struct profile *profile = NULL;
		g_autofree char *reason = NULL;

		write_profile(lower, "bad.conf", wrong[i].text);
		ck_assert_int_eq(profile_load("bad", &profile, &reason), -EINVAL);
		ck_assert_msg(g_str_has_suffix(reason, wrong[i].reason), "%s", reason);
		ck_assert(g_str_has_prefix(reason, lower));
		ck_assert_ptr_null(profile);
	}
}
END_TEST

START_TEST(text_outside_a_group_is_reported_with_its_line)
{
	struct profile *profile = NULL;
	g_autofree char *reason = NULL;

	write_profile(lower, "bad.conf", "[Profile]\nLimit=1\nwhat is this\n");
	ck_assert_int_eq(profile_load("bad", &profile, &reason), -EINVAL);
	ck_assert_msg(strstr(reason, "bad.conf:3: "), "%s", reason);
}
END_TEST

START_TEST(missing_profile_is_reported)
{
	static const char *const names[] = { "none", "../profiles/none", "", ".hidden" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct profile *profile = NULL;
		g_autofree char *reason = NULL;

		ck_assert_int_eq(profile_load(names[i], &profile, &reason), -ENOENT);
		ck_assert(g_str_has_prefix(reason, "there is no profile \""));
	}
}
END_TEST

static const struct command start = { .name = "start", .arguments = "", .summary = "Start" };

static void parse(struct start_options *options, const char *words)
{
	g_auto(GStrv) argv = g_strsplit(words, "|", -1);
	g_autofree char **copy = g_memdup2(argv, (g_strv_length(argv) + 1) * sizeof(*argv));

	ck_assert_int_eq(
		start_options_parse(options, &start, (int)g_strv_length(argv), copy), EXIT_DONE);
}

START_TEST(the_command_line_wins)
{
	auto_start_options options = { 0 };

	write_profile(lower, "p.conf",
		"[Profile]\nVerdicts=drop\nFilter=udp\nProbes=ip_rcv\nStack=yes\nTrack=no\n"
		"Limit=5\nRate=7\nSize=1G\n");
	parse(&options,
		"start|--profile=p|--verdicts=accept|--limit=6|--probe=ip_output|--no-stack|"
		"--track|tcp|port|80");
	ck_assert_str_eq(options.verdicts[0], "accept");
	ck_assert_ptr_null(options.verdicts[1]);
	ck_assert_str_eq(options.filter, "tcp port 80");
	ck_assert_str_eq(options.probes[0], "ip_output");
	ck_assert_str_eq(options.probes[1], "ip_rcv");
	ck_assert(!options.stack);
	ck_assert(!options.no_track);
	ck_assert_uint_eq(options.limit, 6);
	ck_assert_uint_eq(options.rate, 7);
	ck_assert_uint_eq(options.size, 1 << 30);
}
END_TEST

START_TEST(of_several_profiles_the_last_one_wins)
{
	auto_start_options options = { 0 };

	write_profile(lower, "p.conf", "[Profile]\nFilter=udp\nStack=yes\nTrack=no\nLimit=5\n");
	write_profile(lower, "q.conf", "[Profile]\nFilter=tcp\nStack=no\n");
	parse(&options, "start|--profile=p|--profile=q");
	ck_assert_str_eq(options.filter, "tcp");
	ck_assert(!options.stack);
	ck_assert(options.no_track);
	ck_assert_uint_eq(options.limit, 5);
}
END_TEST

START_TEST(shipped_profiles_can_be_read)
{
	static const char *const names[] = { "drops", "journey", "nft-dropmon", "rules" };
	auto_profile *dropmon = NULL;

	g_setenv(PROFILE_PATH_VARIABLE, shipped, TRUE);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		auto_profile *profile = load(names[i]);

		ck_assert_ptr_nonnull(profile->description);
	}
	dropmon = load("nft-dropmon");
	ck_assert_str_eq(dropmon->verdicts[0], "drop");
	ck_assert_int_eq(dropmon->stack, PROFILE_YES);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("profiles");
	TCase *tcase = tcase_create("profiles");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (argc < 3) {
		fputs("usage: test_profiles NFTTRACECTL DIRECTORY\n", stderr);
		return EXIT_FAILURE;
	}
	shipped = argv[2];
	tcase_add_checked_fixture(tcase, make_directories, remove_directories);
	tcase_add_test(tcase, profile_has_the_values_of_its_file);
	tcase_add_test(tcase, later_directory_overrides_a_profile_of_equal_name);
	tcase_add_test(tcase, the_users_profiles_are_where_other_settings_are);
	tcase_add_test(tcase, malformed_profile_is_reported_with_its_line);
	tcase_add_test(tcase, text_outside_a_group_is_reported_with_its_line);
	tcase_add_test(tcase, missing_profile_is_reported);
	tcase_add_test(tcase, the_command_line_wins);
	tcase_add_test(tcase, of_several_profiles_the_last_one_wins);
	tcase_add_test(tcase, shipped_profiles_can_be_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
