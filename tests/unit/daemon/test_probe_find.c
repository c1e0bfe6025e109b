/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The specifications of probes, and how their arguments lead to the packet in this kernel. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/plan.h"
#include "daemon/probe/probe-btf.h"
#include "daemon/probe/probe-find.h"
#include "daemon/probe/probe-spec.h"

#define VMLINUX "/sys/kernel/btf/vmlinux"

static void parsed(const char *text, enum event_attach type, const char *symbol, bool stack)
{
	g_autofree char *reason = NULL;
	struct probe_spec spec = { 0 };

	ck_assert_msg(probe_spec_parse(text, &spec, &reason) == 0, "%s", reason);
	ck_assert_int_eq(spec.type, type);
	ck_assert_str_eq(spec.symbol, symbol);
	ck_assert_int_eq(spec.stack, stack);
	probe_spec_clear(&spec);
}

START_TEST(a_probe_is_a_function_its_return_or_a_tracepoint_with_a_stack_or_not)
{
	parsed("ip_local_deliver", EVENT_ATTACH_KPROBE, "ip_local_deliver", false);
	parsed("kprobe:ip_rcv", EVENT_ATTACH_KPROBE, "ip_rcv", false);
	parsed("k:ip_rcv/stack", EVENT_ATTACH_KPROBE, "ip_rcv", true);
	parsed("kretprobe:ip_rcv", EVENT_ATTACH_KRETPROBE, "ip_rcv", false);
	parsed("kr:ip_rcv/stack", EVENT_ATTACH_KRETPROBE, "ip_rcv", true);
	parsed("tp:skb:kfree_skb", EVENT_ATTACH_RAW_TRACEPOINT, "skb:kfree_skb", false);
	parsed("raw_tracepoint:net:netif_rx/stack", EVENT_ATTACH_RAW_TRACEPOINT, "net:netif_rx",
		true);
	parsed("net:netif_receive_skb", EVENT_ATTACH_RAW_TRACEPOINT, "net:netif_receive_skb",
		false);
	parsed("__nft_trace_packet/stack", EVENT_ATTACH_KPROBE, PROBE_NFT_SYMBOL, true);
}
END_TEST

START_TEST(invalid_probe_is_refused_in_one_sentence)
{
	static const char *const wrong[] = { "", "/stack", "kprobe:", "tp:kfree_skb",
		"tp:", "tp::", "tp:skb:", "tp::kfree_skb", "tp:a:b:c", "1ip", "ip rcv", "ip_rcv/",
		"ip_rcv/stacks", "ip_rcv/stack/stack", "ip_rcv+0x10", "kprobe:a:b", "uprobe:f:g:h",
		"a\nb", "\x1b[31m", "ip_rcv\xff", "foo.isra.0", "tp:../..:x" };
	g_autofree char *longest = g_strnfill(PROBE_SYMBOL_MAX, 'x');
	g_autofree char *longer = g_strnfill(PROBE_SYMBOL_MAX + 1, 'x');
	g_autofree char *too_long = NULL;
	struct probe_spec untouched = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *reason = NULL;

		ck_assert_msg(probe_spec_parse(wrong[i], &untouched, &reason) == -EINVAL,
			"\"%s\" was taken", wrong[i]);
		for (const char *c = reason; *c; c++)
			ck_assert_int_ge((unsigned char)*c, ' ');
	}
	parsed(longest, EVENT_ATTACH_KPROBE, longest, false);
	ck_assert_int_eq(probe_spec_parse(longer, &untouched, &too_long), -EINVAL);
	ck_assert_ptr_null(untouched.symbol);
}
END_TEST

static void list_refused(const char *const *texts, const char *says)
{
	auto_failure failure = { 0 };
	GArray *specs = NULL;

	ck_assert_int_eq(probe_specs_parse(texts, &specs, &failure), -EINVAL);
	ck_assert_int_eq(failure.kind, FAILURE_INVALID_OPTION);
	ck_assert_msg(strstr(failure.reason, says), "%s", failure.reason);
	ck_assert_ptr_null(specs);
}

