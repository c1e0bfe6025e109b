/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's settings from and to JSON, see dictionary.h. Stateless. */
#include <errno.h>

#include "bpf/shared/event.h"
#include "journal/format/dictionary-parse.h"
#include "journal/format/dictionary.h"

static const struct dictionary_field probe_fields[] = {
	DICTIONARY_FIELD("number", struct dictionary_probe, number),
	DICTIONARY_FIELD("type", struct dictionary_probe, type),
	DICTIONARY_FIELD("symbol", struct dictionary_probe, symbol),
	DICTIONARY_FIELD("stack", struct dictionary_probe, stack),
	{ 0 },
};

static const struct dictionary_field settings_fields[] = {
	DICTIONARY_FIELD("name", struct dictionary_settings, name),
	DICTIONARY_FIELD("verdicts", struct dictionary_settings, verdicts),
	DICTIONARY_FIELD("filter", struct dictionary_settings, filter),
	DICTIONARY_FIELD("track", struct dictionary_settings, track),
	DICTIONARY_FIELD("limit", struct dictionary_settings, limit),
	DICTIONARY_FIELD("rate", struct dictionary_settings, rate),
	DICTIONARY_FIELD("burst", struct dictionary_settings, burst),
	DICTIONARY_FIELD("size", struct dictionary_settings, size),
	DICTIONARY_FIELD("duration_usec", struct dictionary_settings, duration),
	DICTIONARY_FIELD("owner", struct dictionary_settings, owner),
	DICTIONARY_FIELD("sections", struct dictionary_settings, sections),
	{ 0 },
};

/* Follows the probes in a record. */
static const struct dictionary_field stack_field[] = {
	DICTIONARY_FIELD("stack", struct dictionary_settings, stack),
	{ 0 },
};

static struct json_object *probes_list(const struct dictionary_settings *settings)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < settings->probe_count; i++) {
		struct json_object *object = json_object_new_object();

		dictionary_add_fields(object, probe_fields, &settings->probes[i]);
		json_object_array_add(list, object);
	}
	return list;
}

static bool is_known(const struct dictionary_settings *settings, uint64_t number)
{
	for (size_t i = 0; i < settings->probe_count; i++) {
		if (settings->probes[i].number == number)
			return true;
	}
	return false;
}

/* Numbers that are invalid or taken are left out, so that the list has at most one entry for
 * each. */
static void take_probe(void *context, struct json_object *object)
{
	struct dictionary_settings *settings = context;
	uint64_t number = dictionary_get_number(object, "number");

	if (number < EVENT_PROBE_FIRST || number >= EVENT_PROBES_MAX || is_known(settings, number))
		return;
	dictionary_get_fields(object, probe_fields, &settings->probes[settings->probe_count++]);
}

char *dictionary_settings_new(const struct dictionary_settings *settings)
{
	auto_json *object = json_object_new_object();

	dictionary_add_fields(object, settings_fields, settings);
	json_object_object_add(object, "probes", probes_list(settings));
	dictionary_add_fields(object, stack_field, settings);
	return dictionary_text(object);
}

int dictionary_settings_parse(const void *json, size_t size, struct dictionary_settings *ret)
{
	auto_json *object = dictionary_parse(json, size);

	if (!object)
		return -EBADMSG;
	*ret = (struct dictionary_settings){
		.probes = g_new0(struct dictionary_probe, EVENT_PROBES_MAX),
	};
	dictionary_get_fields(object, settings_fields, ret);
	dictionary_get_fields(object, stack_field, ret);
	dictionary_each(object, "probes", take_probe, ret);
	return 0;
}

void dictionary_settings_clear(struct dictionary_settings *settings)
{
	dictionary_free_fields(settings_fields, settings);
	for (size_t i = 0; i < settings->probe_count; i++)
		dictionary_free_fields(probe_fields, &settings->probes[i]);
	g_free(settings->probes);
	*settings = (struct dictionary_settings){ 0 };
}
