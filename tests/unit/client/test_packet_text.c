/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets as text: each kind is printed as it should be, and no bytes are read beyond the end. */
#include <check.h>
#include <glib.h>
#include <stdlib.h>

#include "client/text/packet-text.h"
#include "tests/unit/kit/packet-samples.h"

#define ETHERNET "ffffffffffff 020000000001 "

#define TEST_TIMEOUT 60 /* seconds; on a busy machine */

/* Packets that Linux and its peers sent. */
static const struct sample samples[] = {
	{ ETHERNET "0800 45000034 12344000 40060000 0a002a01 0a002a02 d4310050 00000064 00000065"
		   "8010 01f5 00000000 0101080a 00000007 00000008",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 4660 off 0 [DF] len 52 "
		"proto TCP (6) flags [.] seq 100 ack 101 win 501 [nop,nop,TS val 7 ecr 8]" },
	{ ETHERNET "0800 4500002d 00010000 40060000 0a002a01 0a002a02 d4310050 ffffffff 00000065"
		   "5019 0000 00000000 6869206d65",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 45 "
		"proto TCP (6) flags [FP.] seq 4294967295:4 ack 101 win 0" },
	{ ETHERNET
		"0800 45000048 00010000 40060000 0a002a01 0a002a02 d4310050 00000001 00000002"
		"d1f2 0010 00000000 0512 00000001 00000002 00000003 00000004 2206 01020304 fe02 00"
		"0000000000",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 72 proto TCP (6) "
		"flags [S.UEWe] seq 1 ack 2 win 16 [sack 2 {1:2}{3:4},tfo cookie "
		"0x01020304,exp,eol]" },
	{ ETHERNET "0800 46020020 00010000 01110000 0a000001 e0000001 94040000 00350035 00080000",
		"10.0.0.1.53 > 224.0.0.1.53 tos 0x0 ECT(0) ttl 1 id 1 off 0 len 32 opts [RA] "
		"proto UDP (17) len 0" },
	{ ETHERNET "0800 4500001c 000120b9 40110000 0a000001 0a000002 1234567812345678",
		"10.0.0.1 > 10.0.0.2 tos 0x0 ttl 64 id 1 off 1480 [+] len 28 proto UDP (17)" },
	{ ETHERNET "0800 4500001c 00012000 40110000 0a000001 0a000002 0001000205dc0000",
		"10.0.0.1.1 > 10.0.0.2.2 tos 0x0 ttl 64 id 1 off 0 [+] len 28 "
		"proto UDP (17) len 1492" },
	{ ETHERNET "86dd 6ab00001 0010 11 40 20010db8000000000000000000000001"
		   "00000000000000000000ffffc0a80001 00010002 0010 0000 0000000000000000",
		"2001:db8::1.1 > ::ffff:192.168.0.1.2 CE ttl 64 label 0x1 len 16 "
		"proto UDP (17) len 8" },
	{ ETHERNET "86dd 60000000 0018 00 40 fe800000000000000001000000000001"
		   "ff020000000000000000000000000016 3a00 050200000000 8f00 000000000001"
		   "0400000000000000",
		"fe80::1:0:0:1 > ff02::16 ttl 64 label 0x0 len 24 exts [Hopopt] "
		"proto ICMPv6 (58) type 143 code 0" },
	{ ETHERNET "86dd 60000000 0010 2c 40 fd000000000000000000000000000001"
		   "fd000000000000000000000000000002 1100 0001 00000001 0001000200080000",
		"fd00::1.1 > fd00::2.2 ttl 64 label 0x0 len 16 exts [Ipv6Frag] "
		"proto UDP (17) len 0" },
	{ ETHERNET "86dd 60000000 0010 2c 40 fd000000000000000000000000000001"
		   "fd000000000000000000000000000002 1100 05a8 00000001 0001000200080000",
		"fd00::1 > fd00::2 ttl 64 label 0x0 len 16 exts [Ipv6Frag] off 1448 "
		"proto UDP (17)" },
	{ ETHERNET "86dd 60000000 0000 3b 40 00000000000000000000000000000000"
		   "00000000000000000000000000000001",
		":: > ::1 ttl 64 label 0x0" },
	{ ETHERNET "0800 45000044 00010000 40840000 0a000001 0a000002 1388 13c4 00000000 00000000"
		   "01000024 00000010 0001a000 000a ffff 0000002a 0006 0014 00000000000000000000"
		   "00000000000000000000",
		"10.0.0.1.5000 > 10.0.0.2.5060 tos 0x0 ttl 64 id 1 off 0 len 68 "
		"proto SCTP (132) vtag 0x0 [INIT init_tag 0x10 rwnd 106496 OS 10 MIS 65535 "
		"init_TSN 42]" },
	{ ETHERNET "0800 45000044 00010000 40840000 0a000001 0a000002 1388 13c4 0000000f 00000000"
		   "03000010 00000001 00000002 0003 0004 00030014 00000005 0006 0007 00000008"
		   "61626364",
		"10.0.0.1.5000 > 10.0.0.2.5060 tos 0x0 ttl 64 id 1 off 0 len 68 "
		"proto SCTP (132) vtag 0xf [SACK cum_ack 1 a_rwnd 2 #gap_acks 3 #dup_tsns 4] "
		"[DATA (BE) TSN 5 SID 6 SSEQ 7 PPID 0x8]" },
	{ ETHERNET "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002",
		"request who-has 10.0.0.2 tell 10.0.0.1" },
	{ ETHERNET "0806 0001 0800 06 04 0001 020000000001 0a000001 020000000002 0a000002",
		"request who-has 10.0.0.2 (02:00:00:00:00:02) tell 10.0.0.1" },
	{ ETHERNET "0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002",
		"reply 10.0.0.1 is-at 02:00:00:00:00:01" },
	{ ETHERNET "0806 0001 0800 06 04 0009 020000000001 0a000001 020000000002 0a000002",
		"ARP... (ARP operation 0x0009 not supported)" },
	{ ETHERNET
		"8100 0064 0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002",
		"vlan 100 p 0 reply 10.0.0.1 is-at 02:00:00:00:00:01" },
	{ ETHERNET "88a8 7002 8100 e064 0800 4500001c 00010000 40010000 0a000001 0a000002"
		   "0301 0000 00000000",
		"vlan 2 p 3 DEI vlan 100 p 7 10.0.0.1 > 10.0.0.2 tos 0x0 ttl 64 id 1 off 0 "
		"len 28 proto ICMP (1) type 3 code 1" },
	{ ETHERNET "0800 4500001c 00010000 40320000 0a000001 0a000002 0000abcd 00000010",
		"10.0.0.1 > 10.0.0.2 tos 0x0 ttl 64 id 1 off 0 len 28 proto ESP (50) "
		"spi 0x0000abcd seq 0x10" },
	{ ETHERNET "0800 4500002c 00010000 40330000 0a000001 0a000002 1102 0000 00000001 00000002"
		   "aabbccdd 0001000200080000",
		"10.0.0.1.1 > 10.0.0.2.2 tos 0x0 ttl 64 id 1 off 0 len 44 proto AH (51) "
		"spi 0x00000001 seq 0x2 icv 0xaabbccdd proto UDP (17) len 0" },
	{ ETHERNET "0800 45000018 00010000 402f0000 0a000001 0a000002 00000800",
		"10.0.0.1 > 10.0.0.2 tos 0x0 ttl 64 id 1 off 0 len 24 "
		"proto GRE (47) v0 flags [none] len 4 IPv4... (truncated or incomplete packet)" },
	{ ETHERNET "0800 45000046 00010000 40110000 0a000001 0a000002 000112b5 00320000"
		   "08000000 00007b00 ffffffffffff020000000001 0800 45000014 00010000 40fd0000"
		   "0a000003 0a000004",
		"10.0.0.1.1 > 10.0.0.2.4789 tos 0x0 ttl 64 id 1 off 0 len 70 proto UDP (17) "
		"len 42 vxlan [I] vni 0x7b 10.0.0.3 > 10.0.0.4 tos 0x0 ttl 64 id 1 off 0 len 20 "
		"proto (253)... (protocol 0xfd not supported)" },
	{ ETHERNET "0800 45000052 00010000 40110000 0a000001 0a000002 000117c1 003e0000"
		   "01c06558 00007b00 00000000 ffffffffffff020000000001 0806 0001 0800 06 04 0002"
		   "020000000001 0a000001 020000000002 0a000002",
		"10.0.0.1.1 > 10.0.0.2.6081 tos 0x0 ttl 64 id 1 off 0 len 82 proto UDP (17) "
		"len 54 geneve [OC] vni 0x7b reply 10.0.0.1 is-at 02:00:00:00:00:01" },
	/* An option without its value, at the end of the packet. */
	{ ETHERNET "0800 4500002c 00010000 40060000 0a002a01 0a002a02 d4310050 00000001 00000002"
		   "6002 0010 00000000 03020802",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 44 proto TCP (6) "
		"flags [S] seq 1 win 16 [wscale,TS]" },
	{ ETHERNET "0800 4500002c 00010000 40060000 0a002a01 0a002a02 d4310050 00000001 00000002"
		   "6002 0010 00000000 03020202",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 44 proto TCP (6) "
		"flags [S] seq 1 win 16 [wscale,mss]" },
	{ ETHERNET "0800 4500002c 00010000 40060000 0a002a01 0a002a02 d4310050 00000001 00000002"
		   "6002 0010 00000000 01010302",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 44 proto TCP (6) "
		"flags [S] seq 1 win 16 [nop,nop,wscale]" },
	{ ETHERNET "0800 4500002c 00010000 40060000 0a002a01 0a002a02 d4310050 00000001 00000002"
		   "6002 0010 00000000 01010804",
		"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 1 off 0 len 44 proto TCP (6) "
		"flags [S] seq 1 win 16 [nop,nop,TS invalid]" },
	{ ETHERNET "88cc 0207", "... (ethertype 0x88cc not supported)" },
};

