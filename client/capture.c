/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals as a packet capture; see capture.h. */
#include "capture.h"

#include <glib.h>
#include <string.h>
#include <xxhash.h>

#include "capture-comment.h"
#include "config.h"
#include "journal/decode.h"
#include "journal/dictionary.h"
#include "journal/view.h"
#include "pcapng.h"

#define APPLICATION "nfttracectl " NFTTRACED_VERSION

/* What makes an interface. Zeroed before it is filled in: it is compared as it is. */
struct place {
	uint64_t netns_cookie;
	uint32_t netns_inode;
	uint32_t boot;
	uint32_t device;
	uint16_t link;
	uint16_t further; /* for those that are not told apart */
	char name[EVENT_DEVICE_MAX + 1];
};

struct interface {
	struct place place;
	uint32_t number;
	uint64_t packets;
	uint64_t first, last; /* ns */
};

/* What is known of each journal. */
struct source {
	struct view view;
	char *host; /* or NULL */
};

struct capture {
	struct journals *journals;
	struct output *output;
	struct pcapng pcapng;
	struct source *sources;
	GHashTable *interfaces; /* struct interface, by its place */
	GPtrArray *numbered; /* the same, by number */
	capture_await await; /* or NULL */
	void *await_context;
	struct output comment;
	bool begun; /* the section's header is written */
	uint64_t packets, passed_over;
	uint64_t lost[LOSS_REASONS + 1]; /* the last: for reasons that are not known */
	bool incomplete, ended;
	uint64_t last; /* ns: of the latest packet */
};

static guint place_hash(const void *place)
{
	return (guint)XXH3_64bits(place, sizeof(struct place));
}

static gboolean place_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct place)) == 0;
}

struct capture *capture_new(struct journals *journals, struct output *output)
{
	struct capture *capture = g_new0(struct capture, 1);

	capture->journals = journals;
	capture->output = output;
	capture->sources = g_new0(struct source, journals_count(journals));
	capture->interfaces = g_hash_table_new(place_hash, place_equal);
	capture->numbered = g_ptr_array_new_with_free_func(g_free);
	pcapng_open(&capture->pcapng, output);
	output_open(&capture->comment, OUTPUT_MEMORY);
	return capture;
}

void capture_use_await(struct capture *capture, capture_await await, void *context)
{
	capture->await = await;
	capture->await_context = context;
}

