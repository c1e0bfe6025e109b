/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: the blocks have the right format, and tshark reads them. The first argument is the
 * program. */
#include <pty.h>
#include <sys/wait.h>

#include "client/pcap/capture.h"
#include "client/pcap/pcapng.h"
#include "journal/format/names.h"
#include "tests/unit/kit/reading-kit.h"

static const char *program;

/* UDP from 10.0.42.1 port 46169 to 10.0.42.2 port 8080 on Ethernet. */
static const uint8_t udp_ethernet[] = { 0x12, 0x60, 0xb2, 0x9e, 0x36, 0xf5, 0x0e, 0x3f, 0x6a, 0x22,
	0xfd, 0x1a, 0x08, 0x00, 0x45, 0x00, 0x00, 0x1f, 0xe5, 0x26, 0x40, 0x00, 0x40, 0x11, 0xed,
	0xa4, 0x0a, 0x00, 0x2a, 0x01, 0x0a, 0x00, 0x2a, 0x02, 0xb4, 0x59, 0x1f, 0x90, 0x00, 0x0b,
	0x68, 0x1f, 0x68, 0x69, 0x0a };

#define ETHERNET_HEADER 14

static uint32_t word_at(const struct output *output, size_t index)
{
	uint32_t word;

	memcpy(&word, output->bytes + index * sizeof(word), sizeof(word));
	return word;
}

START_TEST(a_packet_is_a_block_of_its_parts)
{
	const struct pcapng_packet packet = {
		.interface = 3,
		.time = 0x1122334455667788,
		.bytes = (const uint8_t *)"abcde",
		.captured = 5,
		.length = 1500,
		.comment = "hi!",
	};
	static const uint32_t lengths[] = { 3, 0x11223344, 0x55667788, 5, 1500 };
	struct pcapng pcapng;
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	pcapng_open(&pcapng, &output);
	pcapng_packet(&pcapng, &packet);
	/* Type, length, five numbers, eight bytes of packet, a comment, no more options, length. */
	ck_assert_uint_eq(output.used, 4 * (2 + 5 + 2 + 2 + 1 + 1));
	ck_assert_uint_eq(word_at(&output, 0), 6);
	ck_assert_uint_eq(word_at(&output, 1), output.used);
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
		ck_assert_uint_eq(word_at(&output, 2 + i), lengths[i]);
	ck_assert_mem_eq(output.bytes + 28, "abcde\0\0\0", 8);
	ck_assert_uint_eq(word_at(&output, 9), 3 << 16 | 1);
	ck_assert_mem_eq(output.bytes + 40, "hi!", 4);
	ck_assert_uint_eq(word_at(&output, 11), 0);
	ck_assert_uint_eq(word_at(&output, 12), output.used);
	pcapng_close(&pcapng);
}
END_TEST

START_TEST(blocks_are_as_long_as_they_say_and_aligned)
{
	const struct pcapng_interface interface = { PCAPNG_RAW, 96, "eth0", "netns 1", "udp" };
	const struct pcapng_statistics statistics = { 0, 5, 1, 5, 2, 7, "lost" };
	size_t at = 0, blocks = 0;
	struct pcapng pcapng;
	auto_output output = { 0 };

	output_open(&output, OUTPUT_MEMORY);
	pcapng_open(&pcapng, &output);
	pcapng_section(&pcapng, "x86_64", "Linux", "test");
	pcapng_interface(&pcapng, &interface);
	pcapng_statistics(&pcapng, &statistics);
	for (; at < output.used; blocks++) {
		uint32_t length = word_at(&output, at / 4 + 1);

		ck_assert_uint_eq(length % 4, 0);
		ck_assert_uint_eq(word_at(&output, (at + length) / 4 - 1), length);
		at += length;
	}
	ck_assert_uint_eq(at, output.used);
	ck_assert_uint_eq(blocks, 3);
	pcapng_close(&pcapng);
}
END_TEST

struct made {
	uint64_t time, packet, handle;
	uint64_t netns;
	const char *device;
	enum event_link link;
};

static void add(struct kit_recording *recording, const struct made *made)
{
	size_t skip = made->link == EVENT_LINK_ETHERNET ? 0 : ETHERNET_HEADER;
	const struct event_packet packet = {
		.length = 1500,
		.captured = (uint16_t)(sizeof(udp_ethernet) - skip),
		.network_offset = (uint16_t)(ETHERNET_HEADER - skip),
		.link = made->link,
	};
	const struct event_device device = { .index = 2 };
	const struct event_nft nft = {
		.family = 1,
		.table_handle = 4,
		.chain_handle = 124,
		.rule_handle = made->handle,
		.flags = (uint8_t)(EVENT_NFT_CHAIN |
			(made->handle ? EVENT_NFT_RULE : EVENT_NFT_POLICY)),
	};
	struct event_head head = kit_head(kit_here.monotonic + made->time, made->packet);
	struct synthetic event;

	head.netns_cookie = made->netns;
	head.netns_inode = (uint32_t)(4026531832 + made->netns);
	synthetic_begin(&event, &head);
	synthetic_nft(&event, &nft, "firewalld", "in", NULL);
	synthetic_device(&event, &device, made->device, NULL);
	synthetic_packet(&event, &packet, udp_ethernet + skip);
	kit_add(recording, 0, &event);
}

