/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's JSON dictionaries from and to typed structs, see dictionary.h. Stateless. */
#include "dictionary.h"

#include <errno.h>
#include <json-c/json.h>

#include "clock.h"

/* Deeper nesting than this is nobody's dictionary. */
#define DICTIONARY_DEPTH 8

static const char *const loss_names[LOSS_REASONS] = {
	[LOSS_RING_FULL] = "ring-full",
	[LOSS_DISK_FULL] = "disk-full",
	[LOSS_DISK_ERROR] = "disk-error",
	[LOSS_RETENTION] = "retention",
	[LOSS_SLOW_READER] = "slow-reader",
	[LOSS_DAMAGED] = "damaged",
	[LOSS_NO_MODULE] = "no-module",
};

const char *loss_reason_name(uint32_t reason)
{
	return reason < LOSS_REASONS ? loss_names[reason] : "unknown";
}

static void object_put(struct json_object **object)
{
	json_object_put(*object);
}

#define auto_json __attribute__((cleanup(object_put))) struct json_object

static void text_add(struct json_object *object, const char *key, const char *text)
{
	/* JSON is UTF-8, and a host name or a command line need not be. */
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

	json_object_object_add(object, key, json_object_new_string(valid));
}

static void number_add(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static char *object_text(struct json_object *object)
{
	return g_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
}

/* NULL if the bytes are not one JSON object. */
static struct json_object *object_parse(const void *json, size_t size)
{
	struct json_tokener *tokener;
	struct json_object *object;

	if (size > JOURNAL_RECORD_MAX)
		return NULL;
	tokener = json_tokener_new_ex(DICTIONARY_DEPTH);
	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, json, (int)size);
	json_tokener_free(tokener);
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return NULL;
	}
	return object;
}

/* NULL if the member is missing or has another type. */
static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static char *text_get(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key, json_type_string);

	return g_strdup(value ? json_object_get_string(value) : "");
}

static uint64_t number_get(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key, json_type_int);

	return value ? json_object_get_uint64(value) : 0;
}

char *dictionary_start_new(const struct dictionary_start *start)
{
	auto_json *object = json_object_new_object();
	struct json_object *offset = json_object_new_object();

	text_add(object, "version", start->version);
	text_add(object, "host", start->host);
	text_add(object, "boot_id", start->boot_id);
	text_add(object, "kernel", start->kernel);
	text_add(object, "build", start->build);
	text_add(object, "machine", start->machine);
	number_add(object, "session", start->session);
	text_add(object, "name", start->name);
	text_add(object, "command", start->command);
	json_object_object_add(offset, "sec", json_object_new_int64(start->offset_sec));
	number_add(offset, "nsec", start->offset_nsec);
	json_object_object_add(object, "clock_offset", offset);
	return object_text(object);
}

int dictionary_start_parse(const void *json, size_t size, struct dictionary_start *ret)
{
	auto_json *object = object_parse(json, size);
	struct json_object *offset, *sec;
	uint64_t nsec = 0;

	if (!object)
		return -EBADMSG;
	offset = member(object, "clock_offset", json_type_object);
	sec = offset ? member(offset, "sec", json_type_int) : NULL;
	if (sec)
		nsec = number_get(offset, "nsec");
	*ret = (struct dictionary_start){
		.version = text_get(object, "version"),
		.host = text_get(object, "host"),
		.boot_id = text_get(object, "boot_id"),
		.kernel = text_get(object, "kernel"),
		.build = text_get(object, "build"),
		.machine = text_get(object, "machine"),
		.session = number_get(object, "session"),
		.name = text_get(object, "name"),
		.command = text_get(object, "command"),
		.offset_sec = sec ? json_object_get_int64(sec) : 0,
		.offset_nsec = nsec < NSEC_PER_SEC ? (uint32_t)nsec : 0,
	};
	return 0;
}