/* A file has one header: what several machines say of themselves has no room in it. */
static void capture_begin(struct capture *capture, const struct dictionary_start *start)
{
	g_autofree char *os = NULL;

	if (capture->begun)
		return;
	capture->begun = true;
	if (start && journals_count(capture->journals) == 1)
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

/* The device that the packet came by, or will leave by. */
static void place_device(struct place *place, const struct event *event)
{
	struct event_text name = event->device_name;

	if (!event->has_device)
		return;
	place->device = event->device.index;
	if (place->device == 0) {
		place->device = event->device.out_index;
		name = event->out_name;
	}
	if (name.length > 0)
		memcpy(place->name, name.bytes, MIN(name.length, EVENT_DEVICE_MAX));
}

static void place_of(struct place *place, const struct event *event, unsigned int boot)
{
	memset(place, 0, sizeof(*place));
	place->netns_cookie = event->head.netns_cookie;
	place->netns_inode = event->head.netns_inode;
	place->boot = boot;
	place->link = event->packet.link;
	place_device(place, event);
}

/* "eth0", escaped; a device without a name by its number. */
static char *interface_name(const struct place *place)
{
	auto_output name = { 0 };

	if (place->further)
		return g_strdup("others");
	if (place->device == 0)
		return g_strdup("none");
	if (!*place->name)
		return g_strdup_printf("if%u", place->device);
	output_open(&name, OUTPUT_MEMORY);
	output_word(&name, place->name, strnlen(place->name, sizeof(place->name)));
	return output_steal(&name);
}

/* Where the interface is: "netns 4026531833 (blue), ifindex 2, host web1". */
static char *interface_description(
	const struct capture *capture, const struct place *place, unsigned int journal)
{
	struct library *library = journals_library(capture->journals, journal);
	const char *netns = library_netns(library, place->netns_cookie, place->netns_inode);
	const char *host = capture->sources[journal].host;
	auto_output text = { 0 };

	if (place->further)
		return g_strdup("devices beyond those that are told apart");
	output_open(&text, OUTPUT_MEMORY);
	output_text(&text, "netns ");
	output_number(&text, place->netns_inode);
	if (netns) {
		output_text(&text, " (");
		output_escaped(&text, netns, strlen(netns));
		output_char(&text, ')');
	}
	output_text(&text, ", ifindex ");
	output_number(&text, place->device);
	if (host && *host) {
		output_text(&text, ", host ");
		output_escaped(&text, host, strlen(host));
	}
	return output_steal(&text);
}

static struct interface *interface_add(
	struct capture *capture, const struct place *place, unsigned int journal)
{
	struct interface *interface = g_new0(struct interface, 1);
	g_autofree char *description = interface_description(capture, place, journal);
	g_autofree char *name = interface_name(place);
	const struct pcapng_interface block = {
		.link_type = place->link == EVENT_LINK_ETHERNET ? PCAPNG_ETHERNET : PCAPNG_RAW,
		.snapshot = EVENT_SNAPSHOT_MAX,
		.name = name,
		.description = description,
	};

	interface->place = *place;
	interface->number = capture->numbered->len;
	g_ptr_array_add(capture->numbered, interface);
	g_hash_table_insert(capture->interfaces, &interface->place, interface);
	pcapng_interface(&capture->pcapng, &block);
	return interface;
}

/* The interface of a place, described when it is first seen. */
static struct interface *interface_of(
	struct capture *capture, const struct place *place, unsigned int journal)
{
	struct interface *interface = g_hash_table_lookup(capture->interfaces, place);
	struct place further;

	if (interface)
		return interface;
	if (g_hash_table_size(capture->interfaces) < CAPTURE_INTERFACES_MAX)
		return interface_add(capture, place, journal);
	memset(&further, 0, sizeof(further));
	further.further = true;
	further.link = place->link;
	interface = g_hash_table_lookup(capture->interfaces, &further);
	return interface ? interface : interface_add(capture, &further, journal);
}

static const struct rule_name *rule_of(
	const struct capture *capture, struct library *library, const struct event *event)
{
	const struct rule_name *rule;

	if (!event->has_nft || !(event->nft.flags & EVENT_NFT_RULE))
		return NULL;
	rule = library_rule(library, event);
	return rule || !capture->await ? rule : capture->await(capture->await_context, event);
}

/* The comment of an event, valid until the next one. */
static const char *comment_of(
	struct capture *capture, const struct event *event, unsigned int journal)
{
	struct library *library = journals_library(capture->journals, journal);
	const struct comment_names names = {
		.probe = view_symbol(&capture->sources[journal].view, event),
		.rule = rule_of(capture, library, event),
		.drop_reason = event->has_drop ? library_reason(library, event->drop.reason) : NULL,
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
	struct capture *capture, const struct journals_record *record, const struct event *event)
{
	struct interface *interface;
	struct pcapng_packet packet;
	struct place place;

	capture_begin(capture, NULL);
	place_of(&place, event, record->boot);
	interface = interface_of(capture, &place, record->journal);
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
	capture->packets++;
	capture->last = MAX(capture->last, record->time);
	interface->last = MAX(interface->last, record->time);
	if (interface->packets++ == 0)
		interface->first = record->time;
}

static void take_event(struct capture *capture, const struct journals_record *record)
{
	bool swapped = record->entry.byte_order != JOURNAL_BYTE_ORDER;
	struct event event;

	if (event_decode(record->entry.data, record->entry.size, swapped, &event) < 0) {
		capture->incomplete = true;
		return;
	}
	view_narrow(&capture->sources[record->journal].view, &event);
	if (event.has_packet)
		write_packet(capture, record, &event);
	else
		capture->passed_over++;
}

static void take_settings(struct source *source, const struct journal_entry *entry)
{
	auto_dictionary_settings settings = { 0 };

	if (dictionary_settings_parse(entry->data, entry->size, &settings) >= 0)
		view_set(&source->view, &settings);
}

static void take_end(struct capture *capture, const struct journal_entry *entry)
{
	struct dictionary_books books = { 0 };

	if (dictionary_books_parse(entry->data, entry->size, &books) < 0)
		return;
	capture->ended = true;
	capture->incomplete = capture->incomplete || books.lost > 0;
}

void capture_take(struct capture *capture, const struct journals_record *record)
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
		break;
	}
}

/* "events lost: ring-full 132"; NULL if the journals say of none. */
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
	g_autofree char *comment = NULL;
	uint64_t lost;

	capture_begin(capture, NULL);
	comment = losses_comment(capture, &lost);
	for (guint i = 0; i < capture->numbered->len; i++) {
		const struct interface *interface = g_ptr_array_index(capture->numbered, i);
		const struct pcapng_statistics statistics = {
			.interface = interface->number,
			.time = capture->last,
			.first = interface->first,
			.last = interface->last,
			.delivered = interface->packets,
			/* Nobody knows whose they were: told once, so that a sum is right. */
			.dropped = i == 0 ? lost : 0,
			.comment = i == 0 ? comment : NULL,
		};

		pcapng_statistics(&capture->pcapng, &statistics);
	}
}

uint64_t capture_packets(const struct capture *capture)
{
	return capture->packets;
}

uint64_t capture_passed_over(const struct capture *capture)
{
	return capture->passed_over;
}

bool capture_incomplete(const struct capture *capture)
{
	return capture->incomplete;
}

bool capture_ended(const struct capture *capture)
{
	return capture->ended;
}

struct capture *capture_free(struct capture *capture)
{
	if (!capture)
		return NULL;
	for (unsigned int i = 0; i < journals_count(capture->journals); i++) {
		view_clear(&capture->sources[i].view);
		g_free(capture->sources[i].host);
	}
	g_free(capture->sources);
	g_hash_table_unref(capture->interfaces);
	g_ptr_array_unref(capture->numbered);
	pcapng_close(&capture->pcapng);
	output_close(&capture->comment);
	g_free(capture);
	return NULL;
}
