/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet in a few words: every kind of packet, and bytes that end anywhere. */
#include <check.h>
#include <glib.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/drops/packet-brief.h"

static char *brief(const struct drop_example *example)
{
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	packet_brief(&output, example);
	return output_steal(&output);
}

/* Bytes as hexadecimal digits; spaces are ignored. */
static struct drop_example example_of(uint16_t protocol, const char *hex, const char *device)
{
	struct drop_example example = { .protocol = protocol };

	while (*hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		example.packet[example.captured++] =
			(uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
		hex += 2;
	}
	example.length = example.captured;
	g_strlcpy(example.device, device, sizeof(example.device));
	return example;
}

static void expect(const struct drop_example *example, const char *wanted)
{
	g_autofree char *text = brief(example);

	ck_assert_str_eq(text, wanted);
}

static void expect_hex(uint16_t protocol, const char *hex, const char *wanted)
{
	const struct drop_example example = example_of(protocol, hex, "");

	expect(&example, wanted);
}

#define IPV4_UDP                                           \
	"4500 001f 1234 4000 4011 0000 ac102a01 ac102a02 " \
	"9afd 1f90 000b 0000 000000"
#define IPV6_START "6000 0000 0020 "
#define IPV6_ENDS                              \
	"40 20010db8000000000000000000000001 " \
	"fe800000000000000000000000000002 "

START_TEST(udp_over_ipv4_has_its_ports_and_the_device)
{
	const struct drop_example example = example_of(ETH_P_IP, IPV4_UDP, "eth0");

	expect(&example, "172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0");
}
END_TEST

START_TEST(tcp_over_ipv6_has_its_ports)
{
	expect_hex(ETH_P_IPV6, IPV6_START "06" IPV6_ENDS "0016 d431 00000000 00000000 5002 0000",
		"2001:db8::1.22 > fe80::2.54321 tcp");
}
END_TEST

START_TEST(extension_headers_are_gone_through)
{
	expect_hex(ETH_P_IPV6,
		IPV6_START "00" IPV6_ENDS "3c00000000000000 1100000000000000 0035 0035",
		"2001:db8::1.53 > fe80::2.53 udp");
}
END_TEST

START_TEST(icmp_has_type_and_code)
{
	expect_hex(ETH_P_IP, "4500001c000000004001 0000 01020304 05060708 0301",
		"1.2.3.4 > 5.6.7.8 icmp type 3 code 1");
	expect_hex(ETH_P_IPV6, IPV6_START "3a" IPV6_ENDS "8700",
		"2001:db8::1 > fe80::2 icmp6 type 135 code 0");
}
END_TEST

START_TEST(a_fragment_that_is_not_the_first_has_no_ports)
{
	expect_hex(ETH_P_IP, "4500001c0000 00b9 4011 0000 01020304 05060708 0035 0035",
		"1.2.3.4 > 5.6.7.8 udp fragment");
	expect_hex(ETH_P_IPV6, IPV6_START "2c" IPV6_ENDS "1100 0bb8 00000001 0035 0035",
		"2001:db8::1 > fe80::2 udp fragment");
}
END_TEST

START_TEST(the_first_fragment_has_ports)
{
	expect_hex(ETH_P_IP, "4500001c0000 2000 4011 0000 01020304 05060708 0035 0036",
		"1.2.3.4.53 > 5.6.7.8.54 udp");
	expect_hex(ETH_P_IPV6, IPV6_START "2c" IPV6_ENDS "1100 0001 00000001 0035 0036",
		"2001:db8::1.53 > fe80::2.54 udp");
}
END_TEST

START_TEST(options_of_ipv4_are_gone_over)
{
	expect_hex(ETH_P_IP, "4600001c000000004011 0000 01020304 05060708 94040000 0035 0036",
		"1.2.3.4.53 > 5.6.7.8.54 udp");
}
END_TEST

START_TEST(arp_is_asked_and_answered)
{
	expect_hex(ETH_P_ARP, "0001 0800 06 04 0001 020000000001 0a002a01 000000000000 0a002a02",
		"arp who has 10.0.42.2 tell 10.0.42.1");
	expect_hex(ETH_P_ARP, "0001 0800 06 04 0002 020000000001 0a002a01 020000000002 0a002a02",
		"arp reply 10.0.42.1 is at 02:00:00:00:00:01");
	expect_hex(ETH_P_ARP, "0001 0800 06 04 0009 020000000001 0a002a01 020000000002 0a002a02",
		"arp operation 9");
	expect_hex(ETH_P_ARP, "0006 0800 08 04 0001 020000000001 0a002a01 020000000002 0a002a02",
		"arp operation 1");
}
END_TEST

START_TEST(a_tag_is_looked_behind)
{
	expect_hex(ETH_P_8021Q, "0064 0800 " IPV4_UDP, "172.16.42.1.39677 > 172.16.42.2.8080 udp");
	expect_hex(ETH_P_8021AD, "0064 8100 0001 0800 " IPV4_UDP,
		"172.16.42.1.39677 > 172.16.42.2.8080 udp");
}
END_TEST

START_TEST(other_protocols_are_printed_by_name_or_number)
{
	expect_hex(
		ETH_P_IP, "4500001c0000000040 2f 0000 01020304 05060708", "1.2.3.4 > 5.6.7.8 gre");
	expect_hex(ETH_P_IP, "4500001c0000000040 fe 0000 01020304 05060708",
		"1.2.3.4 > 5.6.7.8 protocol 254");
	expect_hex(0x88cc, "0207", "ethertype 0x88cc");
	expect_hex(0, "", "ethertype 0x0000");
}
END_TEST

START_TEST(tunnelled_packet_is_described)
{
	static const char told[] = "1.2.3.4 > 5.6.7.8 %s: 172.16.42.1.39677 > 172.16.42.2.8080 udp";
	static const struct {
		const char *protocol, *header, *name;
	} tunnels[] = {
		{ "04", "", "ipip" },
		{ "2f", "0000 0800", "gre" },
		{ "2f", "b000 0800 00000000 00000007 00000001", "gre" },
		{ "2f", "2000 6558 00000007 020000000001020000000002 0800", "gre" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(tunnels); i++) {
		g_autofree char *hex = g_strconcat("4500005c0000000040", tunnels[i].protocol,
			"0000 01020304 05060708", tunnels[i].header, IPV4_UDP, NULL);
		g_autofree char *wanted = g_strdup_printf(told, tunnels[i].name);

		expect_hex(ETH_P_IP, hex, wanted);
	}
	expect_hex(ETH_P_IP, "4500005c0000000040 2f 0000 01020304 05060708 0001 0800" IPV4_UDP,
		"1.2.3.4 > 5.6.7.8 gre");
	expect_hex(ETH_P_IPV6, IPV6_START "04" IPV6_ENDS IPV4_UDP,
		"2001:db8::1 > fe80::2 ipip: 172.16.42.1.39677 > 172.16.42.2.8080 udp");
	/* No more than two packets inside the first. */
	expect_hex(ETH_P_IP,
		"45000064000000004004 0000 01020304 05060708 45000050000000004004 0000 01020304 "
		"05060709 4500003c000000004004 0000 01020304 0506070a 4500001c" IPV4_UDP,
		"1.2.3.4 > 5.6.7.8 ipip: 1.2.3.4 > 5.6.7.9 ipip: 1.2.3.4 > 5.6.7.10 ipip");
	expect_hex(ETH_P_IP,
		"4500002c000000004033 0000 01020304 05060708 1101 0000 00000001 00000002 0035 0036",
		"1.2.3.4.53 > 5.6.7.8.54 udp");
}
END_TEST

START_TEST(bytes_that_are_no_such_header_are_called_that)
{
	expect_hex(ETH_P_IP, "45000010000000004011 0000 01020304 05060708", "malformed ipv4");
	expect_hex(ETH_P_IP, "6500001c000000004011 0000 01020304 05060708", "malformed ipv4");
	expect_hex(ETH_P_IP, "4400001c000000004011 0000 01020304 05060708", "malformed ipv4");
	expect_hex(ETH_P_IPV6, "4000 0000 0020 06" IPV6_ENDS, "malformed ipv6");
}
END_TEST

START_TEST(a_device_with_a_hostile_name_is_escaped)
{
	const struct drop_example example = example_of(ETH_P_IP, IPV4_UDP, "e\n on\033[31m");

	expect(&example, "172.16.42.1.39677 > 172.16.42.2.8080 udp on e\\x0a\\x20on\\x1b[31m");
}
END_TEST

START_TEST(a_device_without_an_end_is_no_longer_than_it_can_be)
{
	struct drop_example example = example_of(0x88cc, "", "");

	memset(example.device, 'd', sizeof(example.device));
	expect(&example, "ethertype 0x88cc on dddddddddddddddd");
}
END_TEST

START_TEST(bytes_may_end_anywhere)
{
	const struct drop_example whole[] = {
		example_of(ETH_P_IP, IPV4_UDP, ""),
		example_of(ETH_P_IPV6,
			IPV6_START "00" IPV6_ENDS "3c00000000000000 1100000000000000 00350035", ""),
		example_of(ETH_P_ARP,
			"0001 0800 06 04 0001 020000000001 0a002a01 000000000000 0a002a02", ""),
		example_of(ETH_P_8021Q, "0064 0800 " IPV4_UDP, ""),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
		for (unsigned int length = 0; length < whole[i].captured; length++) {
			struct drop_example cut = whole[i];
			g_autofree char *text = NULL;

			cut.captured = (uint16_t)length;
			/* Bytes behind the end would show up if they were read. */
			memset(cut.packet + length, 0xa5, sizeof(cut.packet) - length);
			text = brief(&cut);
			ck_assert_int_gt(strlen(text), 0);
			ck_assert_ptr_null(strstr(text, "165"));
			ck_assert_ptr_null(strstr(text, "a5a5"));
			ck_assert_ptr_null(strstr(text, "42405"));
		}
	}
	expect_hex(ETH_P_IP, "4500001f", "ipv4, cut short");
	expect_hex(ETH_P_IPV6, "6000", "ipv6, cut short");
	expect_hex(ETH_P_ARP, "0001", "arp, cut short");
	expect_hex(ETH_P_IP, "4500001c000000004011 0000 01020304 05060708 0035",
		"1.2.3.4 > 5.6.7.8 udp, cut short");
	expect_hex(ETH_P_IP, "4500001c000000004001 0000 01020304 05060708 08",
		"1.2.3.4 > 5.6.7.8 icmp, cut short");
}
END_TEST

START_TEST(a_length_beyond_the_buffer_is_not_believed)
{
	struct drop_example example = example_of(ETH_P_IPV6, "", "");

	memset(example.packet, 0, sizeof(example.packet));
	example.packet[0] = 0x60;
	example.captured = UINT16_MAX;
	/* Extension headers, each of the maximum length. */
	example.packet[41] = 255;
	expect(&example, ":: > :: protocol 0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet_brief");
	TCase *tcase = tcase_create("brief");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, udp_over_ipv4_has_its_ports_and_the_device);
	tcase_add_test(tcase, tcp_over_ipv6_has_its_ports);
	tcase_add_test(tcase, extension_headers_are_gone_through);
	tcase_add_test(tcase, icmp_has_type_and_code);
	tcase_add_test(tcase, a_fragment_that_is_not_the_first_has_no_ports);
	tcase_add_test(tcase, the_first_fragment_has_ports);
	tcase_add_test(tcase, options_of_ipv4_are_gone_over);
	tcase_add_test(tcase, arp_is_asked_and_answered);
	tcase_add_test(tcase, a_tag_is_looked_behind);
	tcase_add_test(tcase, other_protocols_are_printed_by_name_or_number);
	tcase_add_test(tcase, tunnelled_packet_is_described);
	tcase_add_test(tcase, bytes_that_are_no_such_header_are_called_that);
	tcase_add_test(tcase, a_device_with_a_hostile_name_is_escaped);
	tcase_add_test(tcase, a_device_without_an_end_is_no_longer_than_it_can_be);
	tcase_add_test(tcase, bytes_may_end_anywhere);
	tcase_add_test(tcase, a_length_beyond_the_buffer_is_not_believed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
