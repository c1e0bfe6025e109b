/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures how many events a second a core appends to a journal, and reads and decodes from it, and
 * how much space a stored event takes. Arguments: directories to do it in, one after another;
 * without any, the one for temporary files.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/event/decode.h"
#include "journal/format/dictionary.h"
#include "journal/format/segment-names.h"
#include "journal/reader/reader.h"
#include "journal/writer/writer.h"
#include "tests/unit/kit/synthetic.h"

#define EVENTS       4000000U
#define SEGMENT_SIZE (64ULL << 20)

/* Bytes of a frame from the Ethernet header on: a UDP datagram of three bytes, a TCP SYN. */
#define FRAME_UDP 45
#define FRAME_TCP 74

static double seconds_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void drop_make(struct synthetic *event, uint16_t frame)
{
	static const uint8_t bytes[EVENT_SNAPSHOT_MAX] = { 0 };
	struct event_head head = { .probe = EVENT_PROBE_NFT, .comm = "swapper/3", .time = 1 };
	struct event_nft nft = {
		.verdict = NF_DROP,
		.table_handle = 4,
		.chain_handle = 124,
		.rule_handle = 284,
		.flags = EVENT_NFT_RULE | EVENT_NFT_CHAIN,
	};
	struct event_device device = { .index = 2, .skb_iif = 2, .in_index = 2 };
	struct event_packet packet = {
		.length = frame,
		.captured = frame,
		.protocol = 0x0800,
		.network_offset = 14,
		.link = EVENT_LINK_ETHERNET,
	};

	synthetic_begin(event, &head);
	synthetic_nft(event, &nft, "firewalld", "filter_INPUT_POLICIES", NULL);
	synthetic_device(event, &device, "eth0", NULL);
	synthetic_packet(event, &packet, bytes);
}

static void segments_remove(int dir_fd)
{
	g_autoptr(GArray) numbers = NULL;

	if (segment_list(dir_fd, &numbers) < 0)
		return;
	for (guint i = 0; i < numbers->len; i++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name(g_array_index(numbers, uint64_t, i), name);
		unlinkat(dir_fd, name, 0);
	}
}

static int append_run(int dir_fd, struct synthetic events[2], double *ret_bytes)
{
	struct journal_limits limits = { .segment_size = SEGMENT_SIZE };
	g_autofree char *start = journal_start_new(1, "bench", "journal-bench");
	struct journal_writer *writer;
	struct journal_totals totals;
	int r;

	r = journal_writer_open(dir_fd, 1, start, "{}", &limits, &writer);
	for (uint32_t i = 0; i < EVENTS && r >= 0; i++) {
		struct synthetic *event = &events[i % 2];

		((struct event_head *)event->bytes)->time = i;
		r = journal_writer_append_event(writer, 0, i, event->bytes, (uint32_t)event->size);
	}
	if (r < 0)
		return r;
	journal_writer_totals(writer, &totals);
	*ret_bytes = (double)totals.bytes / EVENTS;
	journal_writer_free(writer);
	return 0;
}

static int read_run(int dir_fd, uint64_t *ret_checksum)
{
	struct journal_reader *reader;
	struct journal_entry entry;
	struct event event;
	char *reason;
	uint32_t events = 0;
	int r;

	r = journal_reader_open(dir_fd, ".", &reader, &reason);
	if (r < 0)
		return r;
	while ((r = journal_reader_next(reader, &entry)) > 0) {
		if (entry.type != JOURNAL_EVENT)
			continue;
		if (event_decode(entry.data, entry.size, false, &event) < 0)
			return -EBADMSG;
		*ret_checksum += event.head.time + event.chain.length;
		events++;
	}
	journal_reader_free(reader);
	if (r < 0)
		return r;
	return events == EVENTS ? 0 : -ENODATA;
}

static void rate_print(const char *what, const char *path, double wall, double core)
{
	printf("%s: %.2f million events/s of a core, %.2f by the wall clock (%s)\n", what,
		EVENTS / core / 1e6, EVENTS / wall / 1e6, path);
}

static int bench_directory(const char *parent)
{
	g_autofree char *path = g_build_filename(parent, "journal-bench-XXXXXX", NULL);
	struct synthetic events[2];
	double wall, core, bytes = 0;
	uint64_t checksum = 0;
	auto_fd dir_fd = -1;
	int r;

	drop_make(&events[0], FRAME_UDP);
	drop_make(&events[1], FRAME_TCP);
	if (!g_mkdtemp(path))
		return -errno;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	wall = seconds_now(CLOCK_MONOTONIC);
	core = seconds_now(CLOCK_PROCESS_CPUTIME_ID);
	r = append_run(dir_fd, events, &bytes);
	if (r >= 0) {
		rate_print("append", parent, seconds_now(CLOCK_MONOTONIC) - wall,
			seconds_now(CLOCK_PROCESS_CPUTIME_ID) - core);
		wall = seconds_now(CLOCK_MONOTONIC);
		core = seconds_now(CLOCK_PROCESS_CPUTIME_ID);
		r = read_run(dir_fd, &checksum);
	}
	if (r >= 0) {
		rate_print("read and decode", parent, seconds_now(CLOCK_MONOTONIC) - wall,
			seconds_now(CLOCK_PROCESS_CPUTIME_ID) - core);
		printf("size: %.0f bytes a stored event (half UDP, half TCP drops)\n", bytes);
	}
	segments_remove(dir_fd);
	rmdir(path);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	if (argc < 2)
		r = bench_directory(g_get_tmp_dir());
	for (int i = 1; i < argc && r >= 0; i++)
		r = bench_directory(argv[i]);
	if (r < 0)
		fprintf(stderr, "journal-bench: %s\n", g_strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
