/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counts as text; see stats.h. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "client/stats/stats-private.h"
#include "client/terminal/table.h"
#include "client/text/session-totals.h"
#include "journal/base/address.h"
#include "journal/base/amounts.h"
#include "journal/base/clock.h"

#define PLAIN_RATE 100 /* a second: higher rates are printed without a fraction */
#define DATE_SIZE  sizeof("2026-11-22 05:30:17")

static void print_moment(struct output *output, const char *before, uint64_t time)
{
	time_t second = (time_t)(time / NSEC_PER_SEC);
	char date[DATE_SIZE] = "?";
	struct tm tm = { 0 };

	gmtime_r(&second, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	output_text(output, before);
	output_text(output, date);
	output_char(output, '.');
	output_number_padded(output, time % NSEC_PER_SEC / NSEC_PER_USEC, 6);
	output_text(output, " UTC\n");
}

/* A width of a column with four digits, in a unit that fits: measures, not amounts. */
static char *span_text(uint64_t nsec)
{
	double seconds = (double)nsec / (double)NSEC_PER_SEC;

	if (nsec < NSEC_PER_SEC)
		return g_strdup_printf("%.4g ms", seconds * 1000);
	if (seconds < 120)
		return g_strdup_printf("%.4g s", seconds);
	if (seconds < 7200)
		return g_strdup_printf("%.4g min", seconds / 60);
	return g_strdup_printf("%.4g h", seconds / 3600);
}

static void print_sessions(const struct stats *stats, struct output *output)
{
	for (unsigned int i = 0; i < journal_set_count(stats->journals); i++) {
		const struct stats_journal *journal = &stats->each[i];

		totals_session(output, journal->session, journal->name);
		if (journal->ended) {
			output_text(output, ": ");
			totals_text(output, &journal->totals);
		}
		output_char(output, '\n');
	}
}

static void print_losses(const struct stats *stats, struct output *output)
{
	const char *before = "lost, as the journal says: ";

	for (uint32_t i = 0; i <= LOSS_REASONS; i++) {
		if (stats->lost[i] == 0 && !stats->lost_unknown[i])
			continue;
		output_text(output, before);
		output_text(output, loss_reason_name(i));
		output_number_after(output, " ", stats->lost[i]);
		if (stats->lost_unknown[i])
			output_text(output, " and an unknown number");
		before = ", ";
	}
	if (*before == ',')
		output_char(output, '\n');
	if (stats->undecodable > 0) {
		output_number(output, stats->undecodable);
		output_text(output, " more can't be read: damaged, or of a newer nfttraced\n");
	}
}

static void print_totals(const struct stats *stats, struct output *output)
{
	char size[AMOUNT_SIZE];

	output_number(output, stats->events);
	output_number_after(output, " events of ", stats->packets);
	output_text(output, " packets, ");
	output_text(output, amount_bytes(stats->bytes, size));
	output_char(output, '\n');
	if (stats->untracked > 0) {
		output_number(output, stats->untracked);
		output_text(
			output, " of the events not tracked: each of these counts as a packet\n");
	}
	if (stats->events == 0)
		return;
	print_moment(output, "first event ", stats->first);
	print_moment(output, "last event  ", stats->last);
}

static void print_timeline(
	const struct stats *stats, const struct stats_form *form, struct output *output)
{
	const struct timeline *timeline = &stats->packets_over_time;
	auto_output drawn = { 0 };
	struct timeline_line line;
	double rate;
	g_autofree char *width = NULL;
	g_autofree char *text = NULL;

	if (stats->packets == 0)
		return;
	output_open(&drawn, OUTPUT_MEMORY);
	line = timeline_draw(timeline, form->columns, form->letters, &drawn);
	text = output_steal(&drawn);
	width = span_text(line.width);
	output_text(output, "\npackets over time: a column is ");
	output_text(output, width);
	output_number_after(output, ", the highest is ", line.highest);
	g_free(width);
	rate = (double)line.highest * (double)NSEC_PER_SEC / (double)line.width;
	width = g_strdup_printf(" packets (%.*f a second)\n", rate < PLAIN_RATE ? 2 : 0, rate);
	output_text(output, width);
	output_text(output, text);
	output_char(output, '\n');
}

/* A table of counts by one key. The caller has the columns beyond events and bytes. */
typedef void (*cells_add)(
	const struct stats *stats, const struct key_counts_entry *entry, struct table *table);

static void print_counts(const struct stats *stats, const struct key_counts *counts, size_t top,
	const struct table_column *columns, size_t count, cells_add add, struct output *output)
{
	g_autoptr(GPtrArray) entries = key_counts_top(counts, top);
	const struct key_counts_entry *rest = key_counts_rest(counts);
	struct table *table;

	if (entries->len == 0)
		return;
	table = table_new(columns, count);
	for (guint i = 0; i < entries->len; i++) {
		const struct key_counts_entry *entry = g_ptr_array_index(entries, i);
		char size[AMOUNT_SIZE];

		table_number(table, entry->events);
		table_text(table, amount_bytes(entry->bytes, size));
		add(stats, entry, table);
	}
	output_char(output, '\n');
	table_print(table, output);
	table_free(table);
	if (key_counts_keys(counts) > entries->len) {
		output_text(output, "... and ");
		output_number(output, key_counts_keys(counts) - entries->len);
		output_text(output, " more\n");
	}
	if (rest->events > 0) {
		output_number_after(output, "... and ", rest->events);
		output_number_after(
			output, " events of others: only the first ", key_counts_keys(counts));
		output_text(output, " are counted individually\n");
	}
}

static void add_verdict(
	const struct stats *stats, const struct key_counts_entry *entry, struct table *table)
{
	const char *name;
	int32_t verdict;

	memcpy(&verdict, entry->key, sizeof(verdict));
	name = event_verdict_name(verdict);
	if (name) {
		table_text(table, name);
	} else {
		g_autofree char *number = g_strdup_printf("%d", verdict);

		table_text(table, number);
	}
}

static void add_probe(
	const struct stats *stats, const struct key_counts_entry *entry, struct table *table)
{
	g_autofree char *symbol = g_strndup((const char *)entry->key, entry->size);

	table_text(table, symbol);
}

static void add_peer(
	const struct stats *stats, const struct key_counts_entry *entry, struct table *table)
{
	auto_output address = { 0 };
	g_autofree char *text = NULL;

	output_open(&address, OUTPUT_MEMORY);
	if (entry->key[0] == AF_INET)
		output_ipv4_address(&address, entry->key + 1);
	else
		output_ipv6_address(&address, entry->key + 1);
	text = output_steal(&address);
	table_text(table, text);
}

/* The event of a key, as far as it is needed to look up names. */
static void rule_event(
	const struct key_counts_entry *entry, struct event *ret, struct stats_rule *ret_rule)
{
	const char *names = (const char *)entry->key + sizeof(*ret_rule);

	memset(ret, 0, sizeof(*ret));
	memcpy(ret_rule, entry->key, sizeof(*ret_rule));
	ret->has_nft = true;
	ret->head.netns_cookie = ret_rule->netns_cookie;
	ret->head.netns_inode = ret_rule->netns_inode;
	ret->nft.flags = ret_rule->flags;
	ret->nft.family = ret_rule->family;
	ret->nft.table_handle = ret_rule->table_handle;
	ret->nft.chain_handle = ret_rule->chain_handle;
	ret->nft.rule_handle = ret_rule->rule_handle;
	ret->table = (struct event_text){ names, ret_rule->table_length };
	ret->chain = (struct event_text){ names + ret_rule->table_length, ret_rule->chain_length };
}

/* The text of a rule, from any journal of its boot. */
static const char *rule_text(
	const struct stats *stats, const struct event *event, unsigned int boot)
{
	for (unsigned int i = 0; i < journal_set_count(stats->journals); i++) {
		const struct rule_name *rule;

		if (journal_set_boot(stats->journals, i) != boot)
			continue;
		rule = name_table_rule(journal_set_names(stats->journals, i), event);
		if (rule && rule->fate == RULE_READ)
			return rule->text;
	}
	return "-";
}

/* A namespace's name, from any journal of its boot, or its inode. */
static char *netns_text(const struct stats *stats, const struct event_head *head, unsigned int boot)
{
	for (unsigned int i = 0; i < journal_set_count(stats->journals); i++) {
		const char *name;

		if (journal_set_boot(stats->journals, i) != boot)
			continue;
		name = name_table_netns(journal_set_names(stats->journals, i), head->netns_cookie,
			head->netns_inode);
		if (name)
			return g_strdup(name);
	}
	return g_strdup_printf("%u", head->netns_inode);
}

/* Table, chain and handle. */
static void location_open(struct output *location, const struct event *event)
{
	const char *family = event_family_name(event->nft.family);

	output_open(location, OUTPUT_MEMORY);
	if (event->nft.flags & EVENT_NFT_CHAIN) {
		output_text(location, "table ");
		output_text(location, family ? family : "?");
		output_char(location, ' ');
		output_word(location, event->table.bytes, event->table.length);
		output_text(location, " chain ");
		output_word(location, event->chain.bytes, event->chain.length);
	} else {
		output_text(location, "table ? chain ?");
	}
	if (event->nft.flags & EVENT_NFT_RULE)
		output_number_after(location, " handle ", event->nft.rule_handle);
}

static char *rule_location(const struct event *event, int32_t verdict)
{
	const char *name = event_verdict_name(verdict);
	auto_output location = { 0 };

	location_open(&location, event);
	output_char(&location, ' ');
	if (name)
		output_text(&location, name);
	else
		output_signed(&location, verdict);
	if (event->nft.flags & EVENT_NFT_POLICY)
		output_text(&location, " (policy)");
	return output_steal(&location);
}

static void add_rule(
	const struct stats *stats, const struct key_counts_entry *entry, struct table *table)
{
	g_autofree char *location = NULL;
	g_autofree char *netns = NULL;
	struct stats_rule rule;
	struct event event;

	rule_event(entry, &event, &rule);
	location = rule_location(&event, rule.verdict);
	netns = netns_text(stats, &event.head, rule.boot);
	table_text(table, netns);
	table_escaped(table, location);
	table_text(table, rule_text(stats, &event, rule.boot));
}

/* Suppressed events in the totals of journals that the journals do not count by rule. */
static uint64_t suppressed_unknown(const struct stats *stats)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < journal_set_count(stats->journals); i++) {
		const struct stats_journal *journal = &stats->each[i];

		if (journal->ended && journal->totals.suppressed > journal->suppressed_by_rule)
			sum += journal->totals.suppressed - journal->suppressed_by_rule;
	}
	return sum;
}

