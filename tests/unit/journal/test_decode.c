/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events from records, and text made safe: also with malicious input. */
#include "tests/unit/kit/journal-kit.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "journal/base/escape.h"
#include "journal/event/decode.h"
#include "tests/unit/kit/sample-record.h"

/* Every section, with names of the maximum length. */
static void record_full(struct sample_record *record)
{
	struct event_nft nft = {
		.section.type = EVENT_SECTION_NFT,
		.verdict = NFT_JUMP,
		.rule_handle = 284,
		.table_length = EVENT_NAME_MAX,
		.chain_length = EVENT_NAME_MAX,
		.target_length = EVENT_NAME_MAX,
	};
	struct event_device device = {
		.section.type = EVENT_SECTION_DEVICE,
		.index = 2,
		.name_length = 4,
		.out_length = 5,
	};
	struct event_packet packet = {
		.section.type = EVENT_SECTION_PACKET,
		.length = 1500,
		.captured = 20,
		.protocol = 0x800,
	};
	struct {
		struct event_section section;
		uint32_t future;
	} unknown = { { 999, 0 }, 1 };
	char names[3 * EVENT_NAME_MAX];

	memset(names, 't', EVENT_NAME_MAX);
	memset(names + EVENT_NAME_MAX, 'c', EVENT_NAME_MAX);
	memset(names + 2 * EVENT_NAME_MAX, 'j', EVENT_NAME_MAX);
	sample_record_begin(record);
	sample_record_add(record, &nft, sizeof(nft), names, sizeof(names));
	sample_record_add(record, &unknown, sizeof(unknown), "x", 1);
	sample_record_add(record, &device, sizeof(device), "eth0veth1", 9);
	sample_record_add(record, &packet, sizeof(packet), "12345678901234567890", 20);
}

START_TEST(a_record_gives_all_that_is_in_it)
{
	struct sample_record record;
	struct event event;

	record_full(&record);
	ck_assert_int_eq(event_decode(record.bytes, record.size, false, &event), 0);
	ck_assert_uint_eq(event.head.time, 5);
	ck_assert(event.has_nft && event.has_device && event.has_packet);
	ck_assert_int_eq(event.nft.verdict, NFT_JUMP);
	ck_assert_uint_eq(event.nft.rule_handle, 284);
	ck_assert_uint_eq(event.table.length, 255);
	ck_assert_int_eq(event.table.bytes[254], 't');
	ck_assert_int_eq(event.chain.bytes[0], 'c');
	ck_assert_int_eq(event.target.bytes[254], 'j');
	ck_assert_mem_eq(event.device_name.bytes, "eth0", 4);
	ck_assert_uint_eq(event.in_name.length, 0);
	ck_assert_mem_eq(event.out_name.bytes, "veth1", 5);
	ck_assert_uint_eq(event.packet.captured, 20);
	ck_assert_mem_eq(event.packet_bytes, "12345678901234567890", 20);
}
END_TEST

START_TEST(a_section_that_comes_twice_counts_once)
{
	struct event_device first = { .section.type = EVENT_SECTION_DEVICE, .index = 1 };
	struct event_device second = { .section.type = EVENT_SECTION_DEVICE, .index = 2 };
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_add(&record, &first, sizeof(first), "", 0);
	sample_record_add(&record, &second, sizeof(second), "", 0);
	ck_assert_int_eq(event_decode(record.bytes, record.size, false, &event), 0);
	ck_assert_uint_eq(event.device.index, 1);
}
END_TEST

START_TEST(the_other_byte_order_is_turned)
{
	struct event_head head = {
		.size = __builtin_bswap32(sizeof(head) + sizeof(struct event_nft)),
		.version = EVENT_VERSION,
		.time = __builtin_bswap64(123456789012ULL),
		.pid = __builtin_bswap32(77),
		.skb = __builtin_bswap64(0xffff8896425063ULL),
	};
	struct event_nft nft = {
		.section = { __builtin_bswap16(EVENT_SECTION_NFT), __builtin_bswap16(sizeof(nft)) },
		.verdict = (int32_t)__builtin_bswap32((uint32_t)NFT_GOTO),
		.chain_handle = __builtin_bswap64(9),
		.queue = __builtin_bswap16(3),
	};
	uint8_t bytes[sizeof(head) + sizeof(nft)];
	struct event event;

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &nft, sizeof(nft));
	ck_assert_int_eq(event_decode(bytes, sizeof(bytes), true, &event), 0);
	ck_assert_uint_eq(event.head.time, 123456789012ULL);
	ck_assert_uint_eq(event.head.pid, 77);
	ck_assert_uint_eq(event.head.skb, 0xffff8896425063ULL);
	ck_assert_int_eq(event.nft.verdict, NFT_GOTO);
	ck_assert_uint_eq(event.nft.chain_handle, 9);
	ck_assert_uint_eq(event.nft.queue, 3);
}
END_TEST

START_TEST(a_newer_or_short_record_is_refused_and_changes_nothing)
{
	struct event event = { .head.pid = 4711 };
	struct sample_record record;

	record_full(&record);
	for (uint32_t size = 0; size < record.size; size++) {
		g_autofree uint8_t *bytes = g_memdup2(record.bytes, size);

		ck_assert_int_eq(event_decode(bytes, size, false, &event), -EBADMSG);
	}
	record.bytes[offsetof(struct event_head, version)] = EVENT_VERSION + 1;
	ck_assert_int_eq(event_decode(record.bytes, record.size, false, &event), -EPROTONOSUPPORT);
	ck_assert_uint_eq(event.head.pid, 4711);
}
END_TEST

