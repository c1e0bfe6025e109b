/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters: what the next daemon is to know of them, kept where the kernel side counts. */
#include "daemon/drops/drops-private.h"

void drops_keep_past(struct drops *drops)
{
	struct drop_past past = drops->past;
	struct drop_record *record;
	GHashTableIter iter;

	if (!drops->pipeline)
		return;
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, (gpointer *)&record, NULL)) {
		past.packets += record->past_packets;
		past.bytes += record->past_bytes;
	}
	drops->table.control->past = past;
}

void drops_keep_begin(struct drops *drops)
{
	struct drop_control *control = drops->table.control;

	if (control->kept) {
		drops->past = control->past;
		drops->told = control->told;
		return;
	}
	control->told = drops->told;
	drops_keep_past(drops);
	control->kept = 1;
}

void drops_mark(struct drops *drops, uint64_t id, const struct drop_mark *mark)
{
	struct drop_record *record;

	if (!drops)
		return;
	g_mutex_lock(&drops->lock);
	record = g_hash_table_lookup(drops->by_id, &id);
	if (id == DROPS_TOTALS) {
		drops->told = *mark;
		if (drops->pipeline)
			drops->table.control->told = *mark;
	} else if (record) {
		record->told = *mark;
		if (drops->pipeline && record->home != DROP_NONE)
			drops->table.slots[record->home].told = *mark;
	}
	g_mutex_unlock(&drops->lock);
}
