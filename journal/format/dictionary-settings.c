/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's settings from and to JSON, see dictionary.h. Stateless. */
#include <errno.h>

#include "bpf/shared/event.h"
#include "journal/format/dictionary-parse.h"
#include "journal/format/dictionary.h"

static struct json_object *probe_object(const struct dictionary_probe *probe)
{
	struct json_object *object = json_object_new_object();

	dictionary_add_number(object, "number", probe->number);
	dictionary_add_text(object, "type", probe->type);
	dictionary_add_text(object, "symbol", probe->symbol);
	json_object_object_add(object, "stack", json_object_new_boolean(probe->stack));
	return object;
}

static struct json_object *probes_list(const struct dictionary_settings *settings)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < settings->probe_count; i++)
		json_object_array_add(list, probe_object(&settings->probes[i]));
	return list;
}

static bool flag_get(struct json_object *object, const char *key)
{
	return json_object_get_boolean(dictionary_member(object, key, json_type_boolean));
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
static void probe_get(struct json_object *object, struct dictionary_settings *settings)
{
	uint64_t number;

	if (!json_object_is_type(object, json_type_object))
		return;
	number = dictionary_get_number(object, "number");
	if (number < EVENT_PROBE_FIRST || number >= EVENT_PROBES_MAX || is_known(settings, number))
		return;
	settings->probes[settings->probe_count++] = (struct dictionary_probe){
		.number = (uint8_t)number,
		.type = dictionary_get_text(object, "type"),
		.symbol = dictionary_get_text(object, "symbol"),
		.stack = flag_get(object, "stack"),
	};
}

static void probes_get(struct json_object *object, struct dictionary_settings *settings)
{
	struct json_object *list = dictionary_member(object, "probes", json_type_array);
	size_t length = list ? json_object_array_length(list) : 0;

	settings->probes = g_new0(struct dictionary_probe, EVENT_PROBES_MAX);
	for (size_t i = 0; i < length; i++)
		probe_get(json_object_array_get_idx(list, i), settings);
}

char *dictionary_settings_new(const struct dictionary_settings *settings)
{
	auto_json *object = json_object_new_object();

	dictionary_add_text(object, "name", settings->name);
	json_object_object_add(object, "verdicts", dictionary_list(settings->verdicts));
	dictionary_add_text(object, "filter", settings->filter);
	json_object_object_add(object, "track", json_object_new_boolean(settings->track));
	dictionary_add_number(object, "limit", settings->limit);
	dictionary_add_number(object, "rate", settings->rate);
	dictionary_add_number(object, "burst", settings->burst);
	dictionary_add_number(object, "size", settings->size);
	dictionary_add_number(object, "duration_usec", settings->duration);
	dictionary_add_number(object, "owner", settings->owner);
	json_object_object_add(object, "sections", dictionary_list(settings->sections));
	json_object_object_add(object, "probes", probes_list(settings));
	json_object_object_add(object, "stack", json_object_new_boolean(settings->stack));
	return dictionary_text(object);
}

int dictionary_settings_parse(const void *json, size_t size, struct dictionary_settings *ret)
{
	auto_json *object = dictionary_parse(json, size);

	if (!object)
		return -EBADMSG;
	*ret = (struct dictionary_settings){
		.name = dictionary_get_text(object, "name"),
		.verdicts = dictionary_get_list(object, "verdicts"),
		.filter = dictionary_get_text(object, "filter"),
		.track = flag_get(object, "track"),
		.limit = dictionary_get_number(object, "limit"),
		.rate = dictionary_get_number(object, "rate"),
		.burst = dictionary_get_number(object, "burst"),
		.size = dictionary_get_number(object, "size"),
		.duration = dictionary_get_number(object, "duration_usec"),
		.owner = (uint32_t)dictionary_get_number(object, "owner"),
		.sections = dictionary_get_list(object, "sections"),
		.stack = flag_get(object, "stack"),
	};
	probes_get(object, ret);
	return 0;
}

void dictionary_settings_clear(struct dictionary_settings *settings)
{
	g_free(settings->name);
	g_strfreev(settings->verdicts);
	g_free(settings->filter);
	g_strfreev(settings->sections);
	for (size_t i = 0; i < settings->probe_count; i++) {
		g_free(settings->probes[i].type);
		g_free(settings->probes[i].symbol);
	}
	g_free(settings->probes);
	*settings = (struct dictionary_settings){ 0 };
}
