/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Features of the kernel that files show, with a tree of the test's own. */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

#include "journal/base/feature.h"

static char *root;

static void begin(void)
{
	root = g_dir_make_tmp("test-feature-XXXXXX", NULL);
}

static void end(void)
{
	char *arguments[] = { (char *)"rm", (char *)"-r", root, NULL };

	g_spawn_sync(
		NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
	g_free(root);
}

static void file(const char *path, const char *text)
{
	g_autofree char *name = g_strconcat(root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(name);

	ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
	ck_assert(g_file_set_contents(name, text, -1, NULL));
}

static GArray *features(void)
{
	GArray *array = features_new();

	features_add_kernel(array, root);
	features_add_module(array, root);
	return array;
}

/* Fails unless the feature has that value, and advice with that word in it or none. */
static void assert_feature(const char *name, const char *value, const char *advice)
{
	g_autoptr(GArray) array = features();

	for (unsigned int i = 0; i < array->len; i++) {
		const struct feature *feature = &g_array_index(array, struct feature, i);

		if (!g_str_equal(feature->name, name))
			continue;
		ck_assert_str_eq(feature_value(feature), value);
		if (advice)
			ck_assert_ptr_nonnull(strstr(feature->advice, advice));
		else
			ck_assert_ptr_null(feature->advice);
		return;
	}
	ck_abort_msg("no feature %s", name);
}

START_TEST(a_kernel_without_anything_says_what_it_needs)
{
	assert_feature("btf", "no", "CONFIG_DEBUG_INFO_BTF");
	assert_feature("kprobes", "no", "CONFIG_KPROBE_EVENTS");
	assert_feature("bpf-jit", "unknown", NULL);
	assert_feature("lockdown", "none", NULL);
	assert_feature("nf-tables", "no", "modprobe nf_tables");
}
END_TEST

START_TEST(a_kernel_with_all_of_it_asks_for_nothing)
{
	file("/sys/kernel/btf/vmlinux", "");
	file("/sys/bus/event_source/devices/kprobe/type", "6\n");
	file("/proc/sys/net/core/bpf_jit_enable", "1\n");
	file("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	file("/sys/module/nf_tables/refcnt", "0\n");
	assert_feature("btf", "yes", NULL);
	assert_feature("kprobes", "yes", NULL);
	assert_feature("bpf-jit", "yes", NULL);
	assert_feature("lockdown", "none", NULL);
	assert_feature("nf-tables", "yes", NULL);
}
END_TEST

START_TEST(an_interpreter_and_a_lockdown_have_their_remedies)
{
	file("/proc/sys/net/core/bpf_jit_enable", "0\n");
	file("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	assert_feature("bpf-jit", "no", "sysctl net.core.bpf_jit_enable=1");
	assert_feature("lockdown", "integrity", NULL);
	file("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	assert_feature("lockdown", "confidentiality", "lockdown=integrity");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("feature");
	TCase *tcase = tcase_create("files");
	SRunner *runner;
	int failed;

	runner = srunner_create(suite);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, a_kernel_without_anything_says_what_it_needs);
	tcase_add_test(tcase, a_kernel_with_all_of_it_asks_for_nothing);
	tcase_add_test(tcase, an_interpreter_and_a_lockdown_have_their_remedies);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
