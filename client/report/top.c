/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates of drops; see top.h. */
#include "client/report/top.h"

#include <string.h>

#include "client/report/drop-text.h"
#include "journal/base/amounts.h"
#include "journal/base/clock.h"

#define PLAIN_RATE   100 /* a second: higher rates are printed without a fraction */
#define NUMBER_WIDTH 10
#define NUMBERS      3 /* columns of them before the text */
#define GAP          2
#define CUT          "..."
#define PLACE_END    70 /* per cent that the end, with the handle, gets of a place that is cut */

/* Lines of a frame that are no rules: state, totals, an empty one, titles. */
#define HEAD_LINES 4

struct row {
	const struct drop *drop;
	double packets, bytes; /* a second */
};

struct top {
	struct drop_list *before, *list;
	uint64_t before_at, at; /* ns, CLOCK_MONOTONIC */
	GArray *rows; /* of struct row, the highest rate first */
	struct row all; /* the rates of the totals */
};

struct top *top_new(void)
{
	struct top *top = g_new0(struct top, 1);

	top->rows = g_array_new(FALSE, FALSE, sizeof(struct row));
	return top;
}

bool top_has_reading(const struct top *top)
{
	return top->list != NULL;
}

bool top_has_rates(const struct top *top)
{
	return top->before != NULL;
}

static unsigned int drop_hash(const void *pointer)
{
	const struct drop *drop = pointer;
	const int64_t mixed = (int64_t)(drop->netns_cookie * 31 + drop->table_handle * 131071 +
		drop->chain_handle * 8191 + drop->handle);

	return g_int64_hash(&mixed);
}

static int drop_equal(const void *one, const void *other)
{
	return drop_is_same(one, other);
}

static GHashTable *index_new(const struct drop_list *list)
{
	GHashTable *index = g_hash_table_new(drop_hash, drop_equal);

	for (unsigned int i = 0; list && i < list->drops->len; i++)
		g_hash_table_add(index, g_ptr_array_index(list->drops, i));
	return index;
}

/* The increase per second. A counter that went down was reset. */
static double rate_of(uint64_t before, uint64_t now, double seconds)
{
	return (double)(now < before ? now : now - before) / seconds;
}

static int by_rate(const void *one, const void *other)
{
	const struct row *a = one, *b = other;

	if (a->packets != b->packets)
		return a->packets < b->packets ? 1 : -1;
	if (a->drop->packets != b->drop->packets)
		return a->drop->packets < b->drop->packets ? 1 : -1;
	return a->drop->handle < b->drop->handle ? -1 : a->drop->handle > b->drop->handle;
}

static void compute_rates(struct top *top)
{
	g_autoptr(GHashTable) before = index_new(top->before);
	uint64_t nsec = MAX(top->at - top->before_at, 1);
	double seconds = (double)nsec / (double)NSEC_PER_SEC;

	g_array_set_size(top->rows, 0);
	top->all = (struct row){ 0 };
	for (unsigned int i = 0; i < top->list->drops->len; i++) {
		struct row row = { .drop = g_ptr_array_index(top->list->drops, i) };
		const struct drop *old = g_hash_table_lookup(before, row.drop);

		if (top->before) {
			row.packets = rate_of(old ? old->packets : 0, row.drop->packets, seconds);
			row.bytes = rate_of(old ? old->bytes : 0, row.drop->bytes, seconds);
		}
		g_array_append_val(top->rows, row);
	}
	if (top->before) {
		top->all.packets = rate_of(top->before->packets, top->list->packets, seconds);
		top->all.bytes = rate_of(top->before->bytes, top->list->bytes, seconds);
	}
	g_array_sort(top->rows, by_rate);
}

void top_take(struct top *top, struct drop_list *list, uint64_t now)
{
	drop_list_free(top->before);
	top->before = top->list;
	top->before_at = top->at;
	top->list = list;
	top->at = now;
	compute_rates(top);
}

static void append_rate(const struct top *top, GString *line, double packets)
{
	g_autofree char *text = NULL;

	text = top_has_rates(top) ? g_strdup_printf("%.*f", packets < PLAIN_RATE ? 1 : 0, packets)
				  : g_strdup("-");
	g_string_append_printf(line, "%*s  ", NUMBER_WIDTH, text);
}

static void append_size_rate(const struct top *top, GString *line, double bytes)
{
	char size[AMOUNT_SIZE];

	g_string_append_printf(line, "%*s  ", NUMBER_WIDTH,
		top_has_rates(top) ? amount_bytes((uint64_t)(bytes + 0.5), size) : "-");
}

/*
 * A text in a field of that width. One that is longer is cut so that `end` columns of its end stay.
 */