static struct kit_recording record(void)
{
	static const struct made all[] = {
		{ 7, 1, 284, 1, "eth0", EVENT_LINK_ETHERNET },
		{ 1000000009, 1, 0, 1, "eth0", EVENT_LINK_ETHERNET },
		{ 1000000010, 0, 284, 2, "eth0", EVENT_LINK_ETHERNET },
		{ 1000000011, 0, 284, 1, "eth0", EVENT_LINK_RAW },
		{ 1000000012, 0, 284, 1, "a\x1b[7m", EVENT_LINK_RAW },
	};
	const struct rule_name rule = { .key = { .netns = 1, .table = 4, .rule = 284, .family = 1 },
		.text = "udp dport 8080 drop comment \"why\"" };
	const struct netns_name netns = { .cookie = 2, .inode = 4026531834, .name = "blue" };
	const struct journal_loss loss = { .reason = LOSS_RING_FULL, .count = 132 };
	g_autofree char *rules_json = names_rules_new(&rule, 1);
	g_autofree char *netns_json = names_netns_new(&netns, 1);
	struct kit_recording recording = kit_record(3, "web");
	const struct event_head head = kit_head(kit_here.monotonic + 2000000000, 0);
	struct synthetic without;

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		add(&recording, &all[i]);
	synthetic_begin(&without, &head);
	kit_add(&recording, 0, &without);
	journal_writer_append_loss(recording.writer, &loss);
	journal_writer_append_json(recording.writer, JOURNAL_RULES, rules_json);
	journal_writer_append_json(recording.writer, JOURNAL_NETNS, netns_json);
	kit_recorded(&recording, &kit_here);
	return recording;
}

/* The number of blocks of a type. */
static size_t count_blocks(const struct output *output, uint32_t type)
{
	size_t found = 0;

	for (size_t at = 0; at < output->used; at += word_at(output, at / 4 + 1))
		found += word_at(output, at / 4) == type;
	return found;
}

START_TEST(interfaces_beyond_the_limit_are_one)
{
	struct kit_recording recording = kit_record(3, "many");
	char *paths[] = { recording.path, NULL };
	struct journal_set_record next;
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_capture *capture = NULL;
	auto_output output = { 0 };

	for (uint64_t i = 0; i < CAPTURE_INTERFACES_MAX + 10; i++) {
		const struct made made = { i, 0, 0, i + 1, "eth0", EVENT_LINK_RAW };

		add(&recording, &made);
	}
	kit_recorded(&recording, &kit_here);
	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	output_open(&output, OUTPUT_MEMORY);
	capture = capture_new(journals, &output);
	while (journal_set_next(journals, &next) > 0)
		capture_take(capture, &next);
	capture_end(capture);
	ck_assert_uint_eq(count_blocks(&output, 6), CAPTURE_INTERFACES_MAX + 10);
	ck_assert_uint_eq(count_blocks(&output, 1), CAPTURE_INTERFACES_MAX + 1);
	g_clear_pointer(&capture, capture_free);
	kit_recording_remove(&recording);
}
END_TEST

/* Runs a shell's command, in which $1 is the program, $2 the journal and $3 a file to write. */
static int shell(const char *command, char **ret_output, char **ret_error)
{
	struct kit_recording recording = record();
	g_autofree char *file = g_strconcat(recording.path, ".pcapng", NULL);
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, (char *)"sh", (char *)program,
		recording.path, file, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	ck_assert_msg(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, ret_output,
			      ret_error, &status, &error),
		"%s", error ? error->message : "");
	unlink(file);
	kit_recording_remove(&recording);
	return WEXITSTATUS(status);
}

#define FIELDS                                                                                  \
	" -T fields -E separator='|' -e frame.interface_name -e frame.time_epoch -e frame.len " \
	"-e frame.cap_len -e ip.src -e udp.dstport"

START_TEST(tshark_reads_packets_back)
{
	g_autofree char *output = NULL;
	g_autofree char *error = NULL;

	ck_assert_int_eq(shell("\"$1\" pcap \"$2\" -o \"$3\"; echo $? >&2; "
			       "tshark -r \"$3\" -o udp.check_checksum:FALSE" FIELDS " 2>/dev/null",
				 &output, &error),
		0);
	ck_assert_str_eq(error, "1 event has no packet and is left out\n3\n");
	ck_assert_str_eq(output,
		"eth0|1795325417.000000007|1500|45|10.0.42.1|8080\n"
		"eth0|1795325418.000000009|1500|45|10.0.42.1|8080\n"
		"eth0|1795325418.000000010|1500|45|10.0.42.1|8080\n"
		"eth0|1795325418.000000011|1500|31|10.0.42.1|8080\n"
		"a\\x1b[7m|1795325418.000000012|1500|31|10.0.42.1|8080\n");
}
END_TEST

