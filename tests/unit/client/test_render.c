/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as text: Retis's events are printed as Retis printed them, and a journal as a whole. */
#include <check.h>
#include <glib.h>
#include <linux/netfilter.h>
#include <stdlib.h>

#include "client/text/text.h"
#include "journal/format/dictionary.h"
#include "journal/format/suppressed-rules.h"
#include "tests/unit/kit/sample-events.h"
#include "tests/unit/kit/synthetic.h"

/* A literal where a parsed dictionary has a string of its own. */
#define OWN(literal) ((char *)(literal))

#define SECOND UINT64_C(1000000000)

static const struct journal_segment segment = {
	.session = 3,
	.realtime = 1795325417 * SECOND + 5,
	.monotonic = 34 * SECOND,
};

struct rendering {
	struct output output;
	struct renderer *renderer;
};

static void rendering_begin(
	struct rendering *rendering, enum text_time time, enum text_colour colour)
{
	const struct text_form form = { .time = time, .colour = colour };

	output_open(&rendering->output, OUTPUT_MEMORY);
	rendering->renderer = text_new(&rendering->output, NULL, &form);
}

static void render(
	struct rendering *rendering, enum journal_type type, const void *data, size_t size)
{
	const struct journal_entry entry = {
		.type = type,
		.data = data,
		.size = (uint32_t)size,
		.byte_order = JOURNAL_BYTE_ORDER,
		.segment = &segment,
	};

	renderer_render(rendering->renderer, &entry);
}

static void render_json(struct rendering *rendering, enum journal_type type, char *json)
{
	render(rendering, type, json, strlen(json));
	g_free(json);
}

static void render_loss(struct rendering *rendering, const struct journal_loss *loss)
{
	const struct journal_entry entry = {
		.type = JOURNAL_LOSS,
		.byte_order = JOURNAL_BYTE_ORDER,
		.segment = &segment,
		.loss = *loss,
	};

	renderer_render(rendering->renderer, &entry);
}

static char *rendering_end(struct rendering *rendering)
{
	char *text = output_steal(&rendering->output);

	renderer_free(rendering->renderer);
	output_close(&rendering->output);
	return text;
}

static int32_t verdict_code(const char *name)
{
	for (int32_t code = -5; code <= 5; code++) {
		if (g_strcmp0(event_verdict_name(code), name) == 0)
			return code;
	}
	ck_abort_msg("no verdict is called %s", name);
	return 0;
}

static void make_sample(struct synthetic *event, const struct sample_event *sample)
{
	g_autofree uint8_t *bytes = NULL;
	gsize length;
	struct event_head head = {
		.probe = EVENT_PROBE_NFT,
		.attach = EVENT_ATTACH_KPROBE,
		.flags = EVENT_TRACKED,
		.time = sample->time,
		.cpu = sample->cpu,
		.pid = sample->pid,
		.tgid = sample->pid,
		.skb = sample->skb,
		.track_head = sample->track_head,
		.track_time = sample->track_time,
		.netns_cookie = sample->netns_cookie,
		.netns_inode = sample->netns_inode,
	};
	const struct event_nft nft = {
		.verdict = verdict_code(sample->verdict),
		.table_handle = sample->table_handle,
		.chain_handle = sample->chain_handle,
		.rule_handle = sample->rule_handle,
		.flags = (uint8_t)(EVENT_NFT_CHAIN | (sample->rule_handle ? EVENT_NFT_RULE : 0) |
			(sample->target ? EVENT_NFT_TARGET : 0) |
			(sample->policy ? EVENT_NFT_POLICY : 0)),
	};
	const struct event_device device = {
		.index = sample->device_index,
		.skb_iif = sample->skb_iif,
	};
	struct event_packet packet = { .link = EVENT_LINK_ETHERNET };

	bytes = g_base64_decode(sample->packet, &length);
	packet.length = (uint32_t)length;
	packet.captured = (uint16_t)MIN(length, EVENT_SNAPSHOT_MAX);
	g_strlcpy(head.comm, sample->comm, sizeof(head.comm));
	synthetic_begin(event, &head);
	synthetic_nft(event, &nft, sample->table, sample->chain, sample->target);
	synthetic_device(event, &device, sample->device, NULL);
	synthetic_packet(event, &packet, bytes);
}

START_TEST(the_incumbents_events_read_as_it_printed_them)
{
	struct rendering rendering;
	g_autofree char *text = NULL;
	struct synthetic event;

	make_sample(&event, &sample_events[_i]);
	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render(&rendering, JOURNAL_EVENT, event.bytes, event.size);
	text = rendering_end(&rendering);
	ck_assert_str_eq(text, sample_events[_i].text);
}
END_TEST

