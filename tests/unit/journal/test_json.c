/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event as JSON: it has all that Retis says of it, in the same form, and all that Retis's tools
 * require; what we know beyond that is beside it. */
#include <linux/in6.h>

#include "tests/unit/kit/json-kit.h"
#include "tests/unit/kit/sample-record.h"

/* Everything in `part` is in `whole`, in the same order. */
static void assert_contains(struct json_object *whole, struct json_object *part, const char *path)
{
	struct json_object_iterator place = json_object_iter_begin(whole);
	struct json_object_iterator end = json_object_iter_end(whole);

	json_object_object_foreach(part, key, value)
	{
		g_autofree char *here = g_strdup_printf("%s/%s", path, key);
		struct json_object *other;

		while (!json_object_iter_equal(&place, &end) &&
			!g_str_equal(json_object_iter_peek_name(&place), key))
			json_object_iter_next(&place);
		ck_assert_msg(!json_object_iter_equal(&place, &end),
			"%s is missing, or not in its place", here);
		other = json_object_iter_peek_value(&place);
		ck_assert_msg(json_object_get_type(other) == json_object_get_type(value),
			"%s is of another type", here);
		if (json_object_is_type(value, json_type_object))
			assert_contains(other, value, here);
		else
			ck_assert_msg(json_object_equal(other, value), "%s: %s instead of %s", here,
				json_object_to_json_string(other),
				json_object_to_json_string(value));
	}
}

START_TEST(common_members_match_retis)
{
	const struct sample_full *sample = sample_full_get((size_t)_i);
	struct json_object *theirs = json_tokener_parse(sample->json), *ours;
	struct synthetic record;

	sample_full_record(sample, &record);
	ours = record_json(record.bytes, record.size, sample_full_settings());
	assert_contains(ours, theirs, "");
	assert_number(ours, "nfttraced/session", 3);
	json_object_put(ours);
	json_object_put(theirs);
}
END_TEST

START_TEST(every_section_has_what_the_incumbents_tools_ask_for)
{
	const struct event_skb skb = {
		.section.type = EVENT_SECTION_SKB,
		.users = 100000,
		.dataref = 300,
		.gso_size = 1448,
		.flags = EVENT_SKB_SHARED | EVENT_SKB_VLAN,
		.vlan_protocol = 0x8100,
		.vlan_tci = 0x7064,
	};
	struct sample_record record;
	struct json_object *event;

	sample_record_begin(&record);
	sample_record_add(&record, &skb, sizeof(skb), NULL, 0);
	sample_record_ct(&record, AF_INET, AF_INET6);
	event = record_json(record.bytes, record.size, NULL);
	assert_acceptable(event);
	assert_number(event, "skb/vlan_accel/vid", 100);
	assert_number(event, "skb/vlan_accel/pcp", 3);
	ck_assert(json_object_get_boolean(at(event, "skb/vlan_accel/dei")));
	assert_number(event, "skb/gso/size", 1448);
	assert_number(event, "ct/labels/lo", 0x3736353433323130);
	assert_text(event, "ct/parent/orig/ip/src", "fd00::1");
	assert_text(event, "ct/parent/proto_state", "ESTABLISHED");
	assert_text(event, "ct/parent/zone_dir", "Original");
	json_object_put(event);
	for (size_t i = 0; i < sample_full_count(); i++) {
		struct synthetic full;

		sample_full_record(sample_full_get(i), &full);
		event = record_json(full.bytes, full.size, sample_full_settings());
		assert_acceptable(event);
		json_object_put(event);
	}
}
END_TEST

