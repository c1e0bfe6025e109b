/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dictionaries of names as JSON, see names.h. Stateless. */
#include "journal/format/names.h"

#include <glib.h>
#include <inttypes.h>

#include "journal/format/dictionary-parse.h"

#define KEY_SIZE sizeof("18446744073709551615")

unsigned int rule_key_hash(const void *data)
{
	const struct rule_key *key = data;
	uint64_t mixed = key->rule ^ key->table << 40 ^ key->netns << 20 ^ key->family;

	return (unsigned int)(mixed * 0x9e3779b97f4a7c15ULL >> 32);
}

int rule_key_equal(const void *one, const void *other)
{
	const struct rule_key *a = one, *b = other;

	return a->netns == b->netns && a->table == b->table && a->rule == b->rule &&
		a->family == b->family;
}

static const char *const fates[RULE_FATES] = {
	[RULE_READ] = "read",
	[RULE_VANISHED] = "vanished",
	[RULE_UNREACHABLE] = "unreachable",
	[RULE_UNREADABLE] = "unreadable",
};

const char *rule_fate_name(unsigned int fate)
{
	return fate < RULE_FATES ? fates[fate] : NULL;
}

const char *rule_fate_reason(enum rule_fate fate)
{
	switch (fate) {
	case RULE_VANISHED:
		return "it was removed before it could be read";
	case RULE_UNREACHABLE:
		return "its network namespace could not be entered";
	case RULE_UNREADABLE:
		return "its ruleset could not be read";
	case RULE_READ:
	case RULE_FATES:
		break;
	}
	return "it is not in the journal";
}

static struct json_object *rule_object(const struct rule_name *rule)
{
	struct json_object *object = json_object_new_object();

	dictionary_add_number(object, "netns", rule->key.netns);
	dictionary_add_number(object, "family", rule->key.family);
	dictionary_add_number(object, "table", rule->key.table);
	dictionary_add_number(object, "rule", rule->key.rule);
	if (rule->since)
		dictionary_add_number(object, "since", rule->since);
	if (rule->fate == RULE_READ)
		dictionary_add_text(object, "text", rule->text);
	else
		dictionary_add_text(object, "unknown", fates[rule->fate]);
	return object;
}

char *names_rules_new(const struct rule_name *rules, size_t count)
{
	auto_json *record = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, rule_object(&rules[i]));
	json_object_object_add(record, "rules", list);
	return dictionary_text(record);
}

char *names_symbols_new(uint64_t since, const struct symbol_name *symbols, size_t count)
{
	auto_json *record = json_object_new_object();
	struct json_object *names = json_object_new_object();
	char key[KEY_SIZE];

	for (size_t i = 0; i < count; i++) {
		g_snprintf(key, sizeof(key), "%" PRIx64, symbols[i].address);
		dictionary_add_text(names, key, symbols[i].name);
	}
	dictionary_add_number(record, "since", since);
	json_object_object_add(record, "symbols", names);
	return dictionary_text(record);
}

char *names_reasons_new(const struct reason_name *reasons, size_t count)
{
	auto_json *record = json_object_new_object();
	struct json_object *names = json_object_new_object();
	char key[KEY_SIZE];

	for (size_t i = 0; i < count; i++) {
		g_snprintf(key, sizeof(key), "%" PRIu32, reasons[i].reason);
		dictionary_add_text(names, key, reasons[i].name);
	}
	json_object_object_add(record, "reasons", names);
	return dictionary_text(record);
}

char *names_netns_new(const struct netns_name *netns, size_t count)
{
	auto_json *record = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json_object *object = json_object_new_object();

		dictionary_add_number(object, "cookie", netns[i].cookie);
		dictionary_add_number(object, "inode", netns[i].inode);
		dictionary_add_text(object, "name", netns[i].name);
		json_object_array_add(list, object);
	}
	json_object_object_add(record, "netns", list);
	return dictionary_text(record);
}
