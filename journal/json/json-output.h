/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest parts of JSON, written straight into an output: an event's JSON has a fixed shape,
 * and building a tree of it first would cost more than everything else. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_JSON_JSON_OUTPUT_H
#define NFTTRACED_JOURNAL_JSON_JSON_OUTPUT_H

#include <stdbool.h>

#include "journal/base/output.h"

/* A text of our own whose length the compiler knows: keys and punctuation. */
#define json_literal(output, text) output_bytes((output), "" text, sizeof(text) - 1)

/* A string, with its quotation marks, of untrusted bytes. Printable characters are kept, others are
 * escaped as in JSON; a byte that is not UTF-8 becomes U+FFFD. */
void json_string(struct output *output, const char *bytes, size_t length);

/* Untrusted JSON: unprintable characters are escaped and bytes that are not UTF-8 replaced, both of
 * which JSON has in strings only. */
void json_document(struct output *output, const char *json, size_t length);

/* Bytes that stand before others in base64, as if they were in one piece. */
struct json_prefix {
	const uint8_t *bytes;
	size_t length;
};

/* A string with the bytes in base64, padded. */
void json_base64(
	struct output *output, struct json_prefix prefix, const uint8_t *bytes, size_t length);

/* `before`, then the value. */
static inline void json_number(struct output *output, const char *before, uint64_t number)
{
	output_number_after(output, before, number);
}

static inline void json_flag(struct output *output, const char *before, bool flag)
{
	output_text(output, before);
	output_text(output, flag ? "true" : "false");
}

/* Of a text of ours that ends with NUL. */
static inline void json_name(struct output *output, const char *before, const char *name)
{
	output_text(output, before);
	json_string(output, name, strlen(name));
}

#endif
