/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's dictionaries as typed structs: JOURNAL_START, JOURNAL_SETTINGS and JOURNAL_END are
 * JSON objects on disk, made and parsed here. …_new() makes the text of a record from a struct,
 * whose strings stay the caller's. …_parse() accepts hostile bytes: a member that is missing or has
 * another type is empty or 0; -EBADMSG if they are not a JSON object. The caller frees the result
 * with the struct's …_clear(). Text is not escaped. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_DICTIONARY_H
#define NFTTRACED_JOURNAL_FORMAT_DICTIONARY_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/format/format.h"
#include "journal/format/session-end.h"

/* The machine that recorded, the session and the time. Parsed strings are never NULL. */
struct dictionary_start {
	char *version; /* of nfttraced */
	char *host;
	char *boot_id; /* 32 hex digits */
	char *kernel; /* uname's release, as in 6.1.0-18-amd64 */
	char *build; /* uname's version, as in #1 SMP … */
	char *machine; /* as in x86_64 */
	uint64_t session;
	char *name; /* of the session; "" if it has none */
	char *command; /* of the caller that started it; "" if unknown */
	int64_t offset_sec; /* CLOCK_REALTIME - CLOCK_MONOTONIC when the session began; */
	uint32_t offset_nsec; /* 0 to 999,999,999, counts forward from offset_sec */
};

/* A further probe of a session. */
struct dictionary_probe {
	uint8_t number; /* event_head.probe, EVENT_PROBE_FIRST to EVENT_PROBES_MAX - 1 */
	char *type; /* "kprobe", "kretprobe", "raw_tracepoint" */
	char *symbol; /* as in ip_local_deliver, skb:kfree_skb */
	bool stack; /* with the kernel stack */
};

/* The settings of a session from here on. Parsed strings and lists are never NULL. */
struct dictionary_settings {
	char *name;
	char **verdicts; /* names as on the bus, NULL-terminated */
	char *filter; /* pcap expression; "" for every packet */
	bool track;
	uint64_t limit; /* events; 0: none */
	uint64_t rate; /* events a second; 0: none */
	uint64_t burst; /* events at once; 0: as many as `rate`, or an older journal */
	uint64_t size; /* bytes of journal; 0: none */
	uint64_t duration; /* microseconds; 0: none */
	uint32_t owner; /* uid */
	char **sections; /* names, NULL-terminated; empty: the journal is older and has none */
	struct dictionary_probe *probes;
	size_t probe_count;
	bool stack; /* the stack of __nft_trace_packet */
};

/* The totals of a session: matched = journaled + lost + suppressed + pending. */
struct dictionary_totals {
	uint64_t matched;
	uint64_t journaled;
	uint64_t lost; /* the sum of lost_by, or more */
	uint64_t suppressed;
	uint64_t pending;
	uint64_t lost_by[LOSS_REASONS];
	enum session_end end; /* why it ended; only in JOURNAL_END */
};

/*
 * JOURNAL_START for a session that begins now on this machine: asks the kernel for host, boot id,
 * release and clocks. NULL counts as "" in name and command. The caller g_free's the text.
 */
char *journal_start_new(uint64_t session, const char *name, const char *command);

/* A record from a struct. NULL strings count as "". */
char *dictionary_start_new(const struct dictionary_start *start);
int dictionary_start_parse(const void *json, size_t size, struct dictionary_start *ret);
void dictionary_start_clear(struct dictionary_start *start);

/* JOURNAL_SETTINGS. NULL strings and lists count as empty. */
char *dictionary_settings_new(const struct dictionary_settings *settings);
int dictionary_settings_parse(const void *json, size_t size, struct dictionary_settings *ret);
void dictionary_settings_clear(struct dictionary_settings *settings);

/* JOURNAL_END. Needs no clear: it holds numbers only. */
char *dictionary_totals_new(const struct dictionary_totals *totals);
int dictionary_totals_parse(const void *json, size_t size, struct dictionary_totals *ret);

/* "ring-full", "disk-full", "disk-error", "retention", "slow-reader", "damaged", "no-module",
 * "silenced", "restart": on the bus and in JSON; "unknown" for another number. */
const char *loss_reason_name(uint32_t reason);

/* "set", "resumed", "slewed" in JSON; "unknown" for another number. */
const char *clock_cause_name(uint32_t cause);

#define auto_dictionary_start \
	__attribute__((cleanup(dictionary_start_clear))) struct dictionary_start
#define auto_dictionary_settings \
	__attribute__((cleanup(dictionary_settings_clear))) struct dictionary_settings

#endif
