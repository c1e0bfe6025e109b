/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals as a packet capture; see capture.h. */
#include "client/pcap/capture.h"

#include <glib.h>
#include <string.h>
#include <xxhash.h>

#include "client/pcap/capture-comment.h"
#include "client/pcap/capture-interface.h"
#include "client/pcap/pcapng.h"
#include "config.h"
#include "journal/event/decode.h"
#include "journal/event/session-view.h"
#include "journal/format/dictionary.h"

#define APPLICATION "nfttracectl " NFTTRACED_VERSION

/* A journal. */
struct source {
	struct session_view view;
	char *host; /* or NULL */
};

struct capture {
	struct journal_set *journals;
	struct output *output;
	struct pcapng pcapng;
	struct source *sources;
	struct capture_interfaces *interfaces;
	capture_await await; /* or NULL */
	void *await_context;
	struct output comment;
	bool begun; /* the section's header is written */
	uint64_t skipped; /* events without a packet */
	uint64_t lost[LOSS_REASONS + 1]; /* the last: for reasons that are not known */
	bool incomplete;
	uint64_t last; /* ns: of the latest packet */
};

struct capture *capture_new(struct journal_set *journals, struct output *output)
{
	struct capture *capture = g_new0(struct capture, 1);

	capture->journals = journals;
	capture->output = output;
	capture->sources = g_new0(struct source, journal_set_count(journals));
	capture->interfaces = capture_interfaces_new();
	pcapng_open(&capture->pcapng, output);
	output_open(&capture->comment, OUTPUT_MEMORY);
	return capture;
}

void capture_use_await(struct capture *capture, capture_await await, void *context)
{
	capture->await = await;
	capture->await_context = context;
}

/* A file has one header, which can describe one machine only. */
static void capture_begin(struct capture *capture, const struct dictionary_start *start)
{
	g_autofree char *os = NULL;

	if (capture->begun)
		return;
	capture->begun = true;
	if (start && journal_set_count(capture->journals) == 1)
		os = g_strdup_printf("Linux %s %s", start->kernel, start->build);
	pcapng_section(&capture->pcapng, os ? start->machine : NULL, os, APPLICATION);
}

static void take_start(
	struct capture *capture, struct source *source, const struct journal_entry *entry)
{
	auto_dictionary_start start = { 0 };

	if (dictionary_start_parse(entry->data, entry->size, &start) < 0)
		return;
	capture_begin(capture, &start);
	g_free(source->host);
	source->host = g_steal_pointer(&start.host);
}

static struct capture_interface *interface_of(
	struct capture *capture, const struct journal_set_record *record, const struct event *event)
{
	struct name_table *name_table = journal_set_names(capture->journals, record->journal);
	const struct capture_place place = {
		.boot = record->boot,
		.netns = name_table_netns(
			name_table, event->head.netns_cookie, event->head.netns_inode),
		.host = capture->sources[record->journal].host,
	};

	return capture_interface_of(capture->interfaces, &capture->pcapng, event, &place);
}

static const struct rule_name *rule_of(
	const struct capture *capture, struct name_table *name_table, const struct event *event)
{
	const struct rule_name *rule;

	if (!event->has_nft || !(event->nft.flags & EVENT_NFT_RULE))
		return NULL;
	rule = name_table_rule(name_table, event);
	return rule || !capture->await ? rule : capture->await(capture->await_context, event);
}

/* The comment of an event, valid until the next one. */
static const char *comment_of(
	struct capture *capture, const struct event *event, unsigned int journal)
{
	struct name_table *name_table = journal_set_names(capture->journals, journal);
	const struct comment_names names = {
		.probe = session_view_symbol(&capture->sources[journal].view, event),
		.rule = rule_of(capture, name_table, event),
		.drop_reason =
			event->has_drop ? name_table_reason(name_table, event->drop.reason) : NULL,
	};

	capture->comment.used = 0;
	comment_text(&capture->comment, event, &names);
	output_char(&capture->comment, '\0');
	return capture->comment.bytes;
}

/* The same number for the events of one packet. */
static uint64_t packet_id(const struct event_head *head, unsigned int boot)
{
	const uint64_t id[] = { head->track_time, head->track_head, boot };

	return head->flags & EVENT_TRACKED ? XXH3_64bits(id, sizeof(id)) : 0;
}

static void write_packet(
	struct capture *capture, const struct journal_set_record *record, const struct event *event)
{
	struct capture_interface *interface;
	struct pcapng_packet packet;