void dictionary_start_clear(struct dictionary_start *start)
{
	g_free(start->version);
	g_free(start->host);
	g_free(start->boot_id);
	g_free(start->kernel);
	g_free(start->build);
	g_free(start->machine);
	g_free(start->name);
	g_free(start->command);
	*start = (struct dictionary_start){ 0 };
}

static struct json_object *list_new(char *const *texts)
{
	struct json_object *list = json_object_new_array();

	for (; texts && *texts; texts++) {
		g_autofree char *valid = g_utf8_make_valid(*texts, -1);

		json_object_array_add(list, json_object_new_string(valid));
	}
	return list;
}

static char **list_get(struct json_object *object, const char *key)
{
	struct json_object *list = member(object, key, json_type_array);
	size_t length = list ? json_object_array_length(list) : 0, used = 0;
	char **texts = g_new0(char *, length + 1);

	for (size_t i = 0; i < length; i++) {
		struct json_object *text = json_object_array_get_idx(list, i);

		if (json_object_is_type(text, json_type_string))
			texts[used++] = g_strdup(json_object_get_string(text));
	}
	return texts;
}

char *dictionary_settings_new(const struct dictionary_settings *settings)
{
	auto_json *object = json_object_new_object();

	text_add(object, "name", settings->name);
	json_object_object_add(object, "verdicts", list_new(settings->verdicts));
	text_add(object, "filter", settings->filter);
	json_object_object_add(object, "track", json_object_new_boolean(settings->track));
	number_add(object, "limit", settings->limit);
	number_add(object, "rate", settings->rate);
	number_add(object, "size", settings->size);
	number_add(object, "duration_usec", settings->duration);
	number_add(object, "owner", settings->owner);
	return object_text(object);
}

int dictionary_settings_parse(const void *json, size_t size, struct dictionary_settings *ret)
{
	auto_json *object = object_parse(json, size);

	if (!object)
		return -EBADMSG;
	*ret = (struct dictionary_settings){
		.name = text_get(object, "name"),
		.verdicts = list_get(object, "verdicts"),
		.filter = text_get(object, "filter"),
		.track = json_object_get_boolean(member(object, "track", json_type_boolean)),
		.limit = number_get(object, "limit"),
		.rate = number_get(object, "rate"),
		.size = number_get(object, "size"),
		.duration = number_get(object, "duration_usec"),
		.owner = (uint32_t)number_get(object, "owner"),
	};
	return 0;
}

void dictionary_settings_clear(struct dictionary_settings *settings)
{
	g_free(settings->name);
	g_strfreev(settings->verdicts);
	g_free(settings->filter);
	*settings = (struct dictionary_settings){ 0 };
}

char *dictionary_books_new(const struct dictionary_books *books)
{
	auto_json *object = json_object_new_object();
	struct json_object *lost_by = json_object_new_object();

	number_add(object, "matched", books->matched);
	number_add(object, "journaled", books->journaled);
	number_add(object, "lost", books->lost);
	number_add(object, "suppressed", books->suppressed);
	number_add(object, "pending", books->pending);
	for (uint32_t reason = 0; reason < LOSS_REASONS; reason++)
		if (books->lost_by[reason] > 0)
			number_add(lost_by, loss_reason_name(reason), books->lost_by[reason]);
	json_object_object_add(object, "lost_by", lost_by);
	return object_text(object);
}

int dictionary_books_parse(const void *json, size_t size, struct dictionary_books *ret)
{
	auto_json *object = object_parse(json, size);
	struct json_object *lost_by;

	if (!object)
		return -EBADMSG;
	*ret = (struct dictionary_books){
		.matched = number_get(object, "matched"),
		.journaled = number_get(object, "journaled"),
		.lost = number_get(object, "lost"),
		.suppressed = number_get(object, "suppressed"),
		.pending = number_get(object, "pending"),
	};
	lost_by = member(object, "lost_by", json_type_object);
	for (uint32_t reason = 0; lost_by && reason < LOSS_REASONS; reason++)
		ret->lost_by[reason] = number_get(lost_by, loss_reason_name(reason));
	return 0;
}