/* The texts of an event lie within the record. */
static void assert_within(const struct event_text *text, const uint8_t *bytes, size_t size)
{
	if (text->length == 0)
		return;
	ck_assert((const uint8_t *)text->bytes >= bytes);
	ck_assert((const uint8_t *)text->bytes + text->length <= bytes + size);
}

START_TEST(no_damage_makes_it_read_elsewhere)
{
	struct sample_record record;
	GRand *random = g_rand_new_with_seed(20);

	record_full(&record);
	for (int round = 0; round < 200000; round++) {
		g_autofree uint8_t *bytes = g_memdup2(record.bytes, record.size);
		struct event event;

		for (int i = 0; i < 1 + round % 4; i++) {
			/* Mostly in heads of sections, where lengths are. */
			gint32 at = g_rand_int_range(random, 0, (gint32)record.size);

			bytes[round % 2 ? at : at % 160] = (uint8_t)g_rand_int(random);
		}
		if (event_decode(bytes, record.size, round % 8 == 0, &event) < 0)
			continue;
		assert_within(&event.table, bytes, record.size);
		assert_within(&event.chain, bytes, record.size);
		assert_within(&event.target, bytes, record.size);
		assert_within(&event.device_name, bytes, record.size);
		assert_within(&event.out_name, bytes, record.size);
		if (event.has_packet)
			ck_assert(
				event.packet_bytes + event.packet.captured <= bytes + record.size);
	}
	g_rand_free(random);
}
END_TEST

START_TEST(verdicts_and_families_have_names)
{
	ck_assert_str_eq(event_verdict_name(NF_DROP), "drop");
	ck_assert_str_eq(event_verdict_name(NF_STOP), "stop");
	ck_assert_str_eq(event_verdict_name(NFT_RETURN), "return");
	ck_assert_ptr_null(event_verdict_name(6));
	ck_assert_ptr_null(event_verdict_name(-6));
	ck_assert_str_eq(event_family_name(1), "inet");
	ck_assert_str_eq(event_family_name(10), "ip6");
	ck_assert_ptr_null(event_family_name(0));
}
END_TEST

static void assert_escaped(const char *bytes, size_t length, const char *expected)
{
	char out[256];
	size_t size = text_escape(bytes, length, out, sizeof(out));

	ck_assert_uint_eq(size, strlen(expected));
	ck_assert_mem_eq(out, expected, size);
}

START_TEST(text_that_prints_passes_and_nothing_else)
{
	assert_escaped("filter_INPUT 1", 14, "filter_INPUT 1");
	assert_escaped("Größe 日本", 14, "Größe 日本");
	assert_escaped("a\nb\tc\0d\x7f", 8, "a\\x0ab\\x09c\\x00d\\x7f");
	assert_escaped("\x1b[31m", 5, "\\x1b[31m");
	assert_escaped("back\\slash", 10, "back\\x5cslash");
	assert_escaped("\xc2\x9b", 2, "\\xc2\\x9b");
	assert_escaped("\xff\xc3", 2, "\\xff\\xc3");
	assert_escaped("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
	assert_escaped("\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8");
	assert_escaped("\xc0\x80\xed\xa0\x80", 5, "\\xc0\\x80\\xed\\xa0\\x80");
	assert_escaped("", 0, "");
}
END_TEST

START_TEST(escaped_text_is_cut_between_characters)
{
	char out[16];

	ck_assert_uint_eq(text_escape("ab\ncd", 5, out, 5), 2);
	ck_assert_uint_eq(text_escape("ab\ncd", 5, out, 6), 6);
	ck_assert_uint_eq(text_escape("aö", 3, out, 2), 1);
	ck_assert_uint_eq(text_escape_word("a b", 3, out, sizeof(out)), 6);
	ck_assert_mem_eq(out, "a\\x20b", 6);
}
END_TEST

START_TEST(a_name_of_255_hostile_bytes_fits)
{
	char name[EVENT_NAME_MAX], out[TEXT_ESCAPED_MAX(EVENT_NAME_MAX)];

	memset(name, 0x1b, sizeof(name));
	ck_assert_uint_eq(text_escape(name, sizeof(name), out, sizeof(out)), sizeof(out));
}
END_TEST

static Suite *decode_suite(void)
{
	Suite *suite = suite_create("decode");
	TCase *tests = tcase_create("decode");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_record_gives_all_that_is_in_it);
	tcase_add_test(tests, a_section_that_comes_twice_counts_once);
	tcase_add_test(tests, the_other_byte_order_is_turned);
	tcase_add_test(tests, a_newer_or_short_record_is_refused_and_changes_nothing);
	tcase_add_test(tests, no_damage_makes_it_read_elsewhere);
	tcase_add_test(tests, verdicts_and_families_have_names);
	tcase_add_test(tests, text_that_prints_passes_and_nothing_else);
	tcase_add_test(tests, escaped_text_is_cut_between_characters);
	tcase_add_test(tests, a_name_of_255_hostile_bytes_fits);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(decode_suite());
}
