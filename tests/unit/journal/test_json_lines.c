/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A journal as lines of JSON: it begins with a start, missing events are reported, and it is valid
 * JSON whatever names and bytes the journal holds. */
#include "journal/format/suppressed-rules.h"
#include "tests/unit/kit/json-kit.h"
#include "tests/unit/kit/sample-record.h"

START_TEST(a_journal_begins_with_a_start_and_ends_with_its_totals)
{
	const struct dictionary_start start = {
		.version = OWN("0.1"),
		.kernel = OWN("6.12.0"),
		.build = OWN("#1 SMP"),
		.machine = OWN("x86_64"),
		.session = 3,
		.name = OWN("mine"),
		.command = OWN("nfttracectl start"),
		.offset_sec = -5,
		.offset_nsec = 6,
	};
	const struct dictionary_totals totals = { .matched = 4, .journaled = 3, .lost = 1 };
	const struct journal_loss loss = { .reason = LOSS_RING_FULL, .count = 9, .until = 100 };
	struct journal_entry entry = { .type = JOURNAL_LOSS, .loss = loss, .segment = &segment };
	g_autofree char *text = NULL;
	struct rendering rendering;
	struct json_object *lines;

	rendering_begin(&rendering);
	render_dictionary(&rendering, JOURNAL_START, dictionary_start_new(&start));
	render_dictionary(
		&rendering, JOURNAL_SETTINGS, dictionary_settings_new(sample_full_settings()));
	renderer_render(rendering.renderer, &entry);
	render_dictionary(&rendering, JOURNAL_END, dictionary_totals_new(&totals));
	ck_assert(rendering.renderer->ended && rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	ck_assert_uint_eq(json_object_array_length(lines), 4);
	for (size_t i = 0; i < 4; i++)
		assert_acceptable(json_object_array_get_idx(lines, i));
	assert_number(json_object_array_get_idx(lines, 0), "common/timestamp", 77);
	assert_text(
		json_object_array_get_idx(lines, 0), "startup/machine/kernel_version", "#1 SMP");
	ck_assert_int_eq(json_object_get_int64(at(json_object_array_get_idx(lines, 0),
				 "startup/clock_monotonic_offset/sec")),
		-5);
	assert_text(json_object_array_get_idx(lines, 0), "nfttraced/name", "mine");
	assert_text(json_object_array_get_idx(lines, 0), "startup/retis_version",
		"v1.7.0-nfttraced-0.1");
	ck_assert_uint_eq(json_object_array_length(at(json_object_array_get_idx(lines, 1),
				  "nfttraced/settings/probes")),
		3);
	assert_text(json_object_array_get_idx(lines, 2), "nfttraced/loss/reason", "ring-full");
	assert_number(json_object_array_get_idx(lines, 2), "nfttraced/loss/count", 9);
	assert_number(json_object_array_get_idx(lines, 2), "common/timestamp", 100);
	assert_number(json_object_array_get_idx(lines, 3), "nfttraced/end/matched", 4);
	json_object_put(lines);
}
END_TEST

START_TEST(suppressed_events_are_listed_by_rule)
{
	g_autoptr(GArray) rules = suppressed_rules_new();
	const struct suppressed_rule rule = {
		.netns_cookie = 7,
		.netns_inode = 4026532211,
		.family = 1,
		.table = g_strdup("a\"b\n"),
		.chain = g_strdup("in"),
		.chain_handle = 2,
		.rule_handle = 284,
		.count = 900,
		.since = 100,
		.until = 200,
	};
	g_autofree char *text = NULL;
	struct rendering rendering;
	struct json_object *lines, *line, *told;

	g_array_append_val(rules, rule);
	rendering_begin(&rendering);
	render_dictionary(&rendering, JOURNAL_SUPPRESSED, suppressed_record_new(rules));
	ck_assert(!rendering.renderer->incomplete);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	ck_assert_uint_eq(json_object_array_length(lines), 2);
	line = json_object_array_get_idx(lines, 1);
	assert_acceptable(line);
	assert_number(line, "common/timestamp", 200);
	told = json_object_array_get_idx(at(line, "nfttraced/suppressed"), 0);
	assert_number(told, "count", 900);
	assert_number(told, "rule_handle", 284);
	assert_number(told, "netns/inum", 4026532211);
	assert_text(told, "family", "inet");
	assert_text(told, "table_name", "a\"b\n");
	json_object_put(lines);
}
END_TEST

START_TEST(unreadable_records_are_losses_and_start_is_always_present)
{
	struct sample_record record;
	g_autofree char *text = NULL;
	struct rendering rendering;
	struct json_object *lines;

	rendering_begin(&rendering);
	render(&rendering, JOURNAL_EVENT, "short", 5);
	sample_record_begin(&record);
	record.bytes[offsetof(struct event_head, version)] = EVENT_VERSION + 1;
	render(&rendering, JOURNAL_EVENT, record.bytes, record.size);
	render(&rendering, JOURNAL_SETTINGS, "[]", 2);
	render(&rendering, JOURNAL_REASONS, "{}", 2);
	ck_assert(rendering.renderer->incomplete && !rendering.renderer->ended);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	ck_assert_uint_eq(json_object_array_length(lines), 4);
	assert_acceptable(json_object_array_get_idx(lines, 0));
	ck_assert_ptr_nonnull(at(json_object_array_get_idx(lines, 0), "startup"));
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_null(at(json_object_array_get_idx(lines, i), "kernel"));
	assert_text(json_object_array_get_idx(lines, 1), "nfttraced/loss/reason", "damaged");
	assert_text(json_object_array_get_idx(lines, 2), "nfttraced/loss/reason", "newer-version");
	assert_text(json_object_array_get_idx(lines, 3), "nfttraced/loss/reason", "damaged");
	json_object_put(lines);
}
END_TEST

static char *table_line(const char *table)
{
	const struct event_head head = { .version = EVENT_VERSION };
	const struct event_nft nft = { .flags = EVENT_NFT_CHAIN };
	struct rendering rendering;
	struct synthetic record;

	synthetic_begin(&record, &head);
	synthetic_nft(&record, &nft, table, "", NULL);
	rendering_begin(&rendering);
	render(&rendering, JOURNAL_EVENT, record.bytes, record.size);
	return rendering_end(&rendering);
}

START_TEST(settings_that_do_not_print_are_escaped)
{
	const struct dictionary_settings settings = { .name = OWN("a\xe2\x80\xae\x7f\xc3\xb6\"") };
	g_autofree char *text = NULL;
	struct rendering rendering;
	struct json_object *lines;

	rendering_begin(&rendering);
	render_dictionary(&rendering, JOURNAL_SETTINGS, dictionary_settings_new(&settings));
	text = rendering_end(&rendering);
	ck_assert_ptr_nonnull(strstr(text, "\"name\":\"a\\u202e\\u007f\xc3\xb6\\\"\""));
	lines = lines_parse(text);
	assert_text(json_object_array_get_idx(lines, 1), "nfttraced/settings/name", settings.name);
	json_object_put(lines);
}
END_TEST

START_TEST(names_are_escaped_and_made_valid)
{
	static const struct {
		const char *name, *written;
	} cases[] = {
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "a\nb\tc\x01\x7f", "\"a\\nb\\tc\\u0001\\u007f\"" },
		{ "Größe 日本", "\"Größe 日本\"" },
		{ "\xff"
		  "a\xc3",
			"\"\xef\xbf\xbd"
			"a\xef\xbf\xbd\"" },
		{ "\xe2\x80\xae", "\"\\u202e\"" },
		{ "\xc2\x9b", "\"\\u009b\"" },
		{ "\xf3\xa0\x80\x81", "\"\\udb40\\udc01\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = table_line(cases[i].name);
		g_autofree char *expected =
			g_strdup_printf("\"table_name\":%s,\"chain_name\":\"\"", cases[i].written);
		struct json_object *lines = lines_parse(line);

		ck_assert_msg(strstr(line, expected) != NULL, "%s not in %s", expected, line);
		json_object_put(lines);
	}
}
END_TEST

START_TEST(a_packet_is_a_frame_in_base64)
{
	uint8_t bytes[EVENT_SNAPSHOT_MAX];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		const struct event_head head = { .version = EVENT_VERSION };
		const struct event_packet packet = {
			.length = 1500,
			.captured = (uint16_t)length,
			.link = EVENT_LINK_ETHERNET,
		};
		g_autofree char *expected = g_base64_encode(bytes, length);
		struct json_object *event;
		struct synthetic record;

		synthetic_begin(&record, &head);
		synthetic_packet(&record, &packet, bytes);
		event = record_json(record.bytes, record.size, NULL);
		assert_text(event, "packet/data", expected);
		assert_number(event, "packet/len", 1500);
		assert_number(event, "packet/capture_len", length);
		json_object_put(event);
	}
}
END_TEST