static void append_field(GString *line, const char *text, size_t width, size_t end)
{
	size_t mark = MIN(strlen(CUT), width);
	g_autofree char *cut = NULL;

	if (terminal_width(text) > width) {
		const char *last = terminal_fit_end(text, MIN(end, width - mark));
		size_t first = terminal_fit(text, width - mark - terminal_width(last));

		cut = g_strdup_printf("%.*s%.*s%s", (int)first, text, (int)mark, CUT, last);
		text = cut;
	}
	g_string_append(line, text);
	g_string_append_printf(line, "%*s", (int)(width - terminal_width(text)), "");
}

static void end_line(GString *line, const struct terminal_size *size, struct output *output)
{
	if (size)
		g_string_truncate(line, terminal_fit(line->str, size->columns));
	g_strchomp(line->str);
	output_text(output, line->str);
	output_char(output, '\n');
	g_string_truncate(line, 0);
}

static void print_head(const struct top *top, const char *title, const struct terminal_size *size,
	struct output *output)
{
	g_autoptr(GString) line = g_string_new(title);
	char bytes[AMOUNT_SIZE];

	if (top_has_rates(top))
		g_string_append_printf(line, "  %.*f packets/s  %s/s",
			top->all.packets < PLAIN_RATE ? 1 : 0, top->all.packets,
			amount_bytes((uint64_t)(top->all.bytes + 0.5), bytes));
	end_line(line, size, output);
	drop_totals_text(top->list, line);
	end_line(line, size, output);
}

/* How wide the column of places is in a line of `width` columns: rules get half of it, if they need
 * it. */
static size_t place_width(const struct top *top, size_t count, size_t width)
{
	size_t places = strlen("WHERE"), rules = strlen("RULE");

	for (size_t i = 0; i < count; i++) {
		const struct drop *drop = g_array_index(top->rows, struct row, i).drop;
		g_autoptr(GString) place = g_string_new(NULL);

		drop_place_text(drop, place);
		places = MAX(places, terminal_width(place->str));
		rules = MAX(rules, drop->rule ? terminal_width(drop->rule) : 0);
	}
	if (width == DROP_COLUMNS_ANY || places + GAP + rules <= width)
		return places;
	return MIN(places,
		MAX((width - MIN(GAP, width)) / 2, width > GAP + rules ? width - GAP - rules : 0));
}

static void print_rows(const struct top *top, size_t count, const struct terminal_size *size,
	struct output *output)
{
	size_t before = NUMBERS * (NUMBER_WIDTH + GAP);
	size_t width = !size             ? DROP_COLUMNS_ANY
		: size->columns > before ? size->columns - before
					 : 0;
	size_t places = place_width(top, count, width);
	size_t rules =
		width == DROP_COLUMNS_ANY || width < places + GAP ? SIZE_MAX : width - places - GAP;
	g_autoptr(GString) line = g_string_new(NULL);

	g_string_printf(line, "%*s  %*s  %*s  %-*s  RULE", NUMBER_WIDTH, "PACKETS/S", NUMBER_WIDTH,
		"BYTES/S", NUMBER_WIDTH, "PACKETS", (int)places, "WHERE");
	end_line(line, size, output);
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &g_array_index(top->rows, struct row, i);
		const char *rule = row->drop->rule ? row->drop->rule : "";
		g_autoptr(GString) place = g_string_new(NULL);

		append_rate(top, line, row->packets);
		append_size_rate(top, line, row->bytes);
		g_string_append_printf(
			line, "%*" G_GUINT64_FORMAT "  ", NUMBER_WIDTH, row->drop->packets);
		drop_place_text(row->drop, place);
		append_field(line, place->str, places, places * PLACE_END / 100);
		g_string_append(line, "  ");
		append_field(line, rule, MIN(rules, MAX(terminal_width(rule), 1)), 0);
		end_line(line, size, output);
	}
}

void top_frame(const struct top *top, const char *title, const struct terminal_size *size,
	struct output *output)
{
	size_t room = size->rows > HEAD_LINES ? size->rows - HEAD_LINES : 0;

	print_head(top, title, size, output);
	if (top->rows->len == 0) {
		output_text(output, "\nno drops yet\n");
		return;
	}
	output_char(output, '\n');
	print_rows(top, MIN(room, top->rows->len), size, output);
}

void top_round(const struct top *top, const char *title, struct output *output)
{
	size_t active = 0;

	while (active < top->rows->len && g_array_index(top->rows, struct row, active).packets > 0)
		active++;
	print_head(top, title, NULL, output);
	if (active > 0)
		print_rows(top, active, NULL, output);
	else
		output_text(output, "no drops\n");
	output_char(output, '\n');
}

struct top *top_free(struct top *top)
{
	if (!top)
		return NULL;
	drop_list_free(top->before);
	drop_list_free(top->list);
	g_array_unref(top->rows);
	g_free(top);
	return NULL;
}
