/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sections that a session may choose: decoded as they were written, completely or not at
 * all. */
#include "tests/unit/kit/journal-kit.h"

#include <sys/socket.h>

#include "journal/event/decode.h"
#include "tests/unit/kit/sample-record.h"

#define SWAP16(value) __builtin_bswap16(value)
#define SWAP32(value) __builtin_bswap32(value)
#define SWAP64(value) __builtin_bswap64(value)

static void assert_decoded(const struct sample_record *record, struct event *ret)
{
	ck_assert_int_eq(event_decode(record->bytes, record->size, false, ret), 0);
}

START_TEST(the_fields_of_an_skb_come_as_they_were)
{
	const struct event_skb skb = {
		.section.type = EVENT_SECTION_SKB,
		.data_length = 1448,
		.hash = 0xaaae27ef,
		.csum = 6 << 16 | 36,
		.gso_size = 1448,
		.vlan_tci = 0x2064,
		.flags = EVENT_SKB_VLAN | EVENT_SKB_SHARED,
	};
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_add(&record, &skb, sizeof(skb), NULL, 0);
	assert_decoded(&record, &event);
	ck_assert(event.has_skb && !event.has_ct && !event.has_drop && !event.has_stack);
	ck_assert_uint_eq(event.skb.data_length, 1448);
	ck_assert_uint_eq(event.skb.hash, 0xaaae27ef);
	ck_assert_uint_eq(event.skb.csum, 393252);
	ck_assert_uint_eq(event.skb.vlan_tci, 0x2064);
	ck_assert_uint_eq(event.skb.flags, EVENT_SKB_VLAN | EVENT_SKB_SHARED);
}
END_TEST

START_TEST(a_connection_comes_with_its_addresses_labels_and_master)
{
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_ct(&record, AF_INET, AF_INET6);
	assert_decoded(&record, &event);
	ck_assert(event.has_ct && event.has_connection && event.has_master);
	ck_assert_uint_eq(event.ct.info, 2);
	ck_assert_uint_eq(event.connection.connection.status, 0x120);
	ck_assert_uint_eq(event.connection.connection.tuples[1].source, 8080);
	ck_assert_mem_eq(event.connection.addresses[0].source, "\x0a\x00\x2a\x01", 4);
	ck_assert_mem_eq(event.connection.addresses[1].destination, "\x0a\x00\x2a\x04", 4);
	ck_assert(event.connection.has_labels);
	ck_assert_uint_eq(event.connection.labels[0], 0x3736353433323130);
	ck_assert_uint_eq(event.connection.labels[1], 0x6665646362613938);
	ck_assert_uint_eq(event.master.connection.family, AF_INET6);
	ck_assert_mem_eq(event.master.addresses[0].source, "\xfd\x00\x00", 3);
	ck_assert_uint_eq(event.master.addresses[1].source[15], 3);
	ck_assert(!event.master.has_labels);
}
END_TEST

START_TEST(untracked_packet_has_no_connection)
{
	const struct event_ct ct = { .section.type = EVENT_SECTION_CT, .info = 7 };
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_add(&record, &ct, sizeof(ct), NULL, 0);
	assert_decoded(&record, &event);
	ck_assert(event.has_ct && !event.has_connection && !event.has_master);
	ck_assert_uint_eq(event.ct.info, 7);
}
END_TEST

START_TEST(a_stack_has_the_depth_of_its_section)
{
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	uint64_t addresses[EVENT_STACK_MAX + 3];
	struct sample_record record;
	struct event event;

	for (unsigned int i = 0; i < G_N_ELEMENTS(addresses); i++)
		addresses[i] = 0xffffffff81000000 + i;
	sample_record_begin(&record);
	sample_record_add(&record, &stack, sizeof(stack), addresses, 3 * sizeof(*addresses));
	assert_decoded(&record, &event);
	ck_assert(event.has_stack);
	ck_assert_uint_eq(event.stack_depth, 3);
	ck_assert_uint_eq(event.stack[2], 0xffffffff81000002);

	sample_record_begin(&record);
	sample_record_add(&record, &stack, sizeof(stack), addresses, sizeof(addresses));
	assert_decoded(&record, &event);
	ck_assert_uint_eq(event.stack_depth, EVENT_STACK_MAX);
	ck_assert_uint_eq(event.stack[EVENT_STACK_MAX - 1], 0xffffffff81000000 + 95);
}
END_TEST

