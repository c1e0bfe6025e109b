/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text renderer's records other than events; see text.h. */
#include <errno.h>
#include <glib.h>

#include "client/text/session-totals.h"
#include "client/text/text-sections.h"
#include "journal/base/clock.h"
#include "journal/format/dictionary.h"
#include "journal/format/suppressed-rules.h"

static void block_begin(struct text *text)
{
	text->settings_next = false;
	if (text->renderer.started)
		output_char(text->renderer.output, '\n');
	text->renderer.started = true;
}

static void remark_begin(struct text *text, enum text_style style)
{
	block_begin(text);
	text_style(text, style);
	output_text(text->renderer.output, "-- ");
}

/* Prints the session of a remark, if several journals are printed. */
static void remark_session(struct text *text)
{
	if (!text->renderer.several)
		return;
	totals_session(text->renderer.output, text->renderer.session, text->name);
	output_text(text->renderer.output, ": ");
}

static void remark_end(struct text *text)
{
	text_style(text, TEXT_STYLE_NONE);
	output_char(text->renderer.output, '\n');
}

static void escaped_text(struct text *text, const char *before, const char *string)
{
	output_text(text->renderer.output, before);
	output_escaped(text->renderer.output, string, strlen(string));
}

/* A record that can't be decoded is a loss. */
static void damaged_text(struct text *text, const char *what)
{
	text->renderer.incomplete = true;
	remark_begin(text, TEXT_STYLE_LOSS);
	remark_session(text);
	output_text(text->renderer.output, what);
	remark_end(text);
}

static void render_event(struct text *text, const struct journal_entry *entry)
{
	struct event event;
	int r = renderer_event(&text->renderer, entry, &event);

	if (r == -EPROTONOSUPPORT) {
		damaged_text(text, "1 event not shown: it was recorded by a newer nfttraced");
		return;
	}
	if (r < 0) {
		damaged_text(text, "1 event lost: journal damaged");
		return;
	}
	block_begin(text);
	text_event(text, &event);
}

static void render_start(struct text *text, const struct journal_entry *entry)
{
	auto_dictionary_start start = { 0 };

	if (dictionary_start_parse(entry->data, entry->size, &start) < 0) {
		damaged_text(text, "the start record is damaged");
		return;
	}
	block_begin(text);
	text_moment(text, entry->segment ? entry->segment->monotonic : 0);
	escaped_text(text, "\n  recorded with nfttraced ", start.version);
	escaped_text(text, "\n  on machine ", start.kernel);
	escaped_text(text, " ", start.build);
	escaped_text(text, " ", start.machine);
	output_char(text->renderer.output, '\n');
	if (*start.command) {
		escaped_text(text, "  cmdline ", start.command);
		output_char(text->renderer.output, '\n');
	}
	g_free(text->name);
	text->name = g_strdup(start.name);
	text->renderer.session = start.session;
	text->settings_next = true;
}

static void verdicts_text(struct text *text, char *const *verdicts)
{
	output_text(text->renderer.output, "verdicts ");
	for (size_t i = 0; verdicts[i]; i++)
		escaped_text(text, i > 0 ? "," : "", verdicts[i]);
}

/* The probe that every session has is named only if its stack was asked for. */
static void probes_text(struct text *text, const struct dictionary_settings *settings)
{
	const char *before = " probes ";

	if (settings->stack) {
		output_text(text->renderer.output, " probes __nft_trace_packet/stack");
		before = ",";
	}
	for (size_t i = 0; i < settings->probe_count; i++) {
		escaped_text(text, before, settings->probes[i].symbol);
		if (settings->probes[i].stack)
			output_text(text->renderer.output, "/stack");
		before = ",";
	}
}

static void settings_text(struct text *text, const struct dictionary_settings *settings)
{
	verdicts_text(text, settings->verdicts);
	if (*settings->filter)
		escaped_text(text, " filter ", settings->filter);
	probes_text(text, settings);
}

static void render_settings(struct text *text, const struct journal_entry *entry)
{
	auto_dictionary_settings settings = { 0 };

	if (dictionary_settings_parse(entry->data, entry->size, &settings) < 0) {
		damaged_text(text, "a settings record is damaged");
		return;
	}
	session_view_set(&text->renderer.view, &settings);
	if (text->settings_next) {
		text->settings_next = false;
		output_text(text->renderer.output, "  ");
		totals_session(text->renderer.output, text->renderer.session, text->name);
		output_char(text->renderer.output, ' ');
		settings_text(text, &settings);
		output_char(text->renderer.output, '\n');
		return;
	}
	remark_begin(text, TEXT_STYLE_REMARK);
	remark_session(text);
	output_text(text->renderer.output, "settings: ");
	settings_text(text, &settings);
	remark_end(text);
}

static const char *loss_text(uint32_t reason)
{
	switch ((enum loss_reason)reason) {
	case LOSS_RING_FULL:
		return "ring full";
	case LOSS_DISK_FULL:
		return "disk full";
	case LOSS_DISK_ERROR:
		return "disk error";
	case LOSS_RETENTION:
		return "removed to keep the journal within its limits";
	case LOSS_SLOW_READER:
		return "the reader was too slow";
	case LOSS_DAMAGED:
		return "journal damaged";
	case LOSS_NO_MODULE:
		return "nf_tables was not loaded";
	case LOSS_SILENCED:
		return "the kernel's probes were switched off";
	case LOSS_RESTART:
		return "nfttraced was not running";
	case LOSS_REASONS:
		break;
	}
	return "unknown reason";
}