#define SAMPLES \
	(G_N_ELEMENTS(samples) + G_N_ELEMENTS(packet_samples) + G_N_ELEMENTS(packet_samples_beyond))

static const struct sample *sample_at(int index)
{
	size_t at = (size_t)index;

	if (at < G_N_ELEMENTS(samples))
		return &samples[at];
	at -= G_N_ELEMENTS(samples);
	if (at < G_N_ELEMENTS(packet_samples))
		return &packet_samples[at];
	return &packet_samples_beyond[at - G_N_ELEMENTS(packet_samples)];
}

/* Copies `length` of the `wire` bytes that were sent to an allocation of just that size, so that
 * ASan detects any read beyond it, and renders them. */
static char *render_part(
	const uint8_t *bytes, size_t length, size_t wire, enum event_link link, uint16_t protocol)
{
	const struct event_packet packet = {
		.length = (uint32_t)wire,
		.captured = (uint16_t)length,
		.protocol = protocol,
		.link = (uint8_t)link,
	};
	uint8_t *copy = malloc(length ? length : 1);
	struct output output;
	char *line;

	memcpy(copy, bytes, length);
	output_open(&output, OUTPUT_MEMORY);
	packet_text(&output, &packet, copy);
	line = output_steal(&output);
	output_close(&output);
	free(copy);
	return line;
}