START_TEST(an_event_without_a_stack_leaves_its_room_alone)
{
	const struct event_drop drop = { .section.type = EVENT_SECTION_DROP, .reason = 8 };
	struct event event = { .stack = { 4711 }, .stack_depth = 1 };
	struct sample_record record;

	sample_record_begin(&record);
	sample_record_add(&record, &drop, sizeof(drop), NULL, 0);
	assert_decoded(&record, &event);
	ck_assert(event.has_drop && !event.has_stack);
	ck_assert_uint_eq(event.drop.reason, 8);
	ck_assert_uint_eq(event.stack_depth, 0);
	ck_assert_uint_eq(event.stack[0], 4711);
}
END_TEST

/* One section with everything in the other byte order. */
static void swapped_decode(const void *section, size_t size, const void *rest, size_t rest_size,
	struct sample_record *record, struct event *ret)
{
	struct event_section head;
	uint32_t turned;

	sample_record_begin(record);
	sample_record_add(record, section, size, rest, rest_size);
	memcpy(&head, record->bytes + sizeof(struct event_head), sizeof(head));
	head.type = SWAP16(head.type);
	head.size = SWAP16(head.size);
	memcpy(record->bytes + sizeof(struct event_head), &head, sizeof(head));
	turned = SWAP32(record->size);
	memcpy(record->bytes, &turned, sizeof(turned));
	ck_assert_int_eq(event_decode(record->bytes, record->size, true, ret), 0);
}

START_TEST(sections_of_the_other_byte_order_are_turned)
{
	const struct event_skb skb = {
		.section.type = EVENT_SECTION_SKB,
		.csum = SWAP32(0x00060024U),
		.gso_segs = SWAP16((uint16_t)3),
		.vlan_protocol = SWAP16((uint16_t)0x8100),
	};
	const struct event_drop drop = {
		.section.type = EVENT_SECTION_DROP,
		.reason = SWAP32(0x00030002U),
	};
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	const uint64_t address = SWAP64(0xffffffff81abcdefULL);
	const struct event_ct ct = {
		.section.type = EVENT_SECTION_CT,
		.flags = EVENT_CT_CONNECTION,
	};
	struct {
		struct event_connection connection;
		uint8_t addresses[4 * EVENT_IPV4_SIZE];
		uint64_t labels[2];
	} peers = {
		.connection = {
			.status = SWAP32(0x188U),
			.zone = SWAP16((uint16_t)12),
			.family = AF_INET,
			.flags = EVENT_CT_LABELS,
			.vtag = { SWAP32(0x01020304U) },
			.tuples = { { .source = SWAP16((uint16_t)80) },
				{ .destination = SWAP16((uint16_t)443) } },
		},
		.labels = { SWAP64(5ULL), SWAP64(9ULL) },
	};
	struct sample_record record;
	struct event event;

	swapped_decode(&skb, sizeof(skb), NULL, 0, &record, &event);
	ck_assert_uint_eq(event.skb.csum, 0x00060024);
	ck_assert_uint_eq(event.skb.gso_segs, 3);
	ck_assert_uint_eq(event.skb.vlan_protocol, 0x8100);
	swapped_decode(&drop, sizeof(drop), NULL, 0, &record, &event);
	ck_assert_uint_eq(event.drop.reason, 0x00030002);
	swapped_decode(&stack, sizeof(stack), &address, sizeof(address), &record, &event);
	ck_assert_uint_eq(event.stack[0], 0xffffffff81abcdef);
	swapped_decode(&ct, sizeof(ct), &peers, sizeof(peers), &record, &event);
	ck_assert_uint_eq(event.connection.connection.status, 0x188);
	ck_assert_uint_eq(event.connection.connection.zone, 12);
	ck_assert_uint_eq(event.connection.connection.vtag[0], 0x01020304);
	ck_assert_uint_eq(event.connection.connection.tuples[0].source, 80);
	ck_assert_uint_eq(event.connection.connection.tuples[1].destination, 443);
	ck_assert_uint_eq(event.connection.labels[0], 5);
	ck_assert_uint_eq(event.connection.labels[1], 9);
}
END_TEST

/* Every section that exists. */
static void record_full(struct sample_record *record)
{
	const struct event_skb skb = { .section.type = EVENT_SECTION_SKB };
	const struct event_drop drop = { .section.type = EVENT_SECTION_DROP };
	const struct event_stack stack = { .section.type = EVENT_SECTION_STACK };
	const uint64_t addresses[4] = { 1, 2, 3, 4 };

	sample_record_begin(record);
	sample_record_add(record, &skb, sizeof(skb), NULL, 0);
	sample_record_ct(record, AF_INET6, AF_INET);
	sample_record_add(record, &drop, sizeof(drop), NULL, 0);
	sample_record_add(record, &stack, sizeof(stack), addresses, sizeof(addresses));
}

