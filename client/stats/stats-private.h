/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the stats-*.c files: the counts, and the keys that they are counted by. Private to the
 * stats (stats.h).
 */
#ifndef NFTTRACED_CLIENT_STATS_STATS_PRIVATE_H
#define NFTTRACED_CLIENT_STATS_STATS_PRIVATE_H

#include "client/stats/key-counts.h"
#include "client/stats/stats.h"
#include "journal/event/decode.h"
#include "journal/event/session-view.h"
#include "journal/format/dictionary.h"
#include "journal/format/suppressed-rules.h"

/* A rule, or another origin of a verdict in a chain, as a key: the names of table and chain follow.
 * Zeroed before it is filled in, because its gaps are compared. */
struct stats_rule {
	uint64_t netns_cookie;
	uint64_t table_handle, chain_handle, rule_handle;
	uint32_t netns_inode;
	uint32_t boot;
	int32_t verdict;
	uint8_t family;
	uint8_t flags; /* EVENT_NFT_RULE, EVENT_NFT_POLICY, EVENT_NFT_CHAIN */
	uint8_t table_length, chain_length;
};

#define STATS_RULE_KEY_MAX (sizeof(struct stats_rule) + 2 * EVENT_NAME_MAX)

/* The source of a packet as a key: its family, AF_INET or AF_INET6, then 4 or 16 bytes. */
#define STATS_PEER_KEY_MAX 17

/* A packet that was counted, by its tracking id. */
struct stats_packet {
	uint64_t track_time, track_head;
	uint32_t boot;
	bool used;
};

/* A journal. */
struct stats_journal {
	struct session_view view;
	uint64_t session;
	char *name; /* or NULL */
	bool ended;
	struct dictionary_totals totals; /* if it has ended */
	uint64_t suppressed_by_rule; /* events: the sum over its rules */
};

struct stats {
	struct journal_set *journals;
	struct stats_journal *each;
	bool incomplete;
	uint64_t lost[LOSS_REASONS + 1]; /* the last: for reasons that are not known */
	bool lost_unknown[LOSS_REASONS + 1]; /* and more than that */
	uint64_t undecodable; /* events */

	uint64_t events, packets, bytes; /* bytes of packets, each once */
	uint64_t untracked; /* events, each of which counts as a packet */
	uint64_t first, last; /* ns, CLOCK_REALTIME */
	struct timeline packets_over_time;
	struct key_counts *verdicts, *probes, *rules, *peers;
	struct key_counts *suppressed; /* events suppressed by rates, by rule */
	struct stats_packet *seen;
};

/* The family and address of a packet's source; 0 if it has none that is stored. */
size_t stats_peer_key(const struct event *event, uint8_t ret[STATS_PEER_KEY_MAX]);

/* A rule's key; 0 if the event has no section of nf_tables. */
size_t stats_rule_key(
	const struct event *event, unsigned int boot, uint8_t ret[STATS_RULE_KEY_MAX]);

/* The key of a rule whose events were suppressed by a rate: its verdict is 0. */
size_t stats_suppressed_key(
	const struct suppressed_rule *rule, unsigned int boot, uint8_t ret[STATS_RULE_KEY_MAX]);

#endif