static void render_loss(struct text *text, const struct journal_loss *loss)
{
	text->renderer.incomplete = true;
	remark_begin(text, TEXT_STYLE_LOSS);
	remark_session(text);
	if (loss->count == 0) {
		output_text(text->renderer.output, "events lost, their number is unknown: ");
	} else {
		output_number(text->renderer.output, loss->count);
		output_text(text->renderer.output,
			loss->count == 1 ? " event lost: " : " events lost: ");
	}
	output_text(text->renderer.output, loss_text(loss->reason));
	if (loss->since != 0 && loss->until != 0) {
		output_text(text->renderer.output, " (between ");
		text_moment(text, loss->since);
		output_text(text->renderer.output, " and ");
		text_moment(text, loss->until);
		output_char(text->renderer.output, ')');
	}
	remark_end(text);
}

static void render_suppressed(struct text *text, const struct journal_entry *entry)
{
	g_autoptr(GArray) rules = suppressed_record_parse(entry->data, entry->size);

	if (!rules) {
		damaged_text(text, "a record of suppressed events is damaged");
		return;
	}
	if (rules->len == 0)
		return;
	remark_begin(text, TEXT_STYLE_REMARK);
	remark_session(text);
	text_suppressed(text, rules);
	text_style(text, TEXT_STYLE_NONE);
}

/* Names that the journal has and that are missing beside numbers are reported with the totals. */
static void unread_names_text(struct text *text)
{
	uint64_t unread = name_table_unread(text->renderer.name_table);

	if (unread == 0)
		return;
	remark_begin(text, TEXT_STYLE_REMARK);
	remark_session(text);
	output_number(text->renderer.output, unread);
	output_text(text->renderer.output, unread == 1 ? " name was" : " names were");
	output_text(text->renderer.output, " not read: the journal has more than ");
	output_number(text->renderer.output, NAME_TABLE_NAMES_MAX);
	output_text(text->renderer.output, " of one kind");
	remark_end(text);
}

static void render_end(struct text *text, const struct journal_entry *entry)
{
	struct dictionary_totals totals = { 0 };

	if (dictionary_totals_parse(entry->data, entry->size, &totals) < 0) {
		damaged_text(text, "the final totals are damaged");
		return;
	}
	text->renderer.ended = true;
	if (totals.lost > 0)
		text->renderer.incomplete = true;
	remark_begin(text, totals.lost > 0 ? TEXT_STYLE_LOSS : TEXT_STYLE_REMARK);
	totals_session(text->renderer.output, text->renderer.session, text->name);
	output_text(text->renderer.output, ": ");
	totals_text(text->renderer.output, &totals);
	remark_end(text);
	unread_names_text(text);
}

/* "the clock was set 31536000.000 s ahead". */
static void render_clock(struct text *text, const struct journal_clock *clock)
{
	static const char *const causes[CLOCK_CAUSES] = {
		[CLOCK_SET] = "the wall clock was set ",
		[CLOCK_RESUMED] = "the machine resumed: the wall clock is ",
		[CLOCK_SLEWED] = "the wall clock was slewed ",
	};
	bool ahead = (int64_t)(clock->realtime - clock->before) >= 0;
	uint64_t moved = ahead ? clock->realtime - clock->before : clock->before - clock->realtime;

	remark_begin(text, TEXT_STYLE_REMARK);
	text_moment(text, clock->since);
	output_char(text->renderer.output, ' ');
	remark_session(text);
	output_text(text->renderer.output,
		clock->cause < CLOCK_CAUSES ? causes[clock->cause] : "the wall clock moved ");
	output_number(text->renderer.output, moved / NSEC_PER_SEC);
	output_char(text->renderer.output, '.');
	output_number_padded(text->renderer.output, moved % NSEC_PER_SEC / NSEC_PER_MSEC, 3);
	output_text(text->renderer.output, ahead ? " s ahead" : " s back");
	if (clock->missed > 0)
		output_number_after(
			text->renderer.output, "; earlier moves without a record: ", clock->missed);
	remark_end(text);
}

static void text_render(struct renderer *renderer, const struct journal_entry *entry)
{
	struct text *text = (struct text *)renderer;

	if (entry->segment)
		text->segment = *entry->segment;
	switch (entry->type) {
	case JOURNAL_EVENT:
		render_event(text, entry);
		break;
	case JOURNAL_START:
		render_start(text, entry);
		break;
	case JOURNAL_SETTINGS:
		render_settings(text, entry);
		break;
	case JOURNAL_LOSS:
		render_loss(text, &entry->loss);
		break;
	case JOURNAL_SUPPRESSED:
		render_suppressed(text, entry);
		break;
	case JOURNAL_CLOCK:
		render_clock(text, &entry->clock);
		break;
	case JOURNAL_END:
		render_end(text, entry);
		break;
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_POSITION:
		break;
	}
}

static void text_close(struct renderer *renderer)
{
	struct text *text = (struct text *)renderer;

	g_free(text->name);
	output_close(&text->step);
}

struct renderer *text_new(
	struct output *output, struct name_table *name_table, const struct text_form *form)
{
	static const struct renderer_ops ops = {
		.render = text_render,
		.render_step = text_render_step,
		.close = text_close,
	};
	struct text *text = g_new(struct text, 1);

	*text = (struct text){
		.renderer = { .ops = &ops, .output = output, .name_table = name_table },
		.form = *form,
		.date_second = -1,
	};
	return &text->renderer;
}
