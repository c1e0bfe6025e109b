/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status for a person: health, facts, kernel features. See daemon-status.h. */
#include "client/bus/daemon-status.h"
#include "journal/base/amounts.h"

#define LABEL_WIDTH 20
#define VALUE_WIDTH 8 /* of a feature that has advice behind it */

static void print_spaces(struct output *output, size_t used, size_t width)
{
	for (; used < width; used++)
		output_char(output, ' ');
	output_char(output, ' ');
}

static void print_label(struct output *output, const char *name)
{
	output_text(output, "  ");
	output_escaped(output, name, strlen(name));
	print_spaces(output, strlen(name), LABEL_WIDTH);
}

static void text_line(struct output *output, const char *name, const char *value)
{
	print_label(output, name);
	output_escaped(output, value, strlen(value));
	output_char(output, '\n');
}

static void number_line(struct output *output, const char *name, uint64_t value)
{
	print_label(output, name);
	if (value == STATUS_UNKNOWN)
		output_text(output, "unknown: not reported by this kernel");
	else
		output_number(output, value);
	output_char(output, '\n');
}

/* Bytes of memory of that name, printed into `out`; NULL if they are not reported. */
static const char *memory_size(const struct status *status, const char *name, char out[AMOUNT_SIZE])
{
	for (char **pair = status->memory; pair && pair[0] && pair[1]; pair += 2) {
		uint64_t bytes;

		if (g_str_equal(pair[0], name) && parse_count(pair[1], &bytes) == 0)
			return amount_bytes(bytes, out);
	}
	return NULL;
}

static void memory_line(struct output *output, const struct status *status)
{
	char sizes[3][AMOUNT_SIZE];
	const char *bound = memory_size(status, "bound", sizes[0]);
	const char *used = memory_size(status, "used", sizes[1]);
	const char *limit = memory_size(status, "limit", sizes[2]);
	g_autofree char *line = NULL;

	if (!bound)
		return;
	line = g_strdup_printf("at most %s, %s in use, %s%s", bound, used ? used : "unknown",
		limit ? "limit " : "no limit", limit ? limit : "");
	text_line(output, "memory", line);
}

static void print_facts(struct output *output, const struct status *status)
{
	char size[AMOUNT_SIZE];

	output_text(output, "nfttraced ");
	output_text(output, status->version ? status->version : "?");
	output_text(output, ": ");
	output_text(output, status->state ? status->state : "?");
	output_char(output, '\n');
	if (status->problem && *status->problem)
		text_line(output, "problem", status->problem);
	if (status->sessions)
		number_line(output, "sessions", status->sessions->len);
	else
		text_line(output, "sessions", status->refusal ? status->refusal : "unknown");
	text_line(output, "attach", status->attach && *status->attach ? status->attach : "-");
	text_line(output, "armed", status->armed ? "yes" : "no");
	text_line(output, "ring-size", amount_bytes(status->ring_size, size));
	memory_line(output, status);
	number_line(output, "calls", status->calls);
	number_line(output, "missed", status->missed);
	for (char **pair = status->counters; pair && pair[0] && pair[1]; pair += 2)
		text_line(output, pair[0], pair[1]);
}

static void print_features(struct output *output, const struct status *status)
{
	output_text(output, "kernel features\n");
	for (char **pair = status->features; pair && pair[0] && pair[1]; pair += 2) {
		const char *advice = status_advice(status, pair[0]);

		print_label(output, pair[0]);
		output_escaped(output, pair[1], strlen(pair[1]));
		if (advice) {
			print_spaces(output, strlen(pair[1]), VALUE_WIDTH);
			output_escaped(output, advice, strlen(advice));
		}
		output_char(output, '\n');
	}
}

void status_text(struct output *output, const struct status *status)
{
	output_text(output, health_name(status->health));
	output_text(output, ": ");
	output_escaped(output, status->summary, strlen(status->summary));
	output_char(output, '\n');
	if (status->health != HEALTH_ABSENT)
		print_facts(output, status);
	if (status->features)
		print_features(output, status);
}
