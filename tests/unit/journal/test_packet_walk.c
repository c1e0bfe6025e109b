/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk over a packet's headers: their order, lengths and problems, and its limits. */
#include <check.h>
#include <stdlib.h>

#include "journal/event/packet-walk.h"

static struct span span_of(const uint8_t *bytes, size_t length)
{
	return (struct span){ bytes, length, length, false };
}

static const uint8_t tcp_in_ah[] = { 0x45, 0, 0, 60, 0, 1, 0, 0, 64, 51, 0, 0, 10, 0, 0, 1, 10, 0,
	0, 2, 6, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 0, 80, 1, 187, 0, 0, 0, 0,
	0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0 };

START_TEST(each_step_yields_one_header)
{
	struct packet_walk walk;

	packet_walk_start_ethertype(&walk, 0x0800, span_of(tcp_in_ah, sizeof(tcp_in_ah)));
	ck_assert(packet_walk_next(&walk));
	ck_assert_int_eq(walk.header.kind, PACKET_IPV4);
	ck_assert_uint_eq(walk.header.length, 20);
	ck_assert_uint_eq(span_u16(packet_walk_ports(&walk), 2), 443);
	ck_assert(packet_walk_next(&walk));
	ck_assert_int_eq(walk.header.kind, PACKET_AH);
	ck_assert_uint_eq(walk.header.length, 20);
	ck_assert(packet_walk_next(&walk));
	ck_assert_int_eq(walk.header.kind, PACKET_TCP);
	ck_assert_int_eq(walk.header.problem, PACKET_FINE);
	ck_assert_uint_eq(walk.header.length, 20);
	ck_assert(!packet_walk_next(&walk));
}
END_TEST

START_TEST(a_header_that_ends_early_is_short)
{
	struct packet_walk walk;

	for (size_t length = 0; length < 20; length++) {
		packet_walk_start(&walk, PACKET_IPV4, 0, span_of(tcp_in_ah, length));
		ck_assert(packet_walk_next(&walk));
		ck_assert_int_eq(walk.header.problem, PACKET_SHORT);
		ck_assert(!packet_walk_next(&walk));
	}
}
END_TEST

START_TEST(packets_inside_packets_are_limited)
{
	uint8_t bytes[20 * (PACKET_DEPTH_MAX + 2)] = { 0 };
	struct packet_walk walk;
	unsigned int count = 0;

	for (size_t at = 0; at < sizeof(bytes); at += 20) {
		bytes[at] = 0x45;
		bytes[at + 9] = 4;
	}
	packet_walk_start_ethertype(&walk, 0x0800, span_of(bytes, sizeof(bytes)));
	while (packet_walk_next(&walk))
		count++;
	ck_assert_int_eq(walk.header.kind, PACKET_MORE);
	ck_assert_uint_eq(count, PACKET_DEPTH_MAX + 1);
}
END_TEST

START_TEST(extension_headers_are_limited)
{
	uint8_t bytes[40 + 8 * (PACKET_EXTENSIONS_MAX + 2)] = { 0x60 };
	struct packet_walk walk;
	unsigned int count = 0;

	packet_walk_start(&walk, PACKET_IPV6, 0, span_of(bytes, sizeof(bytes)));
	while (packet_walk_next(&walk))
		count++;
	ck_assert_int_eq(walk.header.kind, PACKET_MORE_EXTENSIONS);
	ck_assert_uint_eq(count, 1 + PACKET_EXTENSIONS_MAX + 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet walk");
	TCase *tcase = tcase_create("headers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, each_step_yields_one_header);
	tcase_add_test(tcase, a_header_that_ends_early_is_short);
	tcase_add_test(tcase, packets_inside_packets_are_limited);
	tcase_add_test(tcase, extension_headers_are_limited);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