START_TEST(a_probe_is_given_once_and_there_are_not_more_than_numbers_for_them)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	auto_failure failure = { 0 };
	GArray *specs;

	list_refused((const char *[]){ "ip_rcv", "kprobe:ip_rcv/stack", NULL }, "given twice");
	list_refused((const char *[]){ "__nft_trace_packet", "k:__nft_trace_packet/stack", NULL },
		"kprobe:__nft_trace_packet is given twice");
	list_refused((const char *[]){ "ip_rcv", "?", NULL }, "\"?\" is not a probe");

	g_ptr_array_add(texts, g_strdup("__nft_trace_packet/stack"));
	for (int i = 0; i < PROBES_MAX; i++)
		g_ptr_array_add(texts, g_strdup_printf("function_%d", i));
	g_ptr_array_add(texts, NULL);
	ck_assert_int_eq(probe_specs_parse((const char *const *)texts->pdata, &specs, &failure), 0);
	ck_assert_uint_eq(specs->len, PROBES_MAX + 1);
	g_array_unref(specs);
	texts->pdata[texts->len - 1] = g_strdup("one_too_many");
	g_ptr_array_add(texts, NULL);
	list_refused((const char *const *)texts->pdata, "at most 30");
}
END_TEST

static struct btf *vmlinux;

static struct probe_config found(const char *text)
{
	g_autofree char *reason = NULL;
	struct probe_config config;
	struct probe_spec spec;

	ck_assert_int_eq(probe_spec_parse(text, &spec, &reason), 0);
	ck_assert_msg(probe_find(vmlinux, &spec, &config, &reason) == 0, "%s: %s", text, reason);
	ck_assert_int_eq(config.attach, spec.type);
	probe_spec_clear(&spec);
	return config;
}

static int not_found(const char *text, char **ret_reason)
{
	g_autofree char *reason = NULL;
	struct probe_config config;
	struct probe_spec spec;
	int r;

	ck_assert_int_eq(probe_spec_parse(text, &spec, &reason), 0);
	r = probe_find(vmlinux, &spec, &config, ret_reason);
	probe_spec_clear(&spec);
	return r;
}

START_TEST(the_argument_that_is_a_packet_is_found_by_its_type)
{
	struct probe_config config = found("ip_local_deliver");

	ck_assert_int_eq(config.way, PROBE_WAY_SKB);
	ck_assert_int_eq(config.packet, 0);
	ck_assert_int_eq(config.state, PROBE_NO_ARGUMENT);
	ck_assert_int_eq(config.reason, PROBE_NO_ARGUMENT);
	/* ip_output(net, sk, skb) */
	ck_assert_int_eq(found("ip_output").packet, 2);
	/* nf_hook_slow(skb, state, entries, index) */
	config = found("nf_hook_slow");
	ck_assert_int_eq(config.packet, 0);
	ck_assert_int_eq(config.state, 1);
}
END_TEST

START_TEST(a_tracepoint_counts_its_arguments_from_its_first_public_one)
{
	struct probe_config config = found("tp:skb:kfree_skb");

	ck_assert_int_eq(config.packet, 0);
	/* kfree_skb(skb, location, reason) */
	ck_assert_int_eq(config.reason, 2);
	ck_assert_int_eq(found("net:netif_receive_skb").packet, 0);
	/* net_dev_xmit(skb, rc, device, length) */
	ck_assert_int_eq(found("net:net_dev_xmit").reason, PROBE_NO_ARGUMENT);
}
END_TEST

START_TEST(function_without_packet_is_refused_and_missing_one_not_found)
{
	char *reason = NULL;

	ck_assert_int_eq(not_found("vfs_read", &reason), -EINVAL);
	ck_assert_ptr_nonnull(strstr(reason, "the function vfs_read has no packet"));
	g_clear_pointer(&reason, g_free);
	ck_assert_int_eq(not_found("tp:sched:sched_switch", &reason), -EINVAL);
	ck_assert_ptr_nonnull(strstr(reason, "the tracepoint sched:sched_switch has no packet"));
	g_clear_pointer(&reason, g_free);
	ck_assert_int_eq(not_found("ip_local_delivery_service", &reason), -ENOENT);
	ck_assert_ptr_null(reason);
}
END_TEST