static const struct event_head plain_head = {
	.probe = EVENT_PROBE_NFT,
	.attach = EVENT_ATTACH_FENTRY,
	.time = 34 * SECOND + 7,
	.cpu = 1,
	.pid = 12,
	.tgid = 12,
	.comm = "nc",
	.skb = 0xffff889642506300,
};

#define PLAIN_HEADER "34000000007 (1) [nc] 12 [k] __nft_trace_packet (skb ffff889642506300)\n"

/* Renders one event whose only section is `nft`, as a line below its header. */
static void assert_nft_line(const struct event_nft *nft, const char *table, const char *chain,
	const char *target, const char *expected)
{
	struct rendering rendering;
	g_autofree char *text = NULL;
	struct synthetic event;

	synthetic_begin(&event, &plain_head);
	synthetic_nft(&event, nft, table, chain, target);
	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render(&rendering, JOURNAL_EVENT, event.bytes, event.size);
	text = rendering_end(&rendering);
	ck_assert(g_str_has_prefix(text, PLAIN_HEADER "  "));
	ck_assert_str_eq(text + strlen(PLAIN_HEADER "  "), expected);
}

START_TEST(every_verdict_has_its_line)
{
	struct event_nft nft = {
		.table_handle = 1,
		.chain_handle = 2,
		.rule_handle = 3,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_RULE,
	};
	static const struct {
		int32_t verdict;
		const char *line;
	} verdicts[] = {
		{ -2, "table t (1) chain c (2) handle 3 break\n" },
		{ -5, "table t (1) chain c (2) handle 3 return\n" },
		{ 2, "table t (1) chain c (2) handle 3 stolen\n" },
		{ 3, "table t (1) chain c (2) handle 3 queue num 0\n" },
		{ 4, "table t (1) chain c (2) handle 3 repeat\n" },
		{ 77, "table t (1) chain c (2) handle 3 verdict 77\n" },
		{ -9, "table t (1) chain c (2) handle 3 verdict -9\n" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
		nft.verdict = verdicts[i].verdict;
		assert_nft_line(&nft, "t", "c", NULL, verdicts[i].line);
	}
	nft.verdict = 3;
	nft.queue = 7;
	assert_nft_line(&nft, "t", "c", NULL, "table t (1) chain c (2) handle 3 queue num 7\n");
	nft.verdict = -4;
	nft.flags |= EVENT_NFT_TARGET;
	assert_nft_line(&nft, "t", "c", "d", "table t (1) chain c (2) handle 3 goto chain d\n");
}
END_TEST

START_TEST(unknown_chain_is_a_question_mark)
{
	const struct event_nft nft = { .rule_handle = 3, .flags = EVENT_NFT_RULE };

	assert_nft_line(&nft, NULL, NULL, NULL, "table ? chain ? handle 3 drop\n");
}
END_TEST

START_TEST(hostile_names_are_escaped)
{
	const struct event_nft nft = {
		.table_handle = 1,
		.chain_handle = 2,
		.flags = EVENT_NFT_CHAIN,
	};

	assert_nft_line(&nft, "a b\n", "c\x1b[31m\\", NULL,
		"table a\\x20b\\x0a (1) chain c\\x1b[31m\\x5c (2) drop\n");
}
END_TEST

START_TEST(a_name_of_255_bytes_is_whole)
{
	const struct event_nft nft = { .flags = EVENT_NFT_CHAIN };
	g_autofree char *name = g_strnfill(EVENT_NAME_MAX, 'n');
	g_autofree char *line = g_strdup_printf("table %s (0) chain %s (0) drop\n", name, name);

	assert_nft_line(&nft, name, name, NULL, line);
}
END_TEST

/* Renders one event with this device section and netns. */
static char *device_text(const struct event_device *device, const char *name, const char *out_name,
	uint64_t cookie, uint32_t inode)
{
	struct event_head head = plain_head;
	struct rendering rendering;
	struct synthetic event;

	head.netns_cookie = cookie;
	head.netns_inode = inode;
	synthetic_begin(&event, &head);
	synthetic_device(&event, device, name, out_name);
	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render(&rendering, JOURNAL_EVENT, event.bytes, event.size);
	return rendering_end(&rendering);
}

START_TEST(a_packet_without_a_device_of_its_own_has_the_hooks)
{
	const struct event_device out = { .out_index = 3 };
	const struct event_device both = { .index = 2, .out_index = 3, .skb_iif = 2 };
	const struct event_device none = { 0 };
	g_autofree char *one = device_text(&out, NULL, "eth1", 0, 7);
	g_autofree char *two = device_text(&both, "eth0", "eth1", 1, 7);
	g_autofree char *three = device_text(&out, NULL, "eth1", 0, 0);
	g_autofree char *four = device_text(&none, NULL, NULL, 0, 0);

	ck_assert_str_eq(one, PLAIN_HEADER "  ns 7 oif 3 (eth1)\n");
	ck_assert_str_eq(two, PLAIN_HEADER "  ns 0x1/7 if 2 (eth0) rxif 2\n");
	ck_assert_str_eq(three, PLAIN_HEADER "  oif 3 (eth1)\n");
	ck_assert_str_eq(four, PLAIN_HEADER);
}
END_TEST

static void render_head(struct rendering *rendering, const struct event_head *head)
{
	struct synthetic event;

	synthetic_begin(&event, head);
	render(rendering, JOURNAL_EVENT, event.bytes, event.size);
}

START_TEST(thread_is_printed_with_its_process)
{
	struct event_head head = plain_head;
	struct rendering rendering;
	g_autofree char *text = NULL;

	head.pid = 13;
	memcpy(head.comm, "sixteen bytes...", sizeof(head.comm));
	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render_head(&rendering, &head);
	text = rendering_end(&rendering);
	ck_assert_str_eq(text,
		"34000000007 (1) [sixteen bytes...] 13/12 [k] __nft_trace_packet "
		"(skb ffff889642506300)\n");
}
END_TEST

START_TEST(times_can_be_dates)
{
	struct event_head head = plain_head;
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_UTC, TEXT_COLOUR_OFF);
	render_head(&rendering, &head);
	head.time += SECOND / 2;
	render_head(&rendering, &head);
	head.time += SECOND / 2 + 1000 - 12;
	render_head(&rendering, &head);
	text = rendering_end(&rendering);
	ck_assert_ptr_nonnull(strstr(text, "2026-11-22 05:30:17.000000 (1)"));
	ck_assert_ptr_nonnull(strstr(text, "\n\n2026-11-22 05:30:17.500000 (1)"));
	ck_assert_ptr_nonnull(strstr(text, "\n\n2026-11-22 05:30:18.000001 (1)"));
}
END_TEST