START_TEST(a_packet_without_a_link_layer_gets_one_of_zeros)
{
	uint8_t frame[14 + 21] = { [12] = 0x86, [13] = 0xdd };
	const struct event_head head = { .version = EVENT_VERSION };
	struct event_packet packet = { .length = 1500, .protocol = 0x86dd, .link = EVENT_LINK_RAW };
	struct json_object *event;
	struct synthetic record;

	memset(frame + 14, 0x6a, sizeof(frame) - 14);
	for (; packet.captured <= sizeof(frame) - 14; packet.captured++) {
		g_autofree char *expected = g_base64_encode(frame, 14u + packet.captured);

		synthetic_begin(&record, &head);
		synthetic_packet(&record, &packet, frame + 14);
		event = record_json(record.bytes, record.size, NULL);
		assert_text(event, "packet/data", expected);
		assert_number(event, "packet/len", 1514);
		assert_number(event, "packet/capture_len", 14u + packet.captured);
		assert_text(event, "packet/link", "raw");
		json_object_put(event);
	}
}
END_TEST

START_TEST(a_step_of_a_journey_has_its_number)
{
	struct json_object *lines;
	g_autofree char *text = NULL;
	struct rendering rendering;
	struct synthetic record;
	struct journal_entry entry;

	sample_full_record(sample_full_get(1), &record);
	entry = (struct journal_entry){
		.type = JOURNAL_EVENT,
		.data = record.bytes,
		.size = (uint32_t)record.size,
		.byte_order = JOURNAL_BYTE_ORDER,
		.segment = &segment,
	};
	rendering_begin(&rendering);
	renderer_render_step(rendering.renderer, &entry, 6);
	render(&rendering, JOURNAL_EVENT, record.bytes, record.size);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	assert_acceptable(json_object_array_get_idx(lines, 1));
	assert_number(json_object_array_get_idx(lines, 1), "tracking/idx", 6);
	ck_assert_ptr_null(at(json_object_array_get_idx(lines, 2), "tracking"));
	json_object_put(lines);
}
END_TEST