static char *render(const uint8_t *bytes, size_t length, enum event_link link, uint16_t protocol)
{
	return render_part(bytes, length, length, link, protocol);
}

static uint8_t *from_hex(const char *hex, size_t *ret_length)
{
	uint8_t *bytes = g_malloc0(strlen(hex));
	size_t digits = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | g_ascii_xdigit_value(*hex));
		digits++;
	}
	*ret_length = digits / 2;
	return bytes;
}

START_TEST(each_kind_of_packet_reads_as_it_should)
{
	g_autofree char *line = NULL;
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	bytes = from_hex(sample_at(_i)->hex, &length);
	line = render(bytes, length, EVENT_LINK_ETHERNET, 0);
	ck_assert_str_eq(line, sample_at(_i)->line);
}
END_TEST

START_TEST(a_packet_without_link_layer_begins_with_its_network_header)
{
	g_autofree uint8_t *bytes = NULL;
	g_autofree char *line = NULL;
	size_t length;

	bytes = from_hex(samples[0].hex, &length);
	line = render(bytes + 14, length - 14, EVENT_LINK_RAW, 0x0800);
	ck_assert_str_eq(line, samples[0].line);
}
END_TEST

START_TEST(truncated_packet_is_marked_and_printed_up_to_its_end)
{
	static const struct {
		size_t length;
		const char *line;
	} cuts[] = {
		{ 0, "... (truncated or incomplete packet)" },
		{ 33, "IPv4... (truncated or incomplete packet)" },
		{ 36,
			"10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id 4660 off 0 [DF] len 52 "
			"proto TCP (6)... (truncated or incomplete packet)" },
		{ 38,
			"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 4660 off 0 [DF] len 52 "
			"proto TCP (6)... (truncated or incomplete packet)" },
		{ 60,
			"10.0.42.1.54321 > 10.0.42.2.80 tos 0x0 ttl 64 id 4660 off 0 [DF] len 52 "
			"proto TCP (6) flags [.] seq 100 ack 101 win 501 [nop,nop]"
			"... (truncated or incomplete packet)" },
	};
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	bytes = from_hex(samples[0].hex, &length);
	for (size_t i = 0; i < G_N_ELEMENTS(cuts); i++) {
		g_autofree char *line =
			render_part(bytes, cuts[i].length, length, EVENT_LINK_ETHERNET, 0);

		ck_assert_str_eq(line, cuts[i].line);
	}
}
END_TEST

