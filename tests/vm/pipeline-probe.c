/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the pipeline without the daemon: attaches, writes each record as a line, and the counts at
 * the end. For the VM lab. It does not arm the kernel: the caller's ruleset has a rule with
 * nftrace.
 *
 * usage: pipeline-probe [--attach auto|kprobe|fentry] [--verdicts MASK] [--filter EXPR] [--track]
 *                       [--seconds N] [--ready FILE]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "daemon/filter/filter.h"
#include "daemon/filter/matcher.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/pipeline/ring.h"
#include "journal/format/section-names.h"

#define RING_SIZE    (8 << 20)
#define TRACKER_SIZE 65536
#define WAKEUP       4096
#define DRAIN_MAX    1000
#define PAUSE_USEC   20000

static const char *const modes[] = {
	[ATTACH_AUTO] = "auto",
	[ATTACH_KPROBE] = "kprobe",
	[ATTACH_FENTRY] = "fentry",
};

static const char *const verdicts[] = { "drop", "accept", "stolen", "queue", "repeat", "stop" };
static const char *const codes[] = { "continue", "break", "jump", "goto", "return" };

struct settings {
	enum attach_mode attach;
	uint32_t verdicts;
	uint32_t sections;
	const char *filter;
	const char *ready;
	unsigned int seconds;
	bool track;
	bool quiet;
};

static const char *verdict_name(int verdict)
{
	if (verdict >= 0 && verdict < (int)G_N_ELEMENTS(verdicts))
		return verdicts[verdict];
	if (verdict < 0 && -1 - verdict < (int)G_N_ELEMENTS(codes))
		return codes[-1 - verdict];
	return "?";
}

static void nft_print(const struct event_nft *nft)
{
	const char *table = (const char *)(nft + 1), *chain = table + nft->table_length;
	const char *target = chain + nft->chain_length;

	printf(" family %u hook %u pf %u type %u", nft->family, nft->hook, nft->protocol,
		nft->trace_type);
	if (nft->flags & EVENT_NFT_CHAIN)
		printf(" table %.*s (%llu) chain %.*s (%llu)", nft->table_length, table,
			nft->table_handle, nft->chain_length, chain, nft->chain_handle);
	if (nft->flags & EVENT_NFT_RULE)
		printf(" handle %llu", nft->rule_handle);
	printf(" %s", verdict_name(nft->verdict));
	if (nft->flags & EVENT_NFT_TARGET)
		printf(" target %.*s (%llu)", nft->target_length, target, nft->target_handle);
	if (nft->flags & EVENT_NFT_POLICY)
		printf(" (policy)");
	if (nft->queue)
		printf(" queue %u", nft->queue);
}

static void device_print(const struct event_device *device)
{
	const char *name = (const char *)(device + 1), *in = name + device->name_length;

	printf(" dev %u (%.*s) in %u (%.*s) out %u (%.*s) rxif %u", device->index,
		device->name_length, name, device->in_index, device->in_length, in,
		device->out_index, device->out_length, in + device->in_length, device->skb_iif);
}

static void packet_print(const struct event_packet *packet)
{
	const uint8_t *bytes = (const uint8_t *)(packet + 1);

	printf(" packet link %u length %u captured %u protocol %04x network %u:", packet->link,
		packet->length, packet->captured, packet->protocol, packet->network_offset);
	for (unsigned int i = 0; i < packet->captured; i++)
		printf("%s%02x", i % 4 ? "" : " ", bytes[i]);
}

static void record_print(void *context, uint64_t position, const void *data, uint32_t size)
{
	const struct settings *settings = context;
	const struct event_head *head = data;
	uint32_t offset = sizeof(*head);

	if (settings->quiet)
		return;
	if (head->size != size || size % EVENT_ALIGN)
		printf("BAD SIZE %u of %u ", head->size, size);
	printf("%llu cpu %u [%.16s] %u/%u probe %u attach %u epoch %u sessions %llx", head->time,
		head->cpu, head->comm, head->pid, head->tgid, head->probe, head->attach,
		head->epoch, head->sessions);
	printf(" netns %u cookie %llu skb %llx len %u", head->netns_inode, head->netns_cookie,
		head->skb, head->skb_length);
	if (head->flags & EVENT_STOLEN)
		printf(" stolen");
	if (head->flags & EVENT_TRACKED)
		printf(" track #%llx%llx", head->track_time, head->track_head);
	while (offset + sizeof(struct event_section) <= size) {
		const void *section = (const uint8_t *)data + offset;
		const struct event_section *header = section;

		if (header->type == EVENT_SECTION_NFT)
			nft_print(section);
		else if (header->type == EVENT_SECTION_DEVICE)
			device_print(section);
		else if (header->type == EVENT_SECTION_PACKET)
			packet_print(section);
		else
			printf(" section %u (%u bytes)", header->type, header->size);
		offset += (header->size + EVENT_ALIGN - 1) / EVENT_ALIGN * EVENT_ALIGN;
	}
	printf("%s\n", offset == size ? "" : " BAD END");
}

