/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events with all their sections as text: Retis's as it printed them, and cases that its sample
 * does not have. */
#include <check.h>
#include <glib.h>
#include <linux/in6.h>
#include <stdlib.h>

#include "client/text/text.h"
#include "tests/unit/kit/sample-full.h"
#include "tests/unit/kit/sample-record.h"

struct rendering {
	struct output output;
	struct renderer *renderer;
	struct name_table *name_table;
};

static void rendering_begin(struct rendering *rendering)
{
	const struct text_form form = { .time = TEXT_TIME_MONOTONIC };

	rendering->name_table = sample_full_library();
	output_open(&rendering->output, OUTPUT_MEMORY);
	rendering->renderer = text_new(&rendering->output, rendering->name_table, &form);
}

/* The text of a record in the view of these settings; NULL: without settings. */
static char *rendered(const void *bytes, size_t size, const struct dictionary_settings *settings)
{
	struct rendering rendering;
	const struct journal_entry entry = {
		.type = JOURNAL_EVENT,
		.data = bytes,
		.size = (uint32_t)size,
		.byte_order = JOURNAL_BYTE_ORDER,
	};
	char *text;

	rendering_begin(&rendering);
	if (settings)
		session_view_set(&rendering.renderer->view, settings);
	renderer_render(rendering.renderer, &entry);
	text = output_steal(&rendering.output);
	renderer_free(rendering.renderer);
	name_table_free(rendering.name_table);
	return text;
}

static char *record_rendered(const struct sample_record *record)
{
	return rendered(record->bytes, record->size, NULL);
}

START_TEST(the_incumbents_events_read_as_it_printed_them)
{
	const struct sample_full *sample = sample_full_get((size_t)_i);
	struct synthetic record;
	g_autofree char *text = NULL;

	sample_full_record(sample, &record);
	text = rendered(record.bytes, record.size, sample_full_settings());
	ck_assert_str_eq(text, sample->text);
}
END_TEST

/* The line that begins with `start`, with its newline. */
static char *line_of(const char *text, const char *start)
{
	const char *line = strstr(text, start);

	ck_assert_msg(line != NULL, "no \"%s\" in: %s", start, text);
	return g_strndup(line, (gsize)(strchr(line, '\n') + 1 - line));
}

static void assert_ct(struct event_connection connection, const char *labels, const char *expected)
{
	const struct event_ct ct = {
		.section.type = EVENT_SECTION_CT, .info = 3, .flags = EVENT_CT_CONNECTION
	};
	g_autofree char *text = NULL, *line = NULL;
	struct sample_record record;
	uint8_t bytes[256];

	connection.flags |= labels ? EVENT_CT_LABELS : 0;
	sample_record_begin(&record);
	sample_record_add(
		&record, &ct, sizeof(ct), bytes, sample_connection(bytes, &connection, labels));
	text = record_rendered(&record);
	line = line_of(text, "  ct_state");
	ck_assert_str_eq(line, expected);
}

START_TEST(tuples_are_printed_by_protocol)
{
	assert_ct((struct event_connection){ .family = AF_INET,
			  .protocol = IPPROTO_SCTP,
			  .state = 2,
			  .vtag = { 0xabc, 0 },
			  .zone = 4,
			  .zone_direction = EVENT_ZONE_ORIGINAL,
			  .tuples = { { 1, 2 }, { 3, 4 } } },
		NULL,
		"  ct_state REPLY status 0x0 sctp (COOKIE_WAIT) orig [10.0.42.1.1 > 10.0.42.2.2 vtag "
		"0xabc] reply [10.0.42.3.3 > 10.0.42.4.4 vtag 0x0] orig-zone 4\n");
	assert_ct((struct event_connection){ .family = AF_INET6,
			  .protocol = IPPROTO_ICMPV6,
			  .zone_direction = EVENT_ZONE_REPLY,
			  .tuples = { { 9, 128 << 8 }, { 9, 129 << 8 | 1 } } },
		NULL,
		"  ct_state REPLY status 0x0 icmpv6 orig [fd00::1 > fd00::2 type 128 code 0 id 9] "
		"reply [fd00::3 > fd00::4 type 129 code 1 id 9] reply-zone 0\n");
	assert_ct((struct event_connection){ .family = AF_INET,
			  .protocol = IPPROTO_TCP,
			  .state = 200,
			  .mark = 77,
			  .flags = EVENT_CT_MARK },
		NULL,
		"  ct_state REPLY status 0x0 tcp (200) orig [10.0.42.1.0 > 10.0.42.2.0] reply "
		"[10.0.42.3.0 > 10.0.42.4.0] mark 77\n");
	assert_ct(
		(struct event_connection){
			.family = AF_INET, .protocol = IPPROTO_GRE, .tuples = { { 5, 6 } } },
		NULL,
		"  ct_state REPLY status 0x0 proto GRE (47) orig [10.0.42.1 > 10.0.42.2] reply "
		"[10.0.42.3 > 10.0.42.4]\n");
}
END_TEST

