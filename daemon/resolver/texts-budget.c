/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for texts of rules, see texts-budget.h. Whatever a ruleset holds, making room for one text
 * costs the same: queues are in the order in which texts are removed, and where all namespaces of
 * an owner have to be visited, enough is removed that it need not be done again soon.
 */
#include "daemon/resolver/texts-budget.h"

#define REMOVE_PART 16 /* of what an owner may have is removed at a time */
#define EVICT_PART  1024 /* of the budget is evicted at a time */

static bool is_host(const struct texts_owner *owner)
{
	return owner->id == NETNS_OWNER_HOST;
}

static size_t owner_bytes_max(const struct rule_texts *texts, const struct texts_owner *owner)
{
	if (is_host(owner))
		return texts->bytes_max;
	return owner->id == NETNS_OWNER_ROOT ? texts->bytes_max / 2 : texts->bytes_max / 4;
}

static size_t netns_bytes_max(const struct rule_texts *texts, const struct netns_texts *netns)
{
	size_t bytes_max = owner_bytes_max(texts, netns->owner);

	return is_host(netns->owner) ? bytes_max : bytes_max / 4;
}

/* The text of a gone rule, or the replaced text, that a reading last found the longest ago; NULL:
 * none. */
static struct stored_text *netns_find_obsolete(
	const struct rule_texts *texts, const struct netns_texts *netns)
{
	struct stored_text *replaced = netns->replaced.first, *gone = netns->newest.first;

	if (gone && texts->current(texts->context, netns->id, gone->reading))
		gone = NULL;
	if (replaced && gone)
		return gone->reading < replaced->reading ? gone : replaced;
	return replaced ? replaced : gone;
}

/* Removes obsolete texts of a namespace until `wanted` bytes are free; returns how many are. */
static size_t netns_remove_obsolete(
	struct rule_texts *texts, struct netns_texts *netns, size_t wanted)
{
	size_t before = netns->bytes;
	struct stored_text *text;

	while (before - netns->bytes < wanted && (text = netns_find_obsolete(texts, netns))) {
		stored_text_remove(texts, text);
		texts->counts.forgotten++;
	}
	return before - netns->bytes;
}

/* Does so for all of an owner's namespaces, and releases those that are empty then, except
 * `keep`. */
static void owner_remove_obsolete(struct rule_texts *texts, struct texts_owner *owner,
	size_t wanted, const struct netns_texts *keep)
{
	GList *link = owner->namespaces.head;
	size_t removed = 0;

	wanted = MAX(wanted, owner_bytes_max(texts, owner) / REMOVE_PART);
	while (link && removed < wanted) {
		struct netns_texts *netns = link->data;

		link = link->next;
		removed += netns_remove_obsolete(texts, netns, wanted - removed);
		if (netns != keep)
			netns_texts_release(texts, netns);
	}
}

static struct netns_texts *owner_find_largest(const struct texts_owner *owner)
{
	struct netns_texts *largest = NULL;

	for (GList *link = owner->namespaces.head; link; link = link->next) {
		struct netns_texts *netns = link->data;

		if (!largest || netns->bytes > largest->bytes)
			largest = netns;
	}
	return largest;
}

/* Removes texts of existing rules. */
static void netns_evict(struct rule_texts *texts, struct netns_texts *netns, size_t wanted)
{
	size_t before = netns->bytes;

	wanted = MAX(wanted, texts->bytes_max / EVICT_PART);
	while (before - netns->bytes < wanted && netns->newest.first) {
		stored_rule_remove(texts, netns->newest.first->rule);
		texts->counts.evicted++;
		netns->full = true;
	}
}

/* By how many bytes `bytes` exceeds `bytes_max`. */
static size_t excess(size_t bytes, size_t bytes_max)
{
	return bytes > bytes_max ? bytes - bytes_max : 0;
}

/* Makes room in the shares of the namespace and of its owner. */
static bool share_make_room(struct rule_texts *texts, struct netns_texts *netns, size_t size)
{
	struct texts_owner *owner = netns->owner;
	size_t bytes_max = netns_bytes_max(texts, netns);
	struct netns_texts *largest;

	netns_remove_obsolete(texts, netns, excess(netns->bytes + size, bytes_max));
	if (netns->bytes + size > bytes_max)
		return false;
	bytes_max = owner_bytes_max(texts, owner);
	if (owner->bytes + size > bytes_max)
		owner_remove_obsolete(texts, owner, owner->bytes + size - bytes_max, netns);
	if (owner->bytes + size <= bytes_max)
		return true;
	largest = owner_find_largest(owner);
	if (largest->bytes > netns->bytes + size)
		netns_evict(texts, largest, size);
	return owner->bytes + size <= bytes_max;
}

/* The owner that uses the most, the host excepted. */
static struct texts_owner *find_largest_owner(const struct rule_texts *texts)
{
	struct texts_owner *largest = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, texts->owners);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct texts_owner *owner = value;

		if (!is_host(owner) && (!largest || owner->bytes > largest->bytes))
			largest = owner;
	}
	return largest;
}

static bool budget_has_room(const struct rule_texts *texts, size_t size)
{
	return texts->bytes + size <= texts->bytes_max;
}

/* The host's obsolete texts are removed for others once it uses half of the budget. */
static void host_remove_obsolete(
	struct rule_texts *texts, size_t wanted, const struct netns_texts *keep)
{
	const uint64_t id = NETNS_OWNER_HOST;
	struct texts_owner *host = g_hash_table_lookup(texts->owners, &id);

	if (host && host->bytes > texts->bytes_max / 2)
		owner_remove_obsolete(texts, host, wanted, keep);
}

/* Makes room in the budget for the namespace's owner, at the expense of the one that uses the
 * most. */
static bool budget_make_room(struct rule_texts *texts, struct netns_texts *netns, size_t size)
{
	struct texts_owner *owner = netns->owner;

	while (!budget_has_room(texts, size)) {
		struct texts_owner *largest = find_largest_owner(texts);
		size_t before = texts->bytes;

		if (largest && largest != owner &&
			(is_host(owner) || largest->bytes > owner->bytes + size)) {
			owner_remove_obsolete(texts, largest, size, netns);
			if (!budget_has_room(texts, size))
				owner_remove_obsolete(texts, owner, size, netns);
			if (!budget_has_room(texts, size) &&
				(largest = find_largest_owner(texts)) && largest != owner)
				netns_evict(texts, owner_find_largest(largest), size);
		} else {
			owner_remove_obsolete(texts, owner, size, netns);
			if (!budget_has_room(texts, size))
				host_remove_obsolete(texts, size, netns);
		}
		if (texts->bytes == before)
			return false;
	}
	return true;
}

bool texts_budget_make_room(struct rule_texts *texts, struct netns_texts *netns, size_t size)
{
	if (share_make_room(texts, netns, size) && budget_make_room(texts, netns, size))
		return true;
	netns->full = true;
	texts->counts.refused++;
	return false;
}