START_TEST(additional_members_are_beside_them)
{
	const struct event_head head = {
		.version = EVENT_VERSION,
		.probe = EVENT_PROBE_NFT,
		.attach = EVENT_ATTACH_FENTRY,
		.flags = EVENT_STOLEN,
		.skb = 0xffff888000000001,
	};
	const struct event_nft nft = {
		.verdict = -3,
		.target_handle = 17,
		.family = 1,
		.protocol = 2,
		.hook = 3,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_TARGET,
	};
	const struct event_device device = { .index = 2, .in_index = 2, .out_index = 5 };
	struct synthetic record;
	struct json_object *event;

	synthetic_begin(&record, &head);
	synthetic_nft(&record, &nft, "t", "c", "j");
	synthetic_device(&record, &device, "eth0", "veth7");
	event = record_json(record.bytes, record.size, NULL);
	assert_acceptable(event);
	assert_text(event, "kernel/probe_type", "kprobe");
	assert_text(event, "nfttraced/attach", "fentry");
	assert_number(event, "nfttraced/skb", 0xffff888000000001);
	ck_assert(json_object_get_boolean(at(event, "nfttraced/stolen")));
	assert_text(event, "nft/family", "inet");
	assert_text(event, "nft/hook", "output");
	assert_number(event, "nft/verdict_chain_handle", 17);
	assert_text(event, "dev/out/name", "veth7");
	assert_number(event, "dev/out/ifindex", 5);
	ck_assert_ptr_null(at(event, "dev/in"));
	json_object_put(event);
}
END_TEST

START_TEST(the_text_of_a_rule_is_with_its_event)
{
	const struct rule_name rules[] = {
		{ { .netns = 4098, .table = 5, .rule = 9, .family = 1 }, RULE_READ,
			"jump filter_INPUT_POLICIES comment \"a \\\"b\\\"\"", 0 },
	};
	g_autofree char *names = names_rules_new(rules, 1), *text = NULL;
	struct json_object *lines;
	struct rendering rendering;
	struct synthetic record;

	sample_full_record(sample_full_get(2), &record);
	rendering_begin(&rendering);
	ck_assert_int_eq(
		name_table_take(rendering.name_table, JOURNAL_RULES, names, strlen(names)), 1);
	render(&rendering, JOURNAL_EVENT, record.bytes, record.size);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	assert_text(json_object_array_get_idx(lines, 1), "nft/rule", rules[0].text);
	json_object_put(lines);
}
END_TEST

static const struct rule_name *rule_comes(void *context, const struct event *event)
{
	static const struct rule_name late = { .fate = RULE_VANISHED };
	unsigned int *asked = context;

	ck_assert_uint_eq(event->nft.rule_handle, 9);
	(*asked)++;
	return &late;
}

START_TEST(the_text_of_a_rule_is_waited_for)
{
	g_autofree char *text = NULL;
	struct rendering rendering;
	unsigned int asked = 0;
	struct json_object *lines;
	struct synthetic record;

	rendering_begin(&rendering);
	rendering.renderer->await = rule_comes;
	rendering.renderer->await_context = &asked;
	/* One that a policy decided, and one that a rule did. */
	for (size_t i = 1; i <= 2; i++) {
		sample_full_record(sample_full_get(i), &record);
		render(&rendering, JOURNAL_EVENT, record.bytes, record.size);
	}
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	ck_assert_uint_eq(asked, 1);
	ck_assert_ptr_null(at(json_object_array_get_idx(lines, 1), "nft/rule_unread"));
	assert_text(json_object_array_get_idx(lines, 2), "nft/rule_unread", "vanished");
	json_object_put(lines);
}
END_TEST

START_TEST(connections_that_the_incumbent_can_not_tell_are_in_our_section)
{
	const struct event_connection gre = { .family = AF_INET, .protocol = IPPROTO_GRE };
	struct event_ct ct = { .section.type = EVENT_SECTION_CT, .info = 7 };
	struct sample_record record;
	struct json_object *event;
	uint8_t bytes[128];

	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	event = record_json(record.bytes, record.size, NULL);
	ck_assert_ptr_null(at(event, "ct"));
	assert_text(event, "nfttraced/ct/state", "untracked");
	json_object_put(event);

	ct.info = EVENT_CT_INVALID;
	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	event = record_json(record.bytes, record.size, NULL);
	ck_assert_ptr_null(at(event, "ct"));
	assert_text(event, "nfttraced/ct/state", "invalid");
	json_object_put(event);

	ct.info = 0;
	ct.flags = EVENT_CT_CONNECTION;
	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), bytes, sample_connection(bytes, &gre, NULL));
	event = record_json(record.bytes, record.size, NULL);
	ck_assert_ptr_null(at(event, "ct"));
	assert_number(event, "nfttraced/ct/orig/proto/other/protocol", IPPROTO_GRE);
	json_object_put(event);
}
END_TEST

