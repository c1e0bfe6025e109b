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
#include <stddef.h>
#include <stdint.h>

/* Drops a reference. */
void dictionary_put(struct json_object **object);

#define auto_json __attribute__((cleanup(dictionary_put))) struct json_object

/* Adds a member. NULL counts as ""; bytes that are no UTF-8 are replaced. */
void dictionary_add_text(struct json_object *object, const char *key, const char *text);
void dictionary_add_number(struct json_object *object, const char *key, uint64_t number);

/* A new array of texts; NULL counts as an empty list. */
struct json_object *dictionary_list(char *const *texts);

/* The object as text; g_free it. */
char *dictionary_text(struct json_object *object);

/* The bytes as a new object; NULL if they are not one JSON object. */
struct json_object *dictionary_parse(const void *json, size_t size);

/* NULL if the member is missing or has another type. The object's. */
struct json_object *dictionary_member(
	struct json_object *object, const char *key, enum json_type type);

/* A copy of a text, never NULL; g_free it. */
char *dictionary_get_text(struct json_object *object, const char *key);
uint64_t dictionary_get_number(struct json_object *object, const char *key);

/* A copy of the texts in an array, without its other elements; never NULL; g_strfreev it. */
char **dictionary_get_list(struct json_object *object, const char *key);

#endif