START_TEST(labels_are_one_number_of_128_bits)
{
	const struct event_connection udp = { .family = AF_INET, .protocol = IPPROTO_UDP };
	static const char *const start =
		"  ct_state REPLY status 0x0 udp orig [10.0.42.1.0 > 10.0.42.2.0] reply "
		"[10.0.42.3.0 > 10.0.42.4.0]";
	g_autofree char *low = g_strconcat(start, " labels 0x201\n", NULL);
	g_autofree char *high = g_strconcat(start, " labels 0x80000000000000001\n", NULL);
	g_autofree char *none = g_strconcat(start, "\n", NULL);

	assert_ct(udp, "\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", low);
	assert_ct(udp, "\1\0\0\0\0\0\0\0\x8\0\0\0\0\0\0\0", high);
	assert_ct(udp, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", none);
}
END_TEST

START_TEST(a_connection_that_was_expected_names_its_parent)
{
	g_autofree char *text = NULL, *line = NULL;
	struct sample_record record;

	sample_record_begin(&record);
	sample_record_ct(&record, AF_INET, AF_INET6);
	text = record_rendered(&record);
	line = line_of(text, "  \\ parent");
	ck_assert_str_eq(line,
		"  \\ parent [status 0x18e tcp (ESTABLISHED) orig [fd00::1.40000 > fd00::2.21] reply "
		"[fd00::3.21 > fd00::4.40000] orig-zone 5]\n");
}
END_TEST

START_TEST(untracked_packets_are_marked)
{
	struct event_ct ct = { .section.type = EVENT_SECTION_CT, .info = 7 };
	g_autofree char *untracked = NULL, *invalid = NULL, *unknown = NULL;
	struct sample_record record;

	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	untracked = record_rendered(&record);
	ck_assert_ptr_nonnull(strstr(untracked, "\n  ct_state UNTRACKED\n"));
	ct.info = EVENT_CT_INVALID;
	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	invalid = record_rendered(&record);
	ck_assert_ptr_nonnull(strstr(invalid, "\n  ct_state INVALID\n"));
	ct.info = 5;
	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	unknown = record_rendered(&record);
	ck_assert_ptr_nonnull(strstr(unknown, "\n  ct_state UNKNOWN 5\n"));
}
END_TEST

static void assert_skb(const struct event_skb *skb, const char *expected)
{
	g_autofree char *text = NULL, *line = NULL;
	struct event_skb copy = *skb;
	struct sample_record record;

	copy.section.type = EVENT_SECTION_SKB;
	sample_record_begin(&record);
	sample_record_add(&record, &copy, sizeof(copy), NULL, 0);
	text = record_rendered(&record);
	line = line_of(text, "  skb [");
	ck_assert_str_eq(line, expected);
}

START_TEST(skb_prints_checksum_references_and_segments)
{
	assert_skb(&(struct event_skb){ .ip_summed = 1,
			   .csum_level = 2,
			   .data_length = 5,
			   .fclone = 1,
			   .users = 300,
			   .dataref = 2,
			   .flags = EVENT_SKB_NOHDR | EVENT_SKB_CLONED | EVENT_SKB_SHARED },
		"  skb [csum unnecessary (level 2) len 0 data_len 5 priority 0 nohdr cloned fclone 1 "
		"users 300 dataref 2]\n");
	assert_skb(&(struct event_skb){ .gso_type = 0x41,
			   .gso_size = 1448,
			   .gso_flags = 1,
			   .gso_frags = 3,
			   .gso_segs = 12,
			   .flags = EVENT_SKB_SHARED },
		"  skb [csum none len 0 priority 0 users 0 dataref 0] gso [type 0x41 flags 0x1 frags "
		"3 segs 12 size 1448]\n");
	assert_skb(&(struct event_skb){ .gso_type = 1, .gso_size = 9, .flags = EVENT_SKB_SHARED },
		"  skb [csum none len 0 priority 0 users 0 dataref 0] gso [type 0x1 size 9]\n");
	assert_skb(&(struct event_skb){ .gso_size = 9, .dataref = 9, .ip_summed = 7 },
		"  skb [csum unknown (7) len 0 priority 0 users 0]\n");
}
END_TEST

START_TEST(a_stack_is_indented_by_four_and_comes_first)
{
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	const struct event_ct ct = { .section.type = EVENT_SECTION_CT, .info = 7 };
	const uint64_t addresses[] = { 0xffffffff81000010, 0xffffffffc0000020 };
	g_autofree char *text = NULL;
	struct sample_record record;

	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	sample_record_add(&record, &stack, sizeof(stack), addresses, sizeof(addresses));
	text = record_rendered(&record);
	ck_assert_str_eq(text,
		"5 (0) [] 6/0 [k] unknown (skb 0)\n    0xffffffff81000010\n    0xffffffffc0000020\n"
		"  ct_state UNTRACKED\n");
}
END_TEST

static char *drop_rendered(uint32_t reason)
{
	const struct event_drop drop = { .section.type = EVENT_SECTION_DROP, .reason = reason };
	struct sample_record record;

	sample_record_begin(&record);
	sample_record_add(&record, &drop, sizeof(drop), NULL, 0);
	return record_rendered(&record);
}

START_TEST(a_drop_has_its_reason_with_the_subsystem)
{
	g_autofree char *core = drop_rendered(8), *other = drop_rendered(3 << 16 | 2);
	g_autofree char *unknown = drop_rendered(0x50003);

	ck_assert_ptr_nonnull(strstr(core, " (skb 0) drop (reason NETFILTER_DROP)\n"));
	ck_assert_ptr_nonnull(strstr(other, " drop (reason openvswitch/OVS_DROP_ACTION_ERROR)\n"));
	ck_assert_ptr_nonnull(strstr(unknown, " drop (reason 0x50003)\n"));
}
END_TEST

static char *probe_rendered(uint8_t probe, uint8_t attach)
{
	const struct event_head head = {
		.version = EVENT_VERSION,
		.probe = probe,
		.attach = attach,
	};
	struct sample_record record;

	sample_record_head(&record, &head);
	return rendered(record.bytes, record.size, sample_full_settings());
}

START_TEST(a_probe_has_the_symbol_and_the_kind_of_the_settings)
{
	static const struct {
		uint8_t probe, attach;
		const char *expected;
	} cases[] = {
		{ EVENT_PROBE_NFT, EVENT_ATTACH_FENTRY, " [k] __nft_trace_packet " },
		{ 2, EVENT_ATTACH_KRETPROBE, " [kr] ip_local_deliver " },
		{ 4, EVENT_ATTACH_RAW_TRACEPOINT, " [tp] skb:kfree_skb " },
		{ 9, EVENT_ATTACH_KPROBE, " [k] unknown " },
		{ 255, 255, " [k] unknown " },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = probe_rendered(cases[i].probe, cases[i].attach);

		ck_assert_msg(strstr(text, cases[i].expected) != NULL, "%s", text);
	}
}
END_TEST

START_TEST(sections_not_chosen_are_not_shown)
{
	char *names[] = { (char *)"nft", (char *)"later", NULL };
	struct dictionary_settings settings = { .sections = names };
	const struct sample_full *sample = sample_full_get(2);
	g_autofree char *narrow = NULL, *broad = NULL;
	struct synthetic record;

	sample_full_record(sample, &record);
	narrow = rendered(record.bytes, record.size, &settings);
	ck_assert_str_eq(narrow,
		"34532909535 (0) [nc] 319 [k] __nft_trace_packet (skb ff3fdb6ec031cc00)\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain "
		"filter_INPUT_POLICIES\n");
	settings.sections = NULL;
	broad = rendered(record.bytes, record.size, &settings);
	ck_assert_str_eq(broad, sample->text);
}
END_TEST

static bool shows_stack(uint8_t probe, const struct dictionary_settings *settings)
{
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	const struct event_head head = { .version = EVENT_VERSION, .probe = probe };
	g_autofree char *text = NULL;
	const uint64_t address = 1;
	struct sample_record record;

	sample_record_head(&record, &head);
	sample_record_add(&record, &stack, sizeof(stack), &address, sizeof(address));
	text = rendered(record.bytes, record.size, settings);
	return strstr(text, "\n    0x1\n") != NULL;
}

START_TEST(stacks_are_shown_of_the_probes_that_were_to_have_them)
{
	char *names[] = { (char *)"nft", NULL, NULL };
	struct dictionary_probe probes[] = { { .number = 2, .stack = true }, { .number = 3 } };
	struct dictionary_settings settings = {
		.sections = names,
		.probes = probes,
		.probe_count = G_N_ELEMENTS(probes),
	};

	ck_assert(!shows_stack(EVENT_PROBE_NFT, &settings));
	ck_assert(shows_stack(2, &settings));
	ck_assert(!shows_stack(3, &settings));
	ck_assert(!shows_stack(255, &settings));
	settings.stack = true;
	ck_assert(shows_stack(EVENT_PROBE_NFT, &settings) && !shows_stack(3, &settings));
	settings.stack = false;
	names[1] = (char *)"stack";
	ck_assert(shows_stack(EVENT_PROBE_NFT, &settings) && shows_stack(3, &settings));
	ck_assert(shows_stack(EVENT_PROBE_NFT, NULL));
}
END_TEST

START_TEST(the_start_names_the_sessions_probes)
{
	struct dictionary_probe probes[] = { { .number = 2, .symbol = (char *)"ip_rcv" },
		{ .number = 3, .symbol = (char *)"skb:kfree_skb", .stack = true } };
	struct dictionary_settings settings = {
		.probes = probes,
		.probe_count = G_N_ELEMENTS(probes),
		.stack = true,
	};
	g_autofree char *json = dictionary_settings_new(&settings), *text = NULL;
	const struct journal_entry entry = {
		.type = JOURNAL_SETTINGS,
		.data = json,
		.size = (uint32_t)strlen(json),
	};
	struct rendering rendering;

	rendering_begin(&rendering);
	renderer_render(rendering.renderer, &entry);
	text = output_steal(&rendering.output);
	ck_assert_ptr_nonnull(
		strstr(text, " probes __nft_trace_packet/stack,ip_rcv,skb:kfree_skb/stack\n"));
	renderer_free(rendering.renderer);
	name_table_free(rendering.name_table);
}
END_TEST

static Suite *sections_text_suite(void)
{
	Suite *suite = suite_create("sections as text");
	TCase *tests = tcase_create("sections as text");

	tcase_add_loop_test(
		tests, the_incumbents_events_read_as_it_printed_them, 0, (int)sample_full_count());
	tcase_add_test(tests, tuples_are_printed_by_protocol);
	tcase_add_test(tests, labels_are_one_number_of_128_bits);
	tcase_add_test(tests, a_connection_that_was_expected_names_its_parent);
	tcase_add_test(tests, untracked_packets_are_marked);
	tcase_add_test(tests, skb_prints_checksum_references_and_segments);
	tcase_add_test(tests, a_stack_is_indented_by_four_and_comes_first);
	tcase_add_test(tests, a_drop_has_its_reason_with_the_subsystem);
	tcase_add_test(tests, a_probe_has_the_symbol_and_the_kind_of_the_settings);
	tcase_add_test(tests, sections_not_chosen_are_not_shown);
	tcase_add_test(tests, the_start_names_the_sessions_probes);
	tcase_add_test(tests, stacks_are_shown_of_the_probes_that_were_to_have_them);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(sections_text_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