START_TEST(icmp_of_ipv6_is_icmp_with_other_addresses)
{
	const struct event_connection icmp = {
		.family = AF_INET6, .protocol = IPPROTO_ICMPV6, .tuples = { { 9, 128 << 8 | 1 } }
	};
	const struct event_ct ct = { .section.type = EVENT_SECTION_CT,
		.flags = EVENT_CT_CONNECTION };
	struct sample_record record;
	struct json_object *event;
	uint8_t bytes[128];

	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), bytes, sample_connection(bytes, &icmp, NULL));
	event = record_json(record.bytes, record.size, NULL);
	assert_acceptable(event);
	assert_number(event, "ct/orig/proto/icmp/type", 128);
	assert_number(event, "ct/orig/proto/icmp/code", 1);
	assert_number(event, "ct/orig/proto/icmp/id", 9);
	assert_text(event, "ct/orig/ip/version", "v6");
	ck_assert_ptr_null(at(event, "ct/mark"));
	ck_assert_ptr_null(at(event, "ct/proto_state"));
	json_object_put(event);
}
END_TEST

START_TEST(a_drop_reason_of_a_subsystem_is_in_two_parts)
{
	const struct event_drop drop = { .section.type = EVENT_SECTION_DROP,
		.reason = 3 << 16 | 2 };
	const struct event_drop unknown = { .section.type = EVENT_SECTION_DROP, .reason = 0x50003 };
	struct sample_record record;
	struct json_object *event;

	sample_record_begin(&record);
	sample_record_add(&record, &drop, sizeof(drop), NULL, 0);
	event = record_json(record.bytes, record.size, NULL);
	assert_text(event, "skb-drop/subsys", "openvswitch");
	assert_text(event, "skb-drop/drop_reason", "OVS_DROP_ACTION_ERROR");
	assert_number(event, "skb-drop/code", 3 << 16 | 2);
	json_object_put(event);

	sample_record_begin(&record);
	sample_record_add(&record, &unknown, sizeof(unknown), NULL, 0);
	event = record_json(record.bytes, record.size, NULL);
	assert_text(event, "skb-drop/drop_reason", "0x50003");
	ck_assert_ptr_null(at(event, "skb-drop/subsys"));
	json_object_put(event);
}
END_TEST

START_TEST(a_stack_is_a_list_of_names)
{
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	const uint64_t addresses[] = { 0xffffffff81000010, 0xffffffffc0000020 };
	struct sample_record record;
	struct json_object *event;

	sample_record_begin(&record);
	sample_record_add(&record, &stack, sizeof(stack), addresses, sizeof(addresses));
	event = record_json(record.bytes, record.size, NULL);
	ck_assert_uint_eq(json_object_array_length(at(event, "kernel/stack_trace")), 2);
	ck_assert_str_eq(json_object_get_string(
				 json_object_array_get_idx(at(event, "kernel/stack_trace"), 1)),
		"0xffffffffc0000020");
	json_object_put(event);
}
END_TEST

START_TEST(sections_not_chosen_are_absent)
{
	char *names[] = { OWN("nft"), NULL };
	const struct dictionary_settings settings = { .sections = names };
	struct json_object *event;
	struct synthetic record;

	sample_full_record(sample_full_get(2), &record);
	event = record_json(record.bytes, record.size, &settings);
	ck_assert_int_eq(json_object_object_length(event), 4);
	ck_assert(at(event, "common") && at(event, "kernel") && at(event, "nft") &&
		at(event, "nfttraced"));
	json_object_put(event);
}
END_TEST

static Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, common_members_match_retis, 0, (int)sample_full_count());
	tcase_add_test(tests, every_section_has_what_the_incumbents_tools_ask_for);
	tcase_add_test(tests, additional_members_are_beside_them);
	tcase_add_test(tests, the_text_of_a_rule_is_with_its_event);
	tcase_add_test(tests, the_text_of_a_rule_is_waited_for);
	tcase_add_test(tests, connections_that_the_incumbent_can_not_tell_are_in_our_section);
	tcase_add_test(tests, icmp_of_ipv6_is_icmp_with_other_addresses);
	tcase_add_test(tests, a_drop_reason_of_a_subsystem_is_in_two_parts);
	tcase_add_test(tests, a_stack_is_a_list_of_names);
	tcase_add_test(tests, sections_not_chosen_are_absent);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(json_suite());
}
