/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces and when they are read, see reading-schedule.h. */
#include "daemon/resolver/reading-schedule.h"

#include "daemon/base/netns-owner.h"
#include "journal/base/clock.h"

/* Namespaces that are read side by side, those of one class one after the other. */
enum owner_class {
	CLASS_HOST,
	CLASS_ROOT,
	CLASS_USERS,
};

/* The class of namespaces that each of the readers reads. */
static const enum owner_class reader_classes[RULE_READERS_MAX] = {
	CLASS_HOST,
	CLASS_ROOT,
	CLASS_ROOT,
	CLASS_USERS,
};

struct reading_schedule {
	GHashTable *namespaces; /* of struct read_netns by `id` */
	GHashTable *last_read; /* number of the last turn of an owner's namespaces, by owner */
	uint64_t turns;
};

static void read_netns_free(gpointer data)
{
	struct read_netns *netns = data;

	rule_reader_free(netns->reader);
	g_free(netns);
}

struct reading_schedule *reading_schedule_new(void)
{
	struct reading_schedule *schedule = g_new0(struct reading_schedule, 1);

	schedule->namespaces =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, read_netns_free);
	schedule->last_read = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return schedule;
}

struct reading_schedule *reading_schedule_free(struct reading_schedule *schedule)
{
	if (!schedule)
		return NULL;
	g_hash_table_unref(schedule->namespaces);
	g_hash_table_unref(schedule->last_read);
	g_free(schedule);
	return NULL;
}

struct read_netns *reading_schedule_add(
	struct reading_schedule *schedule, uint64_t id, uint64_t owner)
{
	struct read_netns *netns = g_new0(struct read_netns, 1);

	netns->id = id;
	netns->owner = owner;
	netns->due = READING_NEVER;
	g_hash_table_insert(schedule->namespaces, &netns->id, netns);
	return netns;
}

struct read_netns *reading_schedule_find(const struct reading_schedule *schedule, uint64_t id)
{
	return g_hash_table_lookup(schedule->namespaces, &id);
}

GArray *reading_schedule_retain(struct reading_schedule *schedule, GHashTable *ids)
{
	GArray *removed = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, schedule->namespaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct read_netns *netns = value;

		if (netns->reader || g_hash_table_contains(ids, &netns->id))
			continue;
		g_array_append_val(removed, netns->id);
		g_hash_table_iter_remove(&iter);
	}
	return removed;
}

void read_netns_schedule(struct read_netns *netns, int64_t when)
{
	netns->due = MIN(netns->due, MAX(when, netns->pause_end));
}

void reading_schedule_notify(struct reading_schedule *schedule, const uint64_t *id, int64_t when)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, schedule->namespaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct read_netns *netns = value;

		if (id && netns->id != *id)
			continue;
		if (!netns->notified)
			netns->notified = clock_ns(CLOCK_MONOTONIC);
		read_netns_schedule(netns, when);
	}
}

bool reading_schedule_complete(const struct reading_schedule *schedule)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, schedule->namespaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (!((struct read_netns *)value)->tried)
			return false;
	}
	return true;
}

static enum owner_class class_of(const struct read_netns *netns)
{
	if (netns->owner == NETNS_OWNER_HOST)
		return CLASS_HOST;
	return netns->owner == NETNS_OWNER_ROOT ? CLASS_ROOT : CLASS_USERS;
}

static uint64_t *owner_last_read(struct reading_schedule *schedule, uint64_t owner)
{
	uint64_t *last_read = g_hash_table_lookup(schedule->last_read, &owner);

	if (last_read)
		return last_read;
	last_read = g_new0(uint64_t, 1);
	g_hash_table_insert(schedule->last_read, g_memdup2(&owner, sizeof(owner)), last_read);
	return last_read;
}

/* True if `netns` is to be read before `other`, which may be NULL. */
static bool comes_first(struct reading_schedule *schedule, const struct read_netns *netns,
	const struct read_netns *other)
{
	uint64_t last_read, other_last_read;

	if (!other)
		return true;
	last_read = *owner_last_read(schedule, netns->owner);
	other_last_read = *owner_last_read(schedule, other->owner);
	return last_read != other_last_read ? last_read < other_last_read : netns->due < other->due;
}

struct read_netns *reading_schedule_next(
	struct reading_schedule *schedule, unsigned int index, int64_t *next)
{
	int64_t now = g_get_monotonic_time();
	struct read_netns *first = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, schedule->namespaces);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct read_netns *netns = value;

		if (netns->reader || class_of(netns) != reader_classes[index])
			continue;
		if (netns->due > now)
			*next = MIN(*next, netns->due);
		else if (comes_first(schedule, netns, first))
			first = netns;
	}
	return first;
}

void reading_schedule_begin(struct reading_schedule *schedule, struct read_netns *netns)
{
	netns->due = READING_NEVER;
	netns->changed = netns->notified ? netns->notified : clock_ns(CLOCK_MONOTONIC);
	netns->notified = 0;
	*owner_last_read(schedule, netns->owner) = ++schedule->turns;
}
