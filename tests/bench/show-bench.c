/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures how fast `nfttracectl show` prints, as text and as JSON: writes a journal of made-up
 * events with the default sections into a directory of its own, prints it to /dev/null a few times
 * each way, and prints the best result. Usage: show_bench NFTTRACECTL [EVENTS].
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/dictionary.h"
#include "journal/format/section-names.h"
#include "journal/writer/writer.h"
#include "tests/unit/kit/synthetic.h"

#define EVENTS_DEFAULT 2000000
#define FORM_TEXT      "--color=never"
#define FORM_JSON      "--json"
#define ROUNDS         3
#define SEGMENT_SIZE   (64 << 20)

/* A TCP SYN with the usual options, on Ethernet. */
static const uint8_t packet_bytes[] = {
	0x12,
	0x60,
	0xb2,
	0x9e,
	0x36,
	0xf5,
	0x0e,
	0x3f,
	0x6a,
	0x22,
	0xfd,
	0x1a,
	0x08,
	0x00,
	0x45,
	0x00,
	0x00,
	0x3c,
	0x23,
	0xe6,
	0x40,
	0x00,
	0x40,
	0x06,
	0xae,
	0xd3,
	0x0a,
	0x00,
	0x2a,
	0x01,
	0x0a,
	0x00,
	0x2a,
	0x02,
	0xa8,
	0xc6,
	0x00,
	0x17,
	0xfb,
	0xbd,
	0x49,
	0xed,
	0x00,
	0x00,
	0x00,
	0x00,
	0xa0,
	0x02,
	0xfa,
	0xf0,
	0x68,
	0x31,
	0x00,
	0x00,
	0x02,
	0x04,
	0x05,
	0xb4,
	0x04,
	0x02,
	0x08,
	0x0a,
	0x19,
	0xff,
	0xe5,
	0xc8,
	0x00,
	0x00,
	0x00,
	0x00,
	0x01,
	0x03,
	0x03,
	0x07,
};

static void make_event(struct synthetic *event, uint64_t number)
{
	const struct event_head head = {
		.probe = EVENT_PROBE_NFT,
		.attach = EVENT_ATTACH_KPROBE,
		.flags = EVENT_TRACKED,
		.time = 34515349356 + number * 1000,
		.cpu = (uint32_t)number % 8,
		.comm = "swapper/3",
		.skb = 0xff3fdb6ec031cc00,
		.track_head = 0xff3fdb6ec08d02c0,
		.track_time = 34515349000 + number * 1000,
		.netns_cookie = 4098,
		.netns_inode = 4026532197,
	};
	const struct event_nft nft = {
		.table_handle = 5,
		.chain_handle = 124,
		.rule_handle = 284,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_RULE,
	};
	const struct event_device device = { .index = 2, .skb_iif = 2 };
	const struct event_packet packet = {
		.length = sizeof(packet_bytes),
		.captured = sizeof(packet_bytes),
		.protocol = 0x0800,
		.network_offset = 14,
		.link = EVENT_LINK_ETHERNET,
	};

	const struct event_ct ct = {
		.section.type = EVENT_SECTION_CT,
		.info = 2,
		.flags = EVENT_CT_CONNECTION,
	};
	const struct {
		struct event_connection connection;
		uint8_t addresses[4][4];
	} peers = {
		.connection = {
			.status = 0x100,
			.zone_direction = EVENT_ZONE_DEFAULT,
			.family = AF_INET,
			.protocol = IPPROTO_TCP,
			.state = 1,
			.flags = EVENT_CT_MARK,
			.tuples = { { 43206, 23 }, { 23, 43206 } },
		},
		.addresses = { { 10, 0, 42, 1 }, { 10, 0, 42, 2 }, { 10, 0, 42, 2 }, { 10, 0, 42, 1 } },
	};

	synthetic_begin(event, &head);
	synthetic_nft(event, &nft, "firewalld", "filter_INPUT_POLICIES", NULL);
	synthetic_device(event, &device, "eth0", NULL);
	synthetic_packet(event, &packet, packet_bytes);
	synthetic_section(event, &ct, sizeof(ct), &peers, sizeof(peers));
}

static int write_events(struct journal_writer *writer, uint64_t events)
{
	struct synthetic event;

	for (uint64_t i = 0; i < events; i++) {
		int r;

		make_event(&event, i);
		r = journal_writer_append_event(
			writer, 0, (uint32_t)i, event.bytes, (uint32_t)event.size);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_journal(const char *path, uint64_t events)
{
	const struct journal_limits limits = { .segment_size = SEGMENT_SIZE };
	g_auto(GStrv) sections = section_names(SECTION_MASK_DEFAULT);
	const struct dictionary_settings settings = { .sections = sections };
	g_autofree char *start_json = journal_start_new(1, "bench", NULL);
	g_autofree char *settings_json = dictionary_settings_new(&settings);
	struct journal_writer *writer = NULL;
	auto_fd directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (directory < 0)
		return -errno;
	r = journal_writer_open(directory, 1, start_json, settings_json, &limits, &writer);
	if (r >= 0)
		r = write_events(writer, events);
	journal_writer_free(writer);
	return r;
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* CPU seconds of one `show`, of all the processors it used; negative errno. */
static double show(const char *program, const char *form, const char *path)
{
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execl(program, program, "show", "--no-pager", form, path, NULL);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -ECHILD;
	return seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
}

static int measure(const char *program, const char *form, const char *path, uint64_t events)
{
	double best = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		double seconds = show(program, form, path);

		if (seconds < 0) {
			fprintf(stderr, "%s failed\n", program);
			return EXIT_FAILURE;
		}
		if (i == 0 || seconds < best)
			best = seconds;
	}
	printf("show %s: %.0f events a second of CPU time (%" G_GUINT64_FORMAT
	       " events, best of %d)\n",
		form, (double)events / best, events, ROUNDS);
	return EXIT_SUCCESS;
}

static void remove_directory(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
	g_rmdir(path);
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : EVENTS_DEFAULT;
	g_autofree char *path = g_dir_make_tmp("show-bench-XXXXXX", NULL);
	int status = EXIT_FAILURE;
	int r;

	if (argc < 2 || !path || events == 0) {
		fputs("usage: show_bench NFTTRACECTL [EVENTS]\n", stderr);
		return EXIT_FAILURE;
	}
	r = write_journal(path, events);
	if (r < 0)
		fprintf(stderr, "the journal can't be written: %s\n", g_strerror(-r));
	else
		status = measure(argv[1], FORM_TEXT, path, events);
	if (status == EXIT_SUCCESS)
		status = measure(argv[1], FORM_JSON, path, events);
	remove_directory(path);
	return status;
}
