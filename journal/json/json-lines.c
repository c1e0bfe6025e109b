/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a journal as lines of JSON; see event-json.h. */
#include <errno.h>

#include "journal/format/dictionary.h"
#include "journal/format/suppressed-rules.h"
#include "journal/json/json-sections.h"

/* A version that Retis's tools accept: that of the form of its events, followed by ours. */
#define RETIS_VERSION "v1.7.0-nfttraced-"

static void common_member(struct json *json)
{
	json_number(json->renderer.output, "{\"common\":{\"timestamp\":", json->time);
	json_literal(json->renderer.output, "}");
}

/* A line that has only the section "nfttraced" with one member, which begins with its key. */
static void own_line(struct json *json, const char *member, const char *value)
{
	common_member(json);
	json_number(json->renderer.output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	output_text(json->renderer.output, member);
	json_document(json->renderer.output, value, strlen(value));
	json_literal(json->renderer.output, "}}\n");
}

static void start_line(struct json *json, const struct dictionary_start *start)
{
	g_autofree char *version = g_strconcat(RETIS_VERSION, start->version, NULL);
	struct output *output = json->renderer.output;

	json->started = true;
	json->renderer.started = true;
	common_member(json);
	json_name(output, ",\"startup\":{\"retis_version\":", version);
	json_name(output, ",\"cmdline\":", start->command);
	json_literal(output, ",\"clock_monotonic_offset\":{\"sec\":");
	output_signed(output, start->offset_sec);
	json_number(output, ",\"nsec\":", start->offset_nsec);
	json_name(output, "},\"machine\":{\"kernel_release\":", start->kernel);
	json_name(output, ",\"kernel_version\":", start->build);
	json_name(output, ",\"hardware_name\":", start->machine);
	json_number(output, "}},\"nfttraced\":{\"session\":", start->session);
	json_name(output, ",\"name\":", start->name);
	json_name(output, ",\"version\":", start->version);
	json_name(output, ",\"host\":", start->host);
	json_name(output, ",\"boot_id\":", start->boot_id);
	json_literal(output, "}}\n");
}

/* A loss for a record that can't be decoded. */
static void unread_line(struct json *json, const char *reason)
{
	json->renderer.incomplete = true;
	common_member(json);
	json_number(json->renderer.output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	json_name(json->renderer.output, ",\"loss\":{\"reason\":", reason);
	json_literal(json->renderer.output, ",\"count\":1}}}\n");
}

static void render_start(struct json *json, const struct journal_entry *entry)
{
	auto_dictionary_start start = { 0 };

	if (dictionary_start_parse(entry->data, entry->size, &start) < 0) {
		unread_line(json, loss_reason_name(LOSS_DAMAGED));
		return;
	}
	json->renderer.session = start.session;
	start_line(json, &start);
}

/* Retis's tools expect a start in the first line. */
static void start_missing(struct json *json)
{
	char unknown[] = "unknown", none[] = "";
	const struct dictionary_start start = {
		.version = unknown,
		.host = unknown,
		.boot_id = none,
		.kernel = unknown,
		.build = unknown,
		.machine = unknown,
		.session = json->renderer.session,
		.name = none,
		.command = unknown,
	};

	start_line(json, &start);
}

static void render_settings(struct json *json, const struct journal_entry *entry)
{
	auto_dictionary_settings settings = { 0 };
	g_autofree char *text = NULL;

	if (dictionary_settings_parse(entry->data, entry->size, &settings) < 0) {
		unread_line(json, loss_reason_name(LOSS_DAMAGED));
		return;
	}
	session_view_set(&json->renderer.view, &settings);
	text = dictionary_settings_new(&settings);
	own_line(json, ",\"settings\":", text);
}

static void render_end(struct json *json, const struct journal_entry *entry)
{
	struct dictionary_totals totals = { 0 };
	g_autofree char *text = NULL;

	if (dictionary_totals_parse(entry->data, entry->size, &totals) < 0) {
		unread_line(json, loss_reason_name(LOSS_DAMAGED));
		return;
	}
	json->renderer.ended = true;
	json->renderer.incomplete = json->renderer.incomplete || totals.lost > 0;
	text = dictionary_totals_new(&totals);
	own_line(json, ",\"end\":", text);
}

static void render_suppressed(struct json *json, const struct journal_entry *entry)
{
	g_autoptr(GArray) rules = suppressed_record_parse(entry->data, entry->size);

	if (!rules) {
		unread_line(json, loss_reason_name(LOSS_DAMAGED));
		return;
	}
	for (unsigned int i = 0; i < rules->len; i++)
		json->time = MAX(json->time, g_array_index(rules, struct suppressed_rule, i).until);
	common_member(json);
	json_number(json->renderer.output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	json_suppressed(json, rules);
	json_literal(json->renderer.output, "}}\n");
}

static void render_clock(struct json *json, const struct journal_clock *clock)
{
	struct output *output = json->renderer.output;

	json->time = clock->since;
	common_member(json);
	json_number(output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	json_name(output, ",\"clock\":{\"cause\":", clock_cause_name(clock->cause));
	json_number(output, ",\"since\":", clock->since);
	json_number(output, ",\"realtime\":", clock->realtime);
	json_literal(output, ",\"moved\":");
	output_signed(output, (int64_t)(clock->realtime - clock->before));
	json_number(output, ",\"missed\":", clock->missed);
	json_literal(output, "}}}\n");
}

static void render_loss(struct json *json, const struct journal_loss *loss)
{
	struct output *output = json->renderer.output;

	json->renderer.incomplete = true;
	json->time = loss->until != 0 ? loss->until : json->time;
	common_member(json);
	json_number(output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	json_name(output, ",\"loss\":{\"reason\":", loss_reason_name(loss->reason));
	/* Without a count if it is unknown. */
	if (loss->count != 0)
		json_number(output, ",\"count\":", loss->count);
	if (loss->since != 0 && loss->until != 0) {
		json_number(output, ",\"since\":", loss->since);
		json_number(output, ",\"until\":", loss->until);
	}
	json_literal(output, "}}}\n");
}

static void render_event(struct json *json, const struct journal_entry *entry)
{
	struct event event;
	int r = renderer_event(&json->renderer, entry, &event);

	if (r < 0) {
		unread_line(json,
			r == -EPROTONOSUPPORT ? "newer-version" : loss_reason_name(LOSS_DAMAGED));
		return;
	}
	json->time = event.head.time;
	json_event(json, &event);
	json_literal(json->renderer.output, "\n");
}

static void json_render(struct renderer *renderer, const struct journal_entry *entry)
{
	struct json *json = (struct json *)renderer;

	if (entry->segment && json->time == 0)
		json->time = entry->segment->monotonic;
	switch (entry->type) {
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_POSITION:
		return;
	case JOURNAL_START:
		render_start(json, entry);
		return;
	case JOURNAL_EVENT:
	case JOURNAL_SETTINGS:
	case JOURNAL_LOSS:
	case JOURNAL_SUPPRESSED:
	case JOURNAL_CLOCK:
	case JOURNAL_END:
		break;
	}
	if (!json->started)
		start_missing(json);
	if (entry->type == JOURNAL_EVENT)
		render_event(json, entry);
	else if (entry->type == JOURNAL_SETTINGS)
		render_settings(json, entry);
	else if (entry->type == JOURNAL_LOSS)
		render_loss(json, &entry->loss);
	else if (entry->type == JOURNAL_CLOCK)
		render_clock(json, &entry->clock);
	else if (entry->type == JOURNAL_SUPPRESSED)
		render_suppressed(json, entry);
	else
		render_end(json, entry);
}

struct renderer *json_new(struct output *output, struct name_table *name_table)
{
	static const struct renderer_ops ops = {
		.render = json_render,
		.render_step = json_render,
	};
	struct json *json = g_new0(struct json, 1);

	json->renderer =
		(struct renderer){ .ops = &ops, .output = output, .name_table = name_table };
	return &json->renderer;
}