/* Events that were suppressed by the rates of sessions, by rule, and the further ones in the
 * totals. */
static void print_suppressed(
	const struct stats *stats, const struct stats_form *form, struct output *output)
{
	static const struct table_column columns[] = { { "SUPPRESSED", TABLE_RIGHT },
		{ "NETNS", TABLE_RIGHT }, { "PLACE", TABLE_LEFT }, { "RULE", TABLE_LEFT } };
	g_autoptr(GPtrArray) entries = key_counts_top(stats->suppressed, form->top);
	const struct key_counts_entry *rest = key_counts_rest(stats->suppressed);
	uint64_t unknown = suppressed_unknown(stats);
	struct table *table;

	if (entries->len > 0) {
		table = table_new(columns, G_N_ELEMENTS(columns));
		for (guint i = 0; i < entries->len; i++) {
			const struct key_counts_entry *entry = g_ptr_array_index(entries, i);
			g_autofree char *netns = NULL, *location = NULL;
			auto_output text = { 0 };
			struct stats_rule rule;
			struct event event;

			rule_event(entry, &event, &rule);
			location_open(&text, &event);
			if (event.nft.flags & EVENT_NFT_POLICY)
				output_text(&text, " (policy)");
			location = output_steal(&text);
			netns = netns_text(stats, &event.head, rule.boot);
			table_number(table, entry->events);
			table_text(table, netns);
			table_escaped(table, location);
			table_text(table, rule_text(stats, &event, rule.boot));
		}
		output_char(output, '\n');
		table_print(table, output);
		table_free(table);
		if (key_counts_keys(stats->suppressed) > entries->len) {
			output_number_after(output, "... and more rules: ",
				key_counts_keys(stats->suppressed) - entries->len);
			output_char(output, '\n');
		}
	}
	if (rest->events > 0) {
		output_number_after(output, "... and ", rest->events);
		output_number_after(output, " events suppressed of others: only the first ",
			key_counts_keys(stats->suppressed));
		output_text(output, " are counted individually\n");
	}
	if (unknown > 0) {
		output_number_after(output, "... and ", unknown);
		output_text(output, " events suppressed of which the rule is not known\n");
	}
}