START_TEST(tshark_reads_comments_back)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(shell("\"$1\" pcap \"$2\" -o - 2>/dev/null | tshark -r - -T fields -e "
			       "frame.comment -e frame.packet_id 2>/dev/null | head -n 3",
				 &output, NULL),
		0);
	ck_assert_ptr_nonnull(strstr(output, "__nft_trace_packet #3e9000000000000b001 (skb a0)"));
	ck_assert_ptr_nonnull(strstr(output, "table firewalld (4) chain in (124) handle 284 drop"));
	ck_assert_ptr_nonnull(strstr(output, "rule udp dport 8080 drop comment \"why\""));
	ck_assert_ptr_nonnull(strstr(output, "table firewalld (4) chain in (124) drop (policy)"));
}
END_TEST

START_TEST(capinfos_reads_interfaces_and_drops_back)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(
		shell("\"$1\" pcap \"$2\" -o \"$3\" 2>/dev/null; capinfos \"$3\"", &output, NULL),
		0);
	ck_assert_ptr_nonnull(strstr(output, "Number of interfaces in file: 4"));
	ck_assert_ptr_nonnull(strstr(output, "Description = netns 4026531833, ifindex 2"));
	ck_assert_ptr_nonnull(strstr(output, "Description = netns 4026531834 (blue), ifindex 2"));
	ck_assert_ptr_nonnull(strstr(output, "Encapsulation = Raw IP"));
	ck_assert_ptr_nonnull(strstr(output, "Time precision = nanoseconds (9)"));
	ck_assert_ptr_nonnull(strstr(output, "Number of stat entries = 1"));
	ck_assert_ptr_nonnull(strstr(output, "nfttracectl"));
}
END_TEST

START_TEST(a_filter_selects_packets)
{
	g_autofree char *output = NULL;

	ck_assert_int_eq(shell("\"$1\" pcap --netns=blue \"$2\" -o - | tshark -r - -T fields -e "
			       "frame.time_epoch 2>/dev/null",
				 &output, NULL),
		0);
	ck_assert_str_eq(output, "1795325418.000000010\n");
}
END_TEST

START_TEST(unwritable_target_is_reported)
{
	g_autofree char *none = NULL;
	g_autofree char *full = NULL;
	g_autofree char *no_target = NULL;

	ck_assert_int_eq(shell("\"$1\" pcap \"$2\" -o /nonexistent/x", NULL, &none), 1);
	ck_assert_str_eq(
		none, "nfttracectl: /nonexistent/x can't be written: No such file or directory\n");
	ck_assert_int_eq(shell("\"$1\" pcap \"$2\" -o /dev/full", NULL, &full), 1);
	ck_assert_str_eq(
		full, "nfttracectl: /dev/full can't be written: No space left on device\n");
	ck_assert_int_eq(shell("\"$1\" pcap \"$2\"", NULL, &no_target), 2);
	ck_assert_ptr_nonnull(strstr(no_target, "name a file with -o"));
}
END_TEST

START_TEST(a_terminal_gets_no_capture)
{
	struct kit_recording recording = record();
	char said[1000] = "";
	ssize_t length, used = 0;
	int terminal, status;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		execl(program, program, "pcap", recording.path, "-o", "-", NULL);
		_exit(127);
	}
	while ((length = read(terminal, said + used, sizeof(said) - 1 - (size_t)used)) > 0)
		used += length;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_msg(strstr(said, "refusing to write a capture to a terminal"), "%s", said);
	close(terminal);
	kit_recording_remove(&recording);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("pcap");
	TCase *tcase = tcase_create("captures");

	if (argc < 2) {
		fputs("usage: test_pcap NFTTRACECTL\n", stderr);
		return EXIT_FAILURE;
	}
	program = argv[1];
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_packet_is_a_block_of_its_parts);
	tcase_add_test(tcase, blocks_are_as_long_as_they_say_and_aligned);
	tcase_add_test(tcase, interfaces_beyond_the_limit_are_one);
	tcase_add_test(tcase, tshark_reads_packets_back);
	tcase_add_test(tcase, tshark_reads_comments_back);
	tcase_add_test(tcase, capinfos_reads_interfaces_and_drops_back);
	tcase_add_test(tcase, a_filter_selects_packets);
	tcase_add_test(tcase, unwritable_target_is_reported);
	tcase_add_test(tcase, a_terminal_gets_no_capture);
	suite_add_tcase(suite, tcase);
	return kit_main(suite);
}
