/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rates of sessions held back, by rule: from the kernel side's table to the journals, what is
 * new each time. What finds no room there stays in the session's sum.
 */
#include "engine-private.h"

#include "../journal/suppressed.h"

/* What is new in a slot since it was told last. */
static void slot_take(struct engine *engine, unsigned int index, GArray *rules)
{
	const struct suppressed_slot *slot = &pipeline_suppressed(engine->pipeline)[index];
	uint64_t count = __atomic_load_n(&slot->count, __ATOMIC_RELAXED);
	struct suppressed_told *told = &engine->suppressed[index];
	struct suppressed_rule rule;

	if (count == told->count)
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
		.count = count - told->count,
		.since = told->count ? told->until : slot->first,
		.until = __atomic_load_n(&slot->last, __ATOMIC_RELAXED),
	};
	g_array_append_val(rules, rule);
	told->next = count;
}

void engine_suppressed_tell(struct engine *engine, unsigned int bit)
{
	const struct suppressed_slot *slots;
	struct session_stats stats;
	g_autoptr(GArray) rules = NULL;
	g_autofree char *json = NULL;

	if (!engine->pipeline)
		return;
	pipeline_session_stats(engine->pipeline, bit, &stats);
	if (stats.suppressed == engine->suppressed_seen[bit])
		return;
	slots = pipeline_suppressed(engine->pipeline);
	rules = suppressed_rules_new();
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		engine->suppressed[i].next = 0;
		if (__atomic_load_n(&slots[i].state, __ATOMIC_ACQUIRE) == SUPPRESSED_COUNTING &&
			slots[i].bit == bit)
			slot_take(engine, i, rules);
	}
	json = suppressed_record_new(rules);
	/* What a disk does not take is told with the next one. */
	if (rules->len &&
		data_append_names(engine->data, bit, data_tenure(engine->data, bit),
			JOURNAL_SUPPRESSED, json) < 0)
		return;
	engine->suppressed_seen[bit] = stats.suppressed;
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		struct suppressed_told *told = &engine->suppressed[i];

		if (told->next == 0)
			continue;
		told->count = told->next;
		told->until = __atomic_load_n(&slots[i].last, __ATOMIC_RELAXED);
	}
}

void engine_suppressed_tell_all(struct engine *engine)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (engine->plan.entries[bit].used)
			engine_suppressed_tell(engine, bit);
	}
}

void engine_suppressed_reset(struct engine *engine, unsigned int bit)
{
	const struct suppressed_slot *slots = pipeline_suppressed(engine->pipeline);

	engine->suppressed_seen[bit] = 0;
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		if (slots[i].state == SUPPRESSED_FREE || slots[i].bit == bit)
			engine->suppressed[i] = (struct suppressed_told){ 0 };
	}
}