START_TEST(colour_is_only_there_when_asked_for)
{
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_ON);
	render_head(&rendering, &plain_head);
	text = rendering_end(&rendering);
	ck_assert_ptr_nonnull(strstr(text, "[k] \x1b[1m__nft_trace_packet\x1b[0m (skb"));
}
END_TEST

static void render_journal(struct rendering *rendering)
{
	char *both[] = { OWN("drop"), OWN("accept"), NULL };
	char *drop[] = { OWN("drop"), NULL };
	const struct dictionary_start start = {
		.version = OWN("0.1.0"),
		.kernel = OWN("6.12.1"),
		.build = OWN("#1 SMP"),
		.machine = OWN("x86_64"),
		.session = 3,
		.name = OWN("web"),
	};
	const struct dictionary_settings first = { .verdicts = both };
	const struct dictionary_settings second = { .verdicts = drop,
		.filter = OWN("udp\nport 1") };
	const struct dictionary_totals totals = {
		.matched = 134,
		.journaled = 1,
		.lost = 133,
		.lost_by = { [LOSS_RING_FULL] = 132, [LOSS_DISK_FULL] = 1 },
	};

	render_json(rendering, JOURNAL_START, dictionary_start_new(&start));
	render_json(rendering, JOURNAL_SETTINGS, dictionary_settings_new(&first));
	render_head(rendering, &plain_head);
	render_json(rendering, JOURNAL_SETTINGS, dictionary_settings_new(&second));
	render_loss(rendering, &(struct journal_loss){ LOSS_RING_FULL, 0, 132, 5, 6 });
	render_loss(rendering, &(struct journal_loss){ LOSS_DISK_FULL, 0, 1, 7, 8 });
	render_loss(rendering, &(struct journal_loss){ LOSS_DAMAGED, 0, 0, 0, 0 });
	render_json(rendering, JOURNAL_END, dictionary_totals_new(&totals));
}

