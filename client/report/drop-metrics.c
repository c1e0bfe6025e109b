/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counters in the text format of OpenMetrics 1.0; see drop-text.h. Each set of labels may
 * occur only once: counters with the same labels, for example of a table that was removed and
 * created again, are printed as one sample with their sum.
 */
#include <string.h>

#include "client/bus/sessions.h"
#include "client/report/drop-text.h"

struct sample {
	char *labels; /* with their braces */
	uint64_t packets, bytes;
};

static void sample_destroy(void *pointer)
{
	struct sample *sample = pointer;

	g_free(sample->labels);
	g_free(sample);
}

/* A value has its quotation marks, line feeds and backslashes escaped, and nothing else. */
static void append_label(GString *labels, const char *name, const char *value)
{
	g_string_append_printf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
	for (const char *c = value; *c; c++) {
		if (*c == '\n')
			g_string_append(labels, "\\n");
		else if (*c == '"' || *c == '\\')
			g_string_append_printf(labels, "\\%c", *c);
		else
			g_string_append_c(labels, *c);
	}
	g_string_append_c(labels, '"');
}

/* The handle 0 is a policy, which has none. */
static char *drop_labels(const struct drop *drop)
{
	g_autoptr(GString) labels = g_string_new(NULL);
	g_autoptr(GString) netns = g_string_new(NULL);
	g_autofree char *handle = NULL;

	handle = drop->policy ? g_strdup("") : g_strdup_printf("%" G_GUINT64_FORMAT, drop->handle);
	drop_netns_text(drop, netns);
	append_label(labels, "netns", netns->str);
	append_label(labels, "family", drop->family);
	append_label(labels, "table", drop->table);
	append_label(labels, "chain", drop->chain);
	append_label(labels, "handle", handle);
	append_label(labels, "policy", drop->policy ? "yes" : "no");
	return g_strdup_printf("{%s}", labels->str);
}

static GPtrArray *samples_new(const GPtrArray *drops)
{
	GPtrArray *samples = g_ptr_array_new_with_free_func(sample_destroy);
	g_autoptr(GHashTable) by_labels = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned int i = 0; i < drops->len; i++) {
		const struct drop *drop = g_ptr_array_index(drops, i);
		g_autofree char *labels = drop_labels(drop);
		struct sample *sample = g_hash_table_lookup(by_labels, labels);

		if (!sample) {
			sample = g_new0(struct sample, 1);
			sample->labels = g_steal_pointer(&labels);
			g_hash_table_insert(by_labels, sample->labels, sample);
			g_ptr_array_add(samples, sample);
		}
		sample->packets += drop->packets;
		sample->bytes += drop->bytes;
	}
	return samples;
}

/* The lines before the samples of a counter; the name ends with the unit. */
static void print_head(struct output *output, const char *name, const char *unit, const char *help)
{
	const char *const lines[] = { "# TYPE ", name, " counter\n", "# UNIT ", name, " ", unit,
		"\n", "# HELP ", name, " ", help, "\n" };

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		output_text(output, lines[i]);
}

static void print_sample(
	struct output *output, const char *name, const char *labels, uint64_t value)
{
	output_text(output, name);
	output_text(output, "_total");
	output_text(output, labels);
	output_char(output, ' ');
	output_number(output, value);
	output_char(output, '\n');
}

#define PACKETS    "nfttraced_drop_packets"
#define BYTES      "nfttraced_drop_bytes"
#define UNCOUNTED  "nfttraced_drop_uncounted_packets"
#define MISSED     "nfttraced_missed_calls"
#define LOST       "nfttraced_session_lost_events"
#define SUPPRESSED "nfttraced_session_suppressed_events"

static void print_drops(const GPtrArray *samples, struct output *output)
{
	print_head(output, PACKETS, "packets",
		"Packets that a rule, or the policy of a chain, dropped.");
	for (unsigned int i = 0; i < samples->len; i++) {
		const struct sample *sample = g_ptr_array_index(samples, i);

		print_sample(output, PACKETS, sample->labels, sample->packets);
	}
	print_head(output, BYTES, "bytes", "Bytes of the packets that were dropped.");
	for (unsigned int i = 0; i < samples->len; i++) {
		const struct sample *sample = g_ptr_array_index(samples, i);

		print_sample(output, BYTES, sample->labels, sample->bytes);
	}
}

static char *session_labels(const struct session *session)
{
	g_autofree char *id = g_strdup_printf("%" G_GUINT64_FORMAT, session->id);
	g_autoptr(GString) labels = g_string_new(NULL);

	append_label(labels, "session", id);
	append_label(labels, "name", session->name);
	return g_strdup_printf("{%s}", labels->str);
}

static void print_sessions(const GPtrArray *sessions, struct output *output)
{
	print_head(output, LOST, "events", "Events that a session could not record.");
	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = g_ptr_array_index(sessions, i);
		g_autofree char *labels = session_labels(session);

		print_sample(output, LOST, labels, session->lost);
	}
	print_head(
		output, SUPPRESSED, "events", "Events that the rate limit of a session held back.");
	for (unsigned int i = 0; i < sessions->len; i++) {
		const struct session *session = g_ptr_array_index(sessions, i);
		g_autofree char *labels = session_labels(session);

		print_sample(output, SUPPRESSED, labels, session->suppressed);
	}
}

void drop_metrics_print(
	const struct drop_list *list, const GPtrArray *sessions, struct output *output)
{
	g_autoptr(GPtrArray) samples = samples_new(list->drops);

	print_drops(samples, output);
	print_head(output, UNCOUNTED, "packets",
		"Packets that were dropped and counted, but not by rule: there were too many rules.");
	print_sample(output, UNCOUNTED, "", list->uncounted);
	if (list->missed != DROP_MISSED_UNKNOWN) {
		print_head(output, MISSED, "calls",
			"Calls that the kernel skipped: packets of them are not counted.");
		print_sample(output, MISSED, "", list->missed);
	}
	if (sessions)
		print_sessions(sessions, output);
	output_text(output, "# EOF\n");
}