START_TEST(damage_makes_no_line_that_is_not_json)
{
	GRand *random = g_rand_new_with_seed(6);
	struct sample_record record;

	for (int round = 0; round < 20000; round++) {
		struct synthetic full;

		sample_full_record(sample_full_get((size_t)round % sample_full_count()), &full);
		memcpy(record.bytes, full.bytes, full.size);
		for (int i = 0; i < 8; i++) {
			gint32 from = offsetof(struct event_head, time);
			gint32 place = g_rand_int_range(random, from, (gint32)full.size);

			record.bytes[place] = (uint8_t)g_rand_int(random);
		}
		json_object_put(record_json(
			record.bytes, full.size, round % 2 ? sample_full_settings() : NULL));
	}
	g_rand_free(random);
}
END_TEST

static Suite *json_suite(void)
{
	Suite *suite = suite_create("json lines");
	TCase *tests = tcase_create("json lines");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_journal_begins_with_a_start_and_ends_with_its_totals);
	tcase_add_test(tests, unreadable_records_are_losses_and_start_is_always_present);
	tcase_add_test(tests, suppressed_events_are_listed_by_rule);
	tcase_add_test(tests, settings_that_do_not_print_are_escaped);
	tcase_add_test(tests, names_are_escaped_and_made_valid);
	tcase_add_test(tests, a_packet_is_a_frame_in_base64);
	tcase_add_test(tests, a_packet_without_a_link_layer_gets_one_of_zeros);
	tcase_add_test(tests, a_step_of_a_journey_has_its_number);
	tcase_add_test(tests, damage_makes_no_line_that_is_not_json);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(json_suite());
}