START_TEST(a_journal_reads_from_its_start_to_its_totals)
{
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render_journal(&rendering);
	ck_assert(rendering.renderer->ended);
	ck_assert(rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	ck_assert_str_eq(text,
		"34000000000\n"
		"  recorded with nfttraced 0.1.0\n"
		"  on machine 6.12.1 #1 SMP x86_64\n"
		"  session 3 \"web\" verdicts drop,accept\n"
		"\n" PLAIN_HEADER "\n"
		"-- settings: verdicts drop filter udp\\x0aport 1\n"
		"\n"
		"-- 132 events lost: ring full (between 5 and 6)\n"
		"\n"
		"-- 1 event lost: disk full (between 7 and 8)\n"
		"\n"
		"-- events lost, their number is unknown: journal damaged\n"
		"\n"
		"-- session 3 \"web\": matched 134 = journaled 1 + lost 133 (ring-full 132, "
		"disk-full 1) + suppressed 0 + pending 0\n");
}
END_TEST

static char *suppressed_record(unsigned int count)
{
	g_autoptr(GArray) rules = suppressed_rules_new();

	for (unsigned int i = 0; i < count; i++) {
		const struct suppressed_rule rule = {
			.netns_cookie = 0x1001,
			.netns_inode = 4026532211,
			.family = NFPROTO_INET,
			.table = g_strdup("fire wall"),
			.table_handle = 4,
			.chain = g_strdup("in"),
			.chain_handle = 2,
			.rule_handle = i,
			.count = i + 1,
			.since = 100 - i,
			.until = 200 + i,
		};

		g_array_append_val(rules, rule);
	}
	return suppressed_record_new(rules);
}

START_TEST(suppressed_events_are_listed_by_rule_in_descending_order)
{
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render_json(&rendering, JOURNAL_SUPPRESSED, suppressed_record(2));
	ck_assert(!rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	ck_assert_str_eq(text,
		"-- 3 events suppressed: the session's rate was reached (between 99 and 201)\n"
		"  2 by ns 0x1001/4026532211 table fire\\x20wall (4) chain in (2) handle 1\n"
		"  1 by ns 0x1001/4026532211 table fire\\x20wall (4) chain in (2) (policy)\n");
}
END_TEST

START_TEST(of_many_rules_that_were_suppressed_the_rest_is_summed_up)
{
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render_json(&rendering, JOURNAL_SUPPRESSED, suppressed_record(0));
	render_json(&rendering, JOURNAL_SUPPRESSED, suppressed_record(23));
	render_json(&rendering, JOURNAL_SUPPRESSED, g_strdup("["));
	ck_assert(rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	ck_assert(g_str_has_prefix(text, "-- 276 events suppressed: "));
	ck_assert_ptr_nonnull(strstr(text, "  4 by ns "));
	ck_assert_ptr_null(strstr(text, "  3 by ns "));
	ck_assert(g_str_has_suffix(
		text, "  6 by further rules: 3\n\n-- a record of suppressed events is damaged\n"));
}
END_TEST

START_TEST(a_journal_without_losses_is_complete)
{
	const struct dictionary_totals totals = { .matched = 1, .journaled = 1 };
	struct rendering rendering;
	g_autofree char *text = NULL;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render_head(&rendering, &plain_head);
	render_json(&rendering, JOURNAL_END, dictionary_totals_new(&totals));
	ck_assert(!rendering.renderer->incomplete);
	text = rendering_end(&rendering);
}
END_TEST

START_TEST(invalid_records_are_printed_as_losses)
{
	struct rendering rendering;
	g_autofree char *text = NULL;
	struct synthetic event;

	rendering_begin(&rendering, TEXT_TIME_MONOTONIC, TEXT_COLOUR_OFF);
	render(&rendering, JOURNAL_EVENT, "short", 5);
	synthetic_begin(&event, &plain_head);
	((struct event_head *)event.bytes)->version = EVENT_VERSION + 1;
	render(&rendering, JOURNAL_EVENT, event.bytes, event.size);
	render(&rendering, JOURNAL_START, "[]", 2);
	ck_assert(rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	ck_assert_str_eq(text,
		"-- 1 event lost: journal damaged\n"
		"\n"
		"-- 1 event not shown: it was recorded by a newer nfttraced\n"
		"\n"
		"-- the start record is damaged\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("render");
	TCase *tcase = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, the_incumbents_events_read_as_it_printed_them, 0,
		G_N_ELEMENTS(sample_events));
	tcase_add_test(tcase, every_verdict_has_its_line);
	tcase_add_test(tcase, unknown_chain_is_a_question_mark);
	tcase_add_test(tcase, hostile_names_are_escaped);
	tcase_add_test(tcase, a_name_of_255_bytes_is_whole);
	tcase_add_test(tcase, a_packet_without_a_device_of_its_own_has_the_hooks);
	tcase_add_test(tcase, thread_is_printed_with_its_process);
	tcase_add_test(tcase, times_can_be_dates);
	tcase_add_test(tcase, colour_is_only_there_when_asked_for);
	tcase_add_test(tcase, a_journal_reads_from_its_start_to_its_totals);
	tcase_add_test(tcase, a_journal_without_losses_is_complete);
	tcase_add_test(tcase, suppressed_events_are_listed_by_rule_in_descending_order);
	tcase_add_test(tcase, of_many_rules_that_were_suppressed_the_rest_is_summed_up);
	tcase_add_test(tcase, invalid_records_are_printed_as_losses);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
