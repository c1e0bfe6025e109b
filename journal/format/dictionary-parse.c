/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON of the dictionaries, see dictionary-parse.h. Stateless. */
#include "journal/format/dictionary-parse.h"

#include "journal/format/format.h"

/* No dictionary is nested deeper. */
#define DICTIONARY_DEPTH 8

void dictionary_put(struct json_object **object)
{
	json_object_put(*object);
}

void dictionary_add_text(struct json_object *object, const char *key, const char *text)
{
	/* JSON is UTF-8; a host name or a command line may not be. */
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

	json_object_object_add(object, key, json_object_new_string(valid));
}

void dictionary_add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

char *dictionary_text(struct json_object *object)
{
	return g_strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
}

struct json_object *dictionary_parse(const void *json, size_t size)
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

struct json_object *dictionary_member(
	struct json_object *object, const char *key, enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

static char *get_text(struct json_object *object, const char *key)
{
	struct json_object *value = dictionary_member(object, key, json_type_string);

	return g_strdup(value ? json_object_get_string(value) : "");
}

uint64_t dictionary_get_number(struct json_object *object, const char *key)
{
	struct json_object *value = dictionary_member(object, key, json_type_int);

	return value ? json_object_get_uint64(value) : 0;
}

void dictionary_each(struct json_object *object, const char *key,
	void (*take)(void *context, struct json_object *element), void *context)
{
	struct json_object *list = dictionary_member(object, key, json_type_array);

	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *element = json_object_array_get_idx(list, i);

		if (json_object_is_type(element, json_type_object))
			take(context, element);
	}
}

static void add_list(struct json_object *object, const char *key, char *const *texts)
{
	struct json_object *list = json_object_new_array();

	for (; texts && *texts; texts++) {
		g_autofree char *valid = g_utf8_make_valid(*texts, -1);

		json_object_array_add(list, json_object_new_string(valid));
	}
	json_object_object_add(object, key, list);
}

/* Elements that are no texts are left out. */
static char **get_list(struct json_object *object, const char *key)
{
	struct json_object *list = dictionary_member(object, key, json_type_array);
	size_t length = list ? json_object_array_length(list) : 0, used = 0;
	char **texts = g_new0(char *, length + 1);

	for (size_t i = 0; i < length; i++) {
		struct json_object *text = json_object_array_get_idx(list, i);

		if (json_object_is_type(text, json_type_string))
			texts[used++] = g_strdup(json_object_get_string(text));
	}
	return texts;
}

void dictionary_add_fields(
	struct json_object *object, const struct dictionary_field *field, const void *from)
{
	for (; field->key; field++) {
		const void *value = (const char *)from + field->offset;

		switch (field->type) {
		case DICTIONARY_TEXT:
			dictionary_add_text(object, field->key, *(char *const *)value);
			break;
		case DICTIONARY_LIST:
			add_list(object, field->key, *(char **const *)value);
			break;
		case DICTIONARY_FLAG:
			json_object_object_add(
				object, field->key, json_object_new_boolean(*(const bool *)value));
			break;
		case DICTIONARY_U8:
			dictionary_add_number(object, field->key, *(const uint8_t *)value);
			break;
		case DICTIONARY_U32:
			dictionary_add_number(object, field->key, *(const uint32_t *)value);
			break;
		case DICTIONARY_U64:
			dictionary_add_number(object, field->key, *(const uint64_t *)value);
			break;
		}
	}
}

void dictionary_get_fields(
	struct json_object *object, const struct dictionary_field *field, void *to)
{
	for (; field->key; field++) {
		uint64_t number = dictionary_get_number(object, field->key);
		void *value = (char *)to + field->offset;

		switch (field->type) {
		case DICTIONARY_TEXT:
			*(char **)value = get_text(object, field->key);
			break;
		case DICTIONARY_LIST:
			*(char ***)value = get_list(object, field->key);
			break;
		case DICTIONARY_FLAG:
			*(bool *)value = json_object_get_boolean(
				dictionary_member(object, field->key, json_type_boolean));
			break;
		case DICTIONARY_U8:
			*(uint8_t *)value = (uint8_t)number;
			break;
		case DICTIONARY_U32:
			*(uint32_t *)value = (uint32_t)number;
			break;
		case DICTIONARY_U64:
			*(uint64_t *)value = number;
			break;
		}
	}
}

void dictionary_free_fields(const struct dictionary_field *field, void *from)
{
	for (; field->key; field++) {
		void *value = (char *)from + field->offset;

		if (field->type == DICTIONARY_TEXT)
			g_free(*(char **)value);
		else if (field->type == DICTIONARY_LIST)
			g_strfreev(*(char ***)value);
	}
}
