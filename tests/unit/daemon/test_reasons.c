/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of drop reasons from type information: the core's without a prefix, others with their
 * subsystem. */
#include <bpf/btf.h>
#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "daemon/resolver/drop-reasons.h"
#include "journal/reader/name-table.h"

static void enum_add(
	struct btf *btf, const char *name, const char *const *members, const int64_t *values)
{
	ck_assert_int_gt(btf__add_enum(btf, name, 4), 0);
	for (; *members; members++, values++)
		ck_assert_int_eq(btf__add_enum_value(btf, *members, *values), 0);
}

START_TEST(a_reason_has_its_subsystem_before_it_unless_it_is_the_cores)
{
	struct btf *kernel = btf__new_empty(), *openvswitch = btf__new_empty();
	const struct btf *modules[REASONS_SOURCES] = { NULL, NULL, openvswitch };
	struct name_table *name_table = name_table_new();
	g_autofree char *json = NULL;

	enum_add(kernel, "skb_drop_reason",
		(const char *const[]){ "SKB_DROP_REASON_NETFILTER_DROP", NULL },
		(const int64_t[]){ 8 });
	enum_add(openvswitch, "ovs_drop_reason",
		(const char *const[]){ "OVS_DROP_LAST_ACTION", "OVS_DROP_ELSEWHERE", NULL },
		(const int64_t[]){ 0x20001, 0x70001 });
	enum_add(kernel, "skb_drop_reason_subsys",
		(const char *const[]){
			"SKB_DROP_REASON_SUBSYS_CORE", "SKB_DROP_REASON_SUBSYS_OPENVSWITCH", NULL },
		(const int64_t[]){ 0, 2 });
	json = reasons_gather(kernel, modules);
	ck_assert_int_eq(name_table_take(name_table, JOURNAL_REASONS, json, strlen(json)), 1);
	ck_assert_str_eq(name_table_reason(name_table, 8), "NETFILTER_DROP");
	ck_assert_str_eq(
		name_table_reason(name_table, 0x20001), "openvswitch/OVS_DROP_LAST_ACTION");
	ck_assert_str_eq(name_table_reason(name_table, 0x70001), "7/OVS_DROP_ELSEWHERE");
	name_table_free(name_table);
	btf__free(openvswitch);
	btf__free(kernel);
}
END_TEST

START_TEST(a_kernel_without_reasons_tells_none)
{
	const struct btf *modules[REASONS_SOURCES] = { NULL };
	struct btf *kernel = btf__new_empty();

	ck_assert_ptr_null(reasons_gather(kernel, modules));
	btf__free(kernel);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reasons");
	TCase *tests = tcase_create("reasons");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tests);
	tcase_add_test(tests, a_reason_has_its_subsystem_before_it_unless_it_is_the_cores);
	tcase_add_test(tests, a_kernel_without_reasons_tells_none);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
