/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status as one line of JSON, for programs. See daemon-status.h. */
#include "client/bus/daemon-status.h"
#include "journal/base/amounts.h"
#include "journal/json/json-output.h"

/* `before`, then the text, or null if the daemon did not send it. */
static void text_or_null(struct output *output, const char *before, const char *text)
{
	output_text(output, before);
	if (text)
		json_string(output, text, strlen(text));
	else
		json_literal(output, "null");
}

static void number_or_null(struct output *output, const char *before, uint64_t number)
{
	output_text(output, before);
	if (number == STATUS_UNKNOWN)
		json_literal(output, "null");
	else
		output_number(output, number);
}

static void print_features(struct output *output, const struct status *status)
{
	json_literal(output, ",\"features\":{");
	for (char **pair = status->features; pair && pair[0] && pair[1]; pair += 2) {
		const char *advice = status_advice(status, pair[0]);

		json_name(output, pair == status->features ? "" : ",", pair[0]);
		json_name(output, ":{\"value\":", pair[1]);
		if (advice)
			json_name(output, ",\"advice\":", advice);
		json_literal(output, "}");
	}
	json_literal(output, "}");
}

/* Names and numbers; `before` ends where they begin. */
static void print_numbers(struct output *output, const char *before, char *const *pairs)
{
	output_text(output, before);
	for (char *const *pair = pairs; pair && pair[0] && pair[1]; pair += 2) {
		uint64_t number;

		json_name(output, pair == pairs ? "" : ",", pair[0]);
		number_or_null(
			output, ":", parse_count(pair[1], &number) == 0 ? number : STATUS_UNKNOWN);
	}
	json_literal(output, "}");
}

void status_json(struct output *output, const struct status *status)
{
	json_name(output, "{\"health\":", health_name(status->health));
	json_name(output, ",\"summary\":", status->summary);
	if (status->health != HEALTH_ABSENT) {
		text_or_null(output, ",\"version\":", status->version);
		text_or_null(output, ",\"state\":", status->state);
		text_or_null(output, ",\"problem\":", status->problem);
		text_or_null(output, ",\"attach\":", status->attach);
		json_flag(output, ",\"armed\":", status->armed);
		json_number(output, ",\"ring_size\":", status->ring_size);
		json_number(output, ",\"calls\":", status->calls);
		number_or_null(output, ",\"missed\":", status->missed);
		number_or_null(output, ",\"sessions\":",
			status->sessions ? status->sessions->len : STATUS_UNKNOWN);
		number_or_null(output, ",\"sessions_hidden\":", status->hidden);
		print_numbers(output, ",\"memory\":{", status->memory);
		print_numbers(output, ",\"counters\":{", status->counters);
	}
	print_features(output, status);
	json_literal(output, "}\n");
}