START_TEST(a_section_that_is_cut_is_refused)
{
	struct event event;

	for (unsigned int type = EVENT_SECTION_SKB; type <= EVENT_SECTION_STACK; type++) {
		for (size_t size = 0; size < sizeof(struct event_stack); size++) {
			const struct event_section section = { .type = (uint16_t)type,
				.size = (uint16_t)size };
			struct sample_record record;

			sample_record_begin(&record);
			sample_record_add(&record, &section, sizeof(section), "rest", 4);
			memcpy(record.bytes + sizeof(struct event_head), &section, sizeof(section));
			ck_assert_int_eq(
				event_decode(record.bytes, record.size, false, &event), -EBADMSG);
		}
	}
}
END_TEST

static uint16_t ct_size(const struct sample_record *record)
{
	struct event_section section;

	memcpy(&section, record->bytes + sizeof(struct event_head), sizeof(section));
	return section.size;
}

START_TEST(a_connection_that_is_cut_is_refused)
{
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_ct(&record, AF_INET6, AF_INET6);
	for (uint16_t size = ct_size(&record); size > sizeof(struct event_section);) {
		struct event_section section = { EVENT_SECTION_CT, --size };
		g_autofree uint8_t *bytes = NULL;
		uint32_t total = (uint32_t)sizeof(struct event_head) + size;

		memcpy(record.bytes + sizeof(struct event_head), &section, sizeof(section));
		memcpy(record.bytes, &total, sizeof(total));
		bytes = g_memdup2(record.bytes, total);
		ck_assert_int_eq(event_decode(bytes, total, false, &event), -EBADMSG);
	}
}
END_TEST

START_TEST(addresses_of_an_unknown_family_are_refused)
{
	struct sample_record record;
	struct event event;

	sample_record_begin(&record);
	sample_record_ct(&record, AF_INET, AF_INET);
	record.bytes[sizeof(struct event_head) + sizeof(struct event_ct) +
		offsetof(struct event_connection, family)] = AF_UNIX;
	ck_assert_int_eq(event_decode(record.bytes, record.size, false, &event), -EBADMSG);
}
END_TEST

static void assert_within(const uint8_t *part, size_t length, const uint8_t *bytes, size_t size)
{
	ck_assert(part == NULL || (part >= bytes && part + length <= bytes + size));
}

static void assert_peers_within(const struct event_peers *peers, const uint8_t *bytes, size_t size)
{
	size_t length = peers->connection.family == AF_INET ? EVENT_IPV4_SIZE : EVENT_IPV6_SIZE;

	for (unsigned int i = 0; i < 2; i++) {
		assert_within(peers->addresses[i].source, length, bytes, size);
		assert_within(peers->addresses[i].destination, length, bytes, size);
	}
}

START_TEST(no_damage_makes_it_read_elsewhere)
{
	GRand *random = g_rand_new_with_seed(3);
	struct sample_record record;

	record_full(&record);
	for (int round = 0; round < 200000; round++) {
		g_autofree uint8_t *bytes = g_memdup2(record.bytes, record.size);
		struct event event;

		for (int i = 0; i < 1 + round % 3; i++) {
			gint32 at = g_rand_int_range(
				random, sizeof(struct event_head), (gint32)record.size);

			bytes[at] = (uint8_t)g_rand_int(random);
		}
		if (event_decode(bytes, record.size, round % 8 == 0, &event) < 0)
			continue;
		if (event.has_connection)
			assert_peers_within(&event.connection, bytes, record.size);
		if (event.has_master)
			assert_peers_within(&event.master, bytes, record.size);
		ck_assert_uint_le(event.stack_depth, EVENT_STACK_MAX);
	}
	g_rand_free(random);
}
END_TEST

static Suite *sections_suite(void)
{
	Suite *suite = suite_create("sections");
	TCase *tests = tcase_create("sections");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, the_fields_of_an_skb_come_as_they_were);
	tcase_add_test(tests, a_connection_comes_with_its_addresses_labels_and_master);
	tcase_add_test(tests, untracked_packet_has_no_connection);
	tcase_add_test(tests, a_stack_has_the_depth_of_its_section);
	tcase_add_test(tests, an_event_without_a_stack_leaves_its_room_alone);
	tcase_add_test(tests, sections_of_the_other_byte_order_are_turned);
	tcase_add_test(tests, a_section_that_is_cut_is_refused);
	tcase_add_test(tests, a_connection_that_is_cut_is_refused);
	tcase_add_test(tests, addresses_of_an_unknown_family_are_refused);
	tcase_add_test(tests, no_damage_makes_it_read_elsewhere);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return kit_main(sections_suite());
}
