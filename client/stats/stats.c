/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting the events of journals; see stats.h. */
#include "client/stats/stats.h"

#include <string.h>
#include <xxhash.h>

#include "client/stats/stats-private.h"

/* The numbers of verdicts and probes are small; a journal with more is forged. */
#define FEW_KEYS_MAX 256

/* Packets that are remembered in one slot. */
#define PLACE_PACKETS 8

struct stats *stats_new(struct journal_set *journals, size_t keys_max)
{
	struct stats *stats = g_new0(struct stats, 1);

	stats->journals = journals;
	stats->each = g_new0(struct stats_journal, journal_set_count(journals));
	stats->verdicts = key_counts_new(FEW_KEYS_MAX);
	stats->probes = key_counts_new(FEW_KEYS_MAX);
	stats->rules = key_counts_new(keys_max);
	stats->suppressed = key_counts_new(keys_max);
	stats->peers = key_counts_new(keys_max);
	stats->seen = g_new0(struct stats_packet, STATS_PACKETS_MAX);
	return stats;
}

/* True for the first event of a packet. Each slot has room for a few packets: a new one replaces
 * the one that was seen longest ago, which would be counted again. */
static bool packet_new(struct stats *stats, const struct event_head *head, unsigned int boot)
{
	const struct stats_packet packet = { head->track_time, head->track_head, boot, true };
	uint64_t id[] = { head->track_time, head->track_head, boot };
	uint64_t place = XXH3_64bits(id, sizeof(id)) % (STATS_PACKETS_MAX / PLACE_PACKETS);
	struct stats_packet *seen = &stats->seen[place * PLACE_PACKETS];
	size_t found = 0;

	if (!(head->flags & EVENT_TRACKED)) {
		stats->untracked++;
		return true;
	}
	while (found < PLACE_PACKETS &&
		!(seen[found].used && seen[found].track_time == packet.track_time &&
			seen[found].track_head == packet.track_head && seen[found].boot == boot))
		found++;
	memmove(seen + 1, seen, MIN(found, PLACE_PACKETS - 1) * sizeof(*seen));
	seen[0] = packet;
	return found == PLACE_PACKETS;
}

static void count_packet(struct stats *stats, uint64_t time, uint64_t bytes)
{
	stats->packets++;
	stats->bytes += bytes;
	timeline_count(&stats->packets_over_time, time);
}

static void count_by_names(struct stats *stats, const struct stats_journal *journal,
	const struct event *event, uint64_t bytes)
{
	const char *symbol = session_view_symbol(&journal->view, event);

	key_counts_count(stats->probes, symbol, strlen(symbol), bytes);
	if (event->has_nft)
		key_counts_count(
			stats->verdicts, &event->nft.verdict, sizeof(event->nft.verdict), bytes);
}

static void take_event(struct stats *stats, const struct journal_set_record *record)
{
	bool swapped = record->entry.byte_order != JOURNAL_BYTE_ORDER;
	uint8_t rule[STATS_RULE_KEY_MAX], peer[STATS_PEER_KEY_MAX];
	size_t rule_size, peer_size;
	struct event event;
	uint64_t bytes;

	if (event_decode(record->entry.data, record->entry.size, swapped, &event) < 0) {
		stats->undecodable++;
		stats->incomplete = true;
		return;
	}
	session_view_narrow(&stats->each[record->journal].view, &event);
	bytes = event.has_packet ? event.packet.length : event.head.skb_length;
	if (stats->events++ == 0)
		stats->first = record->time;
	stats->last = record->time;
	if (packet_new(stats, &event.head, record->boot))
		count_packet(stats, record->order, bytes);
	count_by_names(stats, &stats->each[record->journal], &event, bytes);
	rule_size = stats_rule_key(&event, record->boot, rule);
	if (rule_size > 0)
		key_counts_count(stats->rules, rule, rule_size, bytes);
	peer_size = stats_peer_key(&event, peer);
	if (peer_size > 0)
		key_counts_count(stats->peers, peer, peer_size, bytes);
}

static void take_start(struct stats_journal *journal, const struct journal_entry *entry)
{
	auto_dictionary_start start = { 0 };

	if (dictionary_start_parse(entry->data, entry->size, &start) < 0)
		return;
	journal->session = start.session;
	g_free(journal->name);
	journal->name = g_steal_pointer(&start.name);
}

static void take_settings(struct stats_journal *journal, const struct journal_entry *entry)
{
	auto_dictionary_settings settings = { 0 };

	if (dictionary_settings_parse(entry->data, entry->size, &settings) >= 0)
		session_view_set(&journal->view, &settings);
}

static void take_loss(struct stats *stats, const struct journal_loss *loss)
{
	uint32_t reason = MIN(loss->reason, LOSS_REASONS);

	stats->incomplete = true;
	stats->lost[reason] += loss->count;
	stats->lost_unknown[reason] = stats->lost_unknown[reason] || loss->count == 0;
}

/*
 * By the key of the rule's events, but without a verdict, which the record does not have.
 */
static void take_suppressed(struct stats *stats, const struct journal_set_record *record)
{
	g_autoptr(GArray) rules = suppressed_record_parse(record->entry.data, record->entry.size);

	for (unsigned int i = 0; rules && i < rules->len; i++) {
		const struct suppressed_rule *rule =
			&g_array_index(rules, struct suppressed_rule, i);
		uint8_t key[STATS_RULE_KEY_MAX];
		size_t size = stats_suppressed_key(rule, record->boot, key);

		key_counts_count_events(stats->suppressed, key, size, rule->count);
		stats->each[record->journal].suppressed_by_rule += rule->count;
	}
}

static void take_end(
	struct stats *stats, struct stats_journal *journal, const struct journal_entry *entry)
{
	if (dictionary_totals_parse(entry->data, entry->size, &journal->totals) < 0)
		return;
	journal->ended = true;
	stats->incomplete = stats->incomplete || journal->totals.lost > 0;
}

void stats_take(struct stats *stats, const struct journal_set_record *record)
{
	struct stats_journal *journal = &stats->each[record->journal];

	switch (record->entry.type) {
	case JOURNAL_EVENT:
		take_event(stats, record);
		break;
	case JOURNAL_START:
		take_start(journal, &record->entry);
		break;
	case JOURNAL_SETTINGS:
		take_settings(journal, &record->entry);
		break;
	case JOURNAL_LOSS:
		take_loss(stats, &record->entry.loss);
		break;
	case JOURNAL_END:
		take_end(stats, journal, &record->entry);
		break;
	case JOURNAL_SUPPRESSED:
		take_suppressed(stats, record);
		break;
	case JOURNAL_RULES:
	case JOURNAL_POSITION:
	case JOURNAL_CLOCK:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
		break;
	}
}

bool stats_incomplete(const struct stats *stats)
{
	return stats->incomplete;
}

struct stats *stats_free(struct stats *stats)
{
	if (!stats)
		return NULL;
	for (unsigned int i = 0; i < journal_set_count(stats->journals); i++) {
		session_view_clear(&stats->each[i].view);
		g_free(stats->each[i].name);
	}
	g_free(stats->each);
	key_counts_free(stats->verdicts);
	key_counts_free(stats->probes);
	key_counts_free(stats->rules);
	key_counts_free(stats->suppressed);
	key_counts_free(stats->peers);
	g_free(stats->seen);
	g_free(stats);
	return NULL;
}
