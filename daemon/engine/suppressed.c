/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suppressed events by rule: copies new counts from the kernel side's table to the journals. Rules
 * that the table has no room for are in the session's sum only. On the worker.
 */
#include "daemon/engine/engine-private.h"

#include "journal/format/suppressed-rules.h"

/* Rules of one record: even with the longest names it stays far below JOURNAL_RECORD_MAX. */
#define RECORD_RULES 64

/* The count of a slot when its record was made. */
struct pending_report {
	struct suppressed_slot *slot;
	uint64_t count, until;
};

/* Collects the events that a slot has counted since it was last journaled, if any. */
static void slot_take(struct suppressed_slot *slot, GArray *rules, GArray *reports)
{
	const struct pending_report report = {
		.slot = slot,
		.count = __atomic_load_n(&slot->count, __ATOMIC_RELAXED),
		.until = __atomic_load_n(&slot->last, __ATOMIC_RELAXED),
	};
	struct suppressed_rule rule;

	if (report.count == slot->reported)
		return;
	rule = (struct suppressed_rule){
		.netns_cookie = slot->rule.netns,
		.netns_inode = slot->netns_inode,
		.family = (uint8_t)slot->rule.family,
		.table = g_strndup(slot->table, sizeof(slot->table)),
		.table_handle = slot->rule.table,
		.chain = g_strndup(slot->chain, sizeof(slot->chain)),
		.chain_handle = slot->rule.chain,
		.rule_handle = slot->rule.rule,
		.count = report.count - slot->reported,
		.since = slot->reported ? slot->reported_until : slot->first,
		.until = report.until,
	};
	g_array_append_val(rules, rule);
	g_array_append_val(reports, report);
}

/* Writes one record and marks its counts as journaled; false: it could not be written. */
static bool record_write(
	struct engine *engine, unsigned int bit, const GArray *rules, const GArray *reports)
{
	g_autofree char *json = suppressed_record_new(rules);

	if (recorder_append_names(engine->recorder, bit, recorder_generation(engine->recorder, bit),
		    JOURNAL_SUPPRESSED, json) < 0)
		return false;
	for (unsigned int i = 0; i < reports->len; i++) {
		const struct pending_report *report =
			&g_array_index(reports, struct pending_report, i);

		report->slot->reported = report->count;
		report->slot->reported_until = report->until;
	}
	return true;
}

/* Collects the next rules of a session with new counts, from slot *index on; false: there are
 * none. */
static bool rules_take(struct suppressed_slot *slots, unsigned int bit, unsigned int *index,
	GArray *rules, GArray *reports)
{
	g_array_set_size(rules, 0);
	g_array_set_size(reports, 0);
	for (; *index < SUPPRESSED_SLOTS && rules->len < RECORD_RULES; (*index)++) {
		struct suppressed_slot *slot = &slots[*index];

		if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) == SUPPRESSED_COUNTING &&
			slot->bit == bit)
			slot_take(slot, rules, reports);
	}
	return rules->len > 0;
}

void engine_suppressed_write(struct engine *engine, unsigned int bit)
{
	g_autoptr(GArray) reports = g_array_new(FALSE, FALSE, sizeof(struct pending_report));
	g_autoptr(GArray) rules = suppressed_rules_new();
	struct suppressed_slot *slots;
	unsigned int index = 0;

	if (!engine->pipeline)
		return;
	slots = pipeline_suppressed(engine->pipeline);
	while (rules_take(slots, bit, &index, rules, reports)) {
		/* Counts that could not be written are written the next time. */
		if (!record_write(engine, bit, rules, reports))
			return;
	}
}

void engine_suppressed_write_all(struct engine *engine)
{
	struct suppressed_slot *slots;
	uint64_t bits = 0;

	if (!engine->pipeline)
		return;
	slots = pipeline_suppressed(engine->pipeline);
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		if (__atomic_load_n(&slots[i].state, __ATOMIC_ACQUIRE) == SUPPRESSED_COUNTING &&
			__atomic_load_n(&slots[i].count, __ATOMIC_RELAXED) != slots[i].reported)
			bits |= 1ULL << slots[i].bit;
	}
	for (; bits; bits &= bits - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(bits);

		if (engine->plan.entries[bit].used)
			engine_suppressed_write(engine, bit);
	}
}