#define COUNTS                       \
	{ "EVENTS", TABLE_RIGHT },   \
	{                            \
		"BYTES", TABLE_RIGHT \
	}

void stats_print(struct stats *stats, const struct stats_form *form, struct output *output)
{
	static const struct table_column verdicts[] = { COUNTS, { "VERDICT", TABLE_LEFT } };
	static const struct table_column probes[] = { COUNTS, { "PROBE", TABLE_LEFT } };
	static const struct table_column rules[] = { COUNTS, { "NETNS", TABLE_RIGHT },
		{ "PLACE", TABLE_LEFT }, { "RULE", TABLE_LEFT } };
	static const struct table_column peers[] = { COUNTS, { "SOURCE", TABLE_LEFT } };

	print_sessions(stats, output);
	print_losses(stats, output);
	print_totals(stats, output);
	print_timeline(stats, form, output);
	print_counts(stats, stats->verdicts, SIZE_MAX, verdicts, G_N_ELEMENTS(verdicts),
		add_verdict, output);
	print_counts(
		stats, stats->probes, SIZE_MAX, probes, G_N_ELEMENTS(probes), add_probe, output);
	print_counts(stats, stats->rules, form->top, rules, G_N_ELEMENTS(rules), add_rule, output);
	print_suppressed(stats, form, output);
	print_counts(stats, stats->peers, form->top, peers, G_N_ELEMENTS(peers), add_peer, output);
}