static char *suggestion(const char *text)
{
	g_autofree char *reason = NULL;
	struct probe_spec spec;
	char *like;

	ck_assert_int_eq(probe_spec_parse(text, &spec, &reason), 0);
	like = probe_suggest(vmlinux, &spec);
	probe_spec_clear(&spec);
	return like;
}

START_TEST(misspelled_name_gets_a_suggestion)
{
	g_autofree char *function = suggestion("ip_local_delivre");
	g_autofree char *tracepoint = suggestion("tp:skb:kfree_skbs");
	g_autofree char *nothing = suggestion("qqqqqqqqqqqqqqqqqqqqq");

	ck_assert_str_eq(function, "ip_local_deliver");
	ck_assert_str_eq(tracepoint, "kfree_skb");
	ck_assert_ptr_null(nothing);
}
END_TEST

static int looked_up(const char *text, char **ret_reason)
{
	const char *const texts[] = { text, NULL };
	struct probe_config config;
	auto_failure failure = { 0 };
	GArray *specs;
	int r;

	ck_assert_int_eq(probe_specs_parse(texts, &specs, &failure), 0);
	r = probes_look_up(specs, &config, ret_reason);
	g_array_unref(specs);
	return r;
}

START_TEST(the_kernel_that_runs_is_asked_for_a_probe)
{
	char *reason = NULL;

	ck_assert_msg(looked_up("ip_rcv", &reason) == 0, "%s", reason);
	ck_assert_msg(looked_up("tp:skb:consume_skb", &reason) == 0, "%s", reason);
	ck_assert_int_eq(looked_up("ip_rvc", &reason), -EINVAL);
	ck_assert_str_eq(reason, "the kernel has no function ip_rvc: is it ip_rcv?");
	g_clear_pointer(&reason, g_free);
	ck_assert_int_eq(looked_up("tp:skb:qqqqqqqqqqqqqqqq", &reason), -EINVAL);
	ck_assert_str_eq(reason,
		"the kernel, with the modules that are loaded, has no tracepoint "
		"skb:qqqqqqqqqqqqqqqq");
	g_clear_pointer(&reason, g_free);
}
END_TEST

/* Sessions and numbers. */

static void plan_add(
	struct plan *plan, const struct plan *in_force, unsigned int bit, const char *const *texts)
{
	struct probe_config configs[EVENT_PROBES_MAX] = { 0 };
	auto_failure failure = { 0 };
	GArray *specs;

	ck_assert_int_eq(probe_specs_parse(texts, &specs, &failure), 0);
	for (unsigned int i = 0; i < specs->len; i++)
		configs[i].attach = g_array_index(specs, struct probe_spec, i).type;
	plan->entries[bit] = (struct plan_entry){ .used = true, .verdicts = 1 };
	ck_assert_int_eq(plan_add_probes(plan, in_force, bit, specs, configs), 0);
	g_array_unref(specs);
}