static void assert_is_one_clean_line(const char *line)
{
	size_t clean = 0;

	while (line[clean] >= ' ' && line[clean] < 0x7f)
		clean++;
	/* Check writes to a file at each assertion, even one that holds: too slow for each line. */
	if (line[clean])
		ck_abort_msg("a byte of the packet got through: %s", line);
}

START_TEST(a_packet_may_end_anywhere)
{
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	bytes = from_hex(sample_at(_i)->hex, &length);
	for (size_t cut = 0; cut < length; cut++) {
		g_autofree char *line = render(bytes, cut, EVENT_LINK_ETHERNET, 0);
		g_autofree char *snapshot = render_part(bytes, cut, length, EVENT_LINK_ETHERNET, 0);

		assert_is_one_clean_line(line);
		assert_is_one_clean_line(snapshot);
		ck_assert_str_ne(line, "");
	}
}
END_TEST

START_TEST(hostile_bytes_do_no_harm)
{
	static const uint16_t protocols[] = { 0x0800, 0x86dd, 0x0806, 0x8100, 0xffff };
	g_autoptr(GRand) random = g_rand_new_with_seed((guint32)_i);
	g_autofree uint8_t *bytes = NULL;
	size_t length;

	bytes = from_hex(sample_at(_i)->hex, &length);
	for (unsigned int round = 0; round < 1000; round++) {
		size_t at = (size_t)g_rand_int_range(random, 0, (gint32)length);
		uint16_t protocol = protocols[round % G_N_ELEMENTS(protocols)];
		g_autofree char *ethernet = NULL;
		g_autofree char *raw = NULL;

		bytes[at] = (uint8_t)g_rand_int(random);
		ethernet = render(bytes, length, EVENT_LINK_ETHERNET, protocol);
		raw = render(bytes, length, EVENT_LINK_RAW, protocol);
		assert_is_one_clean_line(ethernet);
		assert_is_one_clean_line(raw);
	}
}
END_TEST

/* A valid packet of which only 96 bytes are stored must not be reported as invalid. */
START_TEST(a_snapshot_of_a_healthy_packet_is_not_called_bad)
{
	g_autofree uint8_t *bytes = NULL;
	const struct sample *sample = sample_at(_i);
	size_t length;

	if (strstr(sample->line, "(bad ") || strstr(sample->line, "missing)"))
		return;
	bytes = from_hex(sample->hex, &length);
	for (size_t cut = 0; cut < length; cut++) {
		g_autofree char *line = render_part(bytes, cut, length, EVENT_LINK_ETHERNET, 0);

		ck_assert_msg(
			!strstr(line, "(bad ") && !strstr(line, "missing)"), "%zu: %s", cut, line);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet text");
	TCase *tcase = tcase_create("packets");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TEST_TIMEOUT);
	tcase_add_loop_test(tcase, each_kind_of_packet_reads_as_it_should, 0, SAMPLES);
	tcase_add_test(tcase, a_packet_without_link_layer_begins_with_its_network_header);
	tcase_add_test(tcase, truncated_packet_is_marked_and_printed_up_to_its_end);
	tcase_add_loop_test(tcase, a_packet_may_end_anywhere, 0, SAMPLES);
	tcase_add_loop_test(tcase, a_snapshot_of_a_healthy_packet_is_not_called_bad, 0, SAMPLES);
	tcase_add_loop_test(tcase, hostile_bytes_do_no_harm, 0, SAMPLES);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
