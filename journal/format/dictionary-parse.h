/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON of the dictionaries: making objects, and reading objects that may be hostile. Reading never
 * fails: a member that is missing or has another type is empty or 0. For the files that implement
 * dictionary.h, names.h and suppressed-rules.h. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_DICTIONARY_PARSE_H
#define NFTTRACED_JOURNAL_FORMAT_DICTIONARY_PARSE_H

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Drops a reference. */
void dictionary_put(struct json_object **object);

#define auto_json __attribute__((cleanup(dictionary_put))) struct json_object

/* Adds a member. NULL counts as ""; bytes that are no UTF-8 are replaced. */
void dictionary_add_text(struct json_object *object, const char *key, const char *text);
void dictionary_add_number(struct json_object *object, const char *key, uint64_t number);

/* The object as text; g_free it. */
char *dictionary_text(struct json_object *object);

/* The bytes as a new object; NULL if they are not one JSON object. */
struct json_object *dictionary_parse(const void *json, size_t size);

/* NULL if the member is missing or has another type. The object's. */
struct json_object *dictionary_member(
	struct json_object *object, const char *key, enum json_type type);

uint64_t dictionary_get_number(struct json_object *object, const char *key);

/* Calls `take` with each object in the array that is this member. */
void dictionary_each(struct json_object *object, const char *key,
	void (*take)(void *context, struct json_object *element), void *context);

enum dictionary_type {
	DICTIONARY_TEXT, /* char *: NULL counts as "", a parsed one is never NULL */
	DICTIONARY_LIST, /* char **: texts, NULL-terminated; the same */
	DICTIONARY_FLAG, /* bool */
	DICTIONARY_U8, /* uint8_t, … */
	DICTIONARY_U32,
	DICTIONARY_U64,
};

/* A member of an object, and of the struct that has its value. */
struct dictionary_field {
	const char *key;
	enum dictionary_type type;
	size_t offset; /* in the struct */
};

#define DICTIONARY_TYPE(value) \
	_Generic((value), char *: DICTIONARY_TEXT, char **: DICTIONARY_LIST, bool: DICTIONARY_FLAG, \
		uint8_t: DICTIONARY_U8, uint32_t: DICTIONARY_U32, uint64_t: DICTIONARY_U64)

/* The row for `member` of the struct `owner`. */
#define DICTIONARY_FIELD(key, owner, member)                                           \
	{                                                                              \
		key, DICTIONARY_TYPE(((owner *)NULL)->member), offsetof(owner, member) \
	}

/*
 * Adds the fields of `from` to the object, in the order of the table. Here and below a row without
 * a key ends a table.
 */
void dictionary_add_fields(
	struct json_object *object, const struct dictionary_field *field, const void *from);

/* Sets the fields of `to`; frees nothing that was there. */
void dictionary_get_fields(
	struct json_object *object, const struct dictionary_field *field, void *to);

/* Frees the texts and lists among the fields of `from`, and leaves the pointers as they are. */
void dictionary_free_fields(const struct dictionary_field *field, void *from);

#endif