static void counts_print(struct pipeline *pipeline)
{
	static const char *const names[] = {
		[COUNT_CALLS] = "calls",
		[COUNT_NESTED] = "nested",
		[COUNT_MATCHED] = "matched",
		[COUNT_CHAIN_UNKNOWN] = "chain-unknown",
		[COUNT_CHAIN_WALKED] = "chain-walked",
		[COUNT_VIEW_CLIPPED] = "view-clipped",
		[COUNT_TRACKER_FULL] = "tracker-full",
		[COUNT_FAULTS] = "faults",
		[COUNT_STOLEN_UNKNOWN] = "stolen-unknown",
	};
	struct session_stats stats;
	uint64_t missed;
	int r;

	printf("#");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		printf(" %s %llu", names[i], (unsigned long long)pipeline_count(pipeline, i));
	pipeline_session_stats(pipeline, 0, &stats);
	printf(" session matched %llu ring-full %llu suppressed %llu", stats.matched,
		stats.ring_full, stats.suppressed);
	r = pipeline_missed(pipeline, &missed);
	if (r < 0)
		printf(" missed unknown (%s)\n", strerror(-r));
	else
		printf(" missed %llu\n", (unsigned long long)missed);
}

static unsigned int drain(struct ring **rings, unsigned int count, const struct settings *settings)
{
	unsigned int drained = 0;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int n;

		while ((n = ring_drain(rings[i], DRAIN_MAX, record_print, (void *)settings)) > 0) {
			drained += n;
			ring_release(rings[i]);
		}
	}
	return drained;
}

static void listen_for(struct pipeline *pipeline, const struct settings *settings)
{
	unsigned int count = pipeline_rings(pipeline), total = 0;
	g_autofree struct ring **rings = g_new0(struct ring *, count);
	time_t end = time(NULL) + settings->seconds;

	for (unsigned int i = 0; i < count; i++) {
		int r = ring_new(pipeline_ring_fd(pipeline, i), &rings[i]);

		if (r < 0) {
			fprintf(stderr, "ring: %s\n", strerror(-r));
			exit(EXIT_FAILURE);
		}
	}
	while (time(NULL) < end && !(settings->ready && access(settings->ready, F_OK) < 0)) {
		total += drain(rings, count, settings);
		usleep(PAUSE_USEC);
	}
	total += drain(rings, count, settings);
	printf("# records %u\n", total);
	for (unsigned int i = 0; i < count; i++)
		ring_free(rings[i]);
}

static void fail(const char *what, int error, const char *reason)
{
	fprintf(stderr, "%s: %s (%s)\n", what, reason ? reason : "no reason", strerror(-error));
	exit(EXIT_FAILURE);
}

static void swap(struct pipeline *pipeline, const struct settings *settings)
{
	struct matcher_session session = { .verdicts = settings->verdicts, .probes = ~0u };
	struct pipeline_config config = { .verdicts = settings->verdicts, .wakeup = WAKEUP };
	static const struct pipeline_probe probes[EVENT_PROBES_MAX];
	struct filter *filter = NULL;
	struct matcher_budget budget;
	struct matcher *matcher;
	char *reason = NULL;
	int r;

	if (settings->filter) {
		r = filter_new(settings->filter, &filter, &reason);
		if (r < 0)
			fail("filter", r, reason);
		config.view = filter->view;
		session.filter = filter;
	}
	config.tracking = settings->track ? 1 : 0;
	config.sections[0] = settings->sections;
	r = matcher_build(&session, settings->verdicts ? 1 : 0, pipeline_next_epoch(pipeline),
		&matcher, &budget, &reason);
	if (r < 0)
		fail("matcher", r, reason);
	r = pipeline_swap(pipeline, matcher, !settings->verdicts, &config, probes, &reason);
	if (r < 0)
		fail("swap", r, reason);
	matcher_free(matcher);
	filter_free(filter);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void settings_parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "attach", required_argument, NULL, 'a' },
		{ "verdicts", required_argument, NULL, 'v' },
		{ "filter", required_argument, NULL, 'f' },
		{ "track", no_argument, NULL, 't' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "seconds", required_argument, NULL, 's' },
		{ "ready", required_argument, NULL, 'r' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'a':
			for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
				if (strcmp(optarg, modes[i]) == 0)
					settings->attach = i;
			}
			break;
		case 'v':
			settings->verdicts = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			settings->filter = optarg;
			break;
		case 't':
			settings->track = true;
			break;
		case 'q':
			settings->quiet = true;
			break;
		case 's':
			settings->seconds = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'r':
			settings->ready = optarg;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.verdicts = VERDICT_MASK_ALL, .sections = SECTION_MASK_DEFAULT, .seconds = 10
	};
	struct pipeline_options options = { .ring_size = RING_SIZE, .tracker_size = TRACKER_SIZE };
	struct settings none;
	struct pipeline *pipeline;
	char *reason = NULL;
	double began = seconds_now();
	unsigned int used;
	int r;

	settings_parse(&settings, argc, argv);
	options.attach = settings.attach;
	r = pipeline_new(&options, &pipeline, &reason);
	if (r < 0)
		fail("pipeline", r, reason);
	printf("# %s, %s, loaded in %.3f s", modes[pipeline_attach_mode(pipeline)],
		pipeline_layout_name(pipeline), seconds_now() - began);
	began = seconds_now();
	swap(pipeline, &settings);
	printf(", attached in %.3f s\n", seconds_now() - began);
	fflush(stdout);
	if (settings.ready)
		g_file_set_contents(settings.ready, "", 0, NULL);

	listen_for(pipeline, &settings);
	counts_print(pipeline);
	pipeline_tracker_age(pipeline, 0, &used);
	printf("# stale %d\n", pipeline_stale(pipeline));
	none = settings;
	none.verdicts = 0;
	swap(pipeline, &none);
	pipeline_free(pipeline);
	return EXIT_SUCCESS;
}