	capture_begin(capture, NULL);
	interface = interface_of(capture, record, event);
	packet = (struct pcapng_packet){
		.interface = interface->number,
		.time = record->time,
		.bytes = event->packet_bytes,
		.captured = event->packet.captured,
		.length = MAX(event->packet.length, event->packet.captured),
		.id = packet_id(&event->head, record->boot),
		.comment = comment_of(capture, event, record->journal),
	};
	pcapng_packet(&capture->pcapng, &packet);
	capture->last = MAX(capture->last, record->time);
	interface->last = MAX(interface->last, record->time);
	if (interface->packets++ == 0)
		interface->first = record->time;
}

static void take_event(struct capture *capture, const struct journal_set_record *record)
{
	bool swapped = record->entry.byte_order != JOURNAL_BYTE_ORDER;
	struct event event;

	if (event_decode(record->entry.data, record->entry.size, swapped, &event) < 0) {
		capture->incomplete = true;
		return;
	}
	session_view_narrow(&capture->sources[record->journal].view, &event);
	if (event.has_packet)
		write_packet(capture, record, &event);
	else
		capture->skipped++;
}

static void take_settings(struct source *source, const struct journal_entry *entry)
{
	auto_dictionary_settings settings = { 0 };

	if (dictionary_settings_parse(entry->data, entry->size, &settings) >= 0)
		session_view_set(&source->view, &settings);
}

static void take_end(struct capture *capture, const struct journal_entry *entry)
{
	struct dictionary_totals totals = { 0 };

	if (dictionary_totals_parse(entry->data, entry->size, &totals) < 0)
		return;
	capture->incomplete = capture->incomplete || totals.lost > 0;
}

void capture_take(struct capture *capture, const struct journal_set_record *record)
{
	struct source *source = &capture->sources[record->journal];
	const struct journal_entry *entry = &record->entry;

	switch (entry->type) {
	case JOURNAL_EVENT:
		take_event(capture, record);
		break;
	case JOURNAL_START:
		take_start(capture, source, entry);
		break;
	case JOURNAL_SETTINGS:
		take_settings(source, entry);
		break;
	case JOURNAL_LOSS:
		capture->incomplete = true;
		capture->lost[MIN(entry->loss.reason, LOSS_REASONS)] += entry->loss.count;
		break;
	case JOURNAL_END:
		take_end(capture, entry);
		break;
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_SUPPRESSED:
	case JOURNAL_POSITION:
	case JOURNAL_CLOCK:
		break;
	}
}

/* "events lost on any interface: ring-full 132"; NULL if no events were lost. g_free it. */
static char *losses_comment(const struct capture *capture, uint64_t *ret_lost)
{
	g_autoptr(GString) text = g_string_new(NULL);

	*ret_lost = 0;
	for (uint32_t i = 0; i <= LOSS_REASONS; i++) {
		if (capture->lost[i] == 0)
			continue;
		*ret_lost += capture->lost[i];
		g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT,
			text->len > 0 ? ", " : "events lost on any interface: ",
			loss_reason_name(i), capture->lost[i]);
	}
	return text->len > 0 ? g_strdup(text->str) : NULL;
}

void capture_end(struct capture *capture)
{
	const GPtrArray *interfaces = capture_interfaces_all(capture->interfaces);
	g_autofree char *comment = NULL;
	uint64_t lost;

	capture_begin(capture, NULL);
	comment = losses_comment(capture, &lost);
	for (guint i = 0; i < interfaces->len; i++) {
		const struct capture_interface *interface = g_ptr_array_index(interfaces, i);
		const struct pcapng_statistics statistics = {
			.interface = interface->number,
			.time = capture->last,
			.first = interface->first,
			.last = interface->last,
			.delivered = interface->packets,
			/* Their interface is unknown: all are counted at the first one, so that the
			 * sum is right. */
			.dropped = i == 0 ? lost : 0,
			.comment = i == 0 ? comment : NULL,
		};

		pcapng_statistics(&capture->pcapng, &statistics);
	}
}

uint64_t capture_skipped_count(const struct capture *capture)
{
	return capture->skipped;
}

bool capture_incomplete(const struct capture *capture)
{
	return capture->incomplete;
}

struct capture *capture_free(struct capture *capture)
{
	if (!capture)
		return NULL;
	for (unsigned int i = 0; i < journal_set_count(capture->journals); i++) {
		session_view_clear(&capture->sources[i].view);
		g_free(capture->sources[i].host);
	}
	g_free(capture->sources);
	capture_interfaces_free(capture->interfaces);
	pcapng_close(&capture->pcapng);
	output_close(&capture->comment);
	g_free(capture);
	return NULL;
}