START_TEST(a_probe_of_two_sessions_is_one_and_goes_with_the_last)
{
	struct plan plan = { 0 };
	struct matcher_session sessions[EVENT_SESSIONS_MAX];
	struct pipeline_config config;

	plan_add(&plan, &plan, 0, (const char *[]){ "ip_rcv", "skb:kfree_skb/stack", NULL });
	plan_add(&plan, &plan, 1,
		(const char *[]){ "kr:ip_rcv", "__nft_trace_packet/stack", "skb:kfree_skb", NULL });
	ck_assert_str_eq(plan.probes[2].symbol, "ip_rcv");
	ck_assert_str_eq(plan.probes[3].symbol, "skb:kfree_skb");
	ck_assert_str_eq(plan.probes[4].symbol, "ip_rcv");
	ck_assert_int_eq(plan.probes[4].config.attach, EVENT_ATTACH_KRETPROBE);
	ck_assert_int_eq(plan.probes[5].config.attach, 0);

	ck_assert_uint_eq(plan_sessions(&plan, sessions), 2);
	ck_assert_uint_eq(sessions[0].probes, 1 << 1 | 1 << 2 | 1 << 3);
	ck_assert_uint_eq(sessions[1].probes, 1 << 1 | 1 << 3 | 1 << 4);
	plan_config(&plan, 0, &config);
	ck_assert_uint_eq(config.stacks[EVENT_PROBE_NFT], 1 << 1);
	ck_assert_uint_eq(config.stacks[2], 0);
	ck_assert_uint_eq(config.stacks[3], 1 << 0);

	plan.entries[0] = (struct plan_entry){ 0 };
	plan_prune_probes(&plan);
	ck_assert_int_eq(plan.probes[2].config.attach, 0);
	ck_assert_str_eq(plan.probes[3].symbol, "skb:kfree_skb");
}
END_TEST

START_TEST(a_number_does_not_go_to_another_probe_in_one_change)
{
	struct plan in_force = { 0 }, plan;

	plan_add(&in_force, &in_force, 0, (const char *[]){ "ip_rcv", NULL });
	plan = in_force;
	plan.entries[0] = (struct plan_entry){ 0 };
	plan_prune_probes(&plan);
	plan_add(&plan, &in_force, 1, (const char *[]){ "ip_output", NULL });
	ck_assert_int_eq(plan.probes[2].config.attach, 0);
	ck_assert_str_eq(plan.probes[3].symbol, "ip_output");
}
END_TEST

START_TEST(when_all_numbers_are_given_out_the_next_probe_is_refused)
{
	struct plan plan = { 0 };
	struct probe_config config = { .attach = EVENT_ATTACH_KPROBE };
	auto_failure failure = { 0 };
	GArray *specs;

	for (unsigned int i = 0; i < PROBES_MAX; i++) {
		g_autofree char *symbol = g_strdup_printf("function_%u", i);

		plan_add(&plan, &plan, i, (const char *[]){ symbol, NULL });
	}
	ck_assert_int_eq(
		probe_specs_parse((const char *[]){ "ip_rcv", NULL }, &specs, &failure), 0);
	ck_assert_int_eq(plan_add_probes(&plan, &plan, 40, specs, &config), -ENOSPC);
	g_array_unref(specs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probes");
	TCase *cases = tcase_create("probes");
	SRunner *runner = srunner_create(suite);
	int failed;

	vmlinux = btf__parse(VMLINUX, NULL);
	if (!vmlinux) {
		fprintf(stderr, "%s can't be read: %s\n", VMLINUX, g_strerror(errno));
		return EXIT_FAILURE;
	}
	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_probe_is_a_function_its_return_or_a_tracepoint_with_a_stack_or_not);
	tcase_add_test(cases, invalid_probe_is_refused_in_one_sentence);
	tcase_add_test(cases, a_probe_is_given_once_and_there_are_not_more_than_numbers_for_them);
	tcase_add_test(cases, the_argument_that_is_a_packet_is_found_by_its_type);
	tcase_add_test(cases, a_tracepoint_counts_its_arguments_from_its_first_public_one);
	tcase_add_test(cases, function_without_packet_is_refused_and_missing_one_not_found);
	tcase_add_test(cases, misspelled_name_gets_a_suggestion);
	tcase_add_test(cases, the_kernel_that_runs_is_asked_for_a_probe);
	tcase_add_test(cases, a_probe_of_two_sessions_is_one_and_goes_with_the_last);
	tcase_add_test(cases, a_number_does_not_go_to_another_probe_in_one_change);
	tcase_add_test(cases, when_all_numbers_are_given_out_the_next_probe_is_refused);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	btf__free(vmlinux);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
