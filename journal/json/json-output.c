/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings and base64 as JSON, see json-output.h. Stateless. */
#include "journal/json/json-output.h"

#include <glib.h>

#include "journal/base/escape.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool is_plain(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < ' ' || byte >= 0x7f || byte == '"' || byte == '\\')
			return false;
	}
	return true;
}

static void unit_escaped(struct output *output, unsigned int unit)
{
	json_literal(output, "\\u");
	output_hex_padded(output, unit, 4);
}

static void character_escaped(struct output *output, gunichar character)
{
	if (character < 0x10000) {
		unit_escaped(output, character);
		return;
	}
	unit_escaped(output, 0xd800 + ((character - 0x10000) >> 10));
	unit_escaped(output, 0xdc00 + ((character - 0x10000) & 0x3ff));
}

static void ascii_text(struct output *output, char byte)
{
	switch (byte) {
	case '"':
	case '\\':
		output_char(output, '\\');
		output_char(output, byte);
		return;
	case '\n':
		json_literal(output, "\\n");
		return;
	case '\t':
		json_literal(output, "\\t");
		return;
	}
	if (byte >= ' ' && byte < 0x7f)
		output_char(output, byte);
	else
		unit_escaped(output, (unsigned char)byte);
}

/* Writes the character that begins at `bytes`; returns its length. */
static size_t character_text(struct output *output, const char *bytes, size_t length)
{
	size_t printable;
	gunichar character;

	if ((unsigned char)*bytes < 0x80) {
		ascii_text(output, *bytes);
		return 1;
	}
	printable = text_printable_length(bytes, length);
	if (printable > 0) {
		output_bytes(output, bytes, printable);
		return printable;
	}
	character = g_utf8_get_char_validated(bytes, (gssize)length);
	if (character == (gunichar)-1 || character == (gunichar)-2) {
		json_literal(output, REPLACEMENT);
		return 1;
	}
	character_escaped(output, character);
	return (size_t)g_unichar_to_utf8(character, NULL);
}

void json_string(struct output *output, const char *bytes, size_t length)
{
	output_char(output, '"');
	if (is_plain(bytes, length)) {
		output_bytes(output, bytes, length);
	} else {
		for (size_t done = 0; done < length;)
			done += character_text(output, bytes + done, length - done);
	}
	output_char(output, '"');
}

void json_document(struct output *output, const char *json, size_t length)
{
	size_t done = 0;

	while (done < length) {
		if ((unsigned char)json[done] < 0x7f)
			output_char(output, json[done++]);
		else
			done += character_text(output, json + done, length - done);
	}
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Four digits for three bytes. */
static char *group_write(char *out, uint32_t bytes)
{
	out[0] = base64_digits[bytes >> 18];
	out[1] = base64_digits[bytes >> 12 & 0x3f];
	out[2] = base64_digits[bytes >> 6 & 0x3f];
	out[3] = base64_digits[bytes & 0x3f];
	return out + 4;
}

/* The bytes that are not yet a group of three. */
struct base64 {
	char *out;
	uint32_t bytes; /* the last `count` bytes, the latest lowest */
	unsigned int count;
};

static void base64_byte(struct base64 *base64, uint8_t byte)
{
	base64->bytes = base64->bytes << 8 | byte;
	if (++base64->count < 3)
		return;
	base64->out = group_write(base64->out, base64->bytes);
	base64->bytes = 0;
	base64->count = 0;
}

static void base64_end(struct base64 *base64)
{
	unsigned int missing = 3 - base64->count;

	if (base64->count == 0)
		return;
	base64->out = group_write(base64->out, base64->bytes << 8 * missing);
	memset(base64->out - missing, '=', missing);
}

void json_base64(
	struct output *output, struct json_prefix prefix, const uint8_t *bytes, size_t length)
{
	size_t groups = (prefix.length + length + 2) / 3;
	struct base64 base64 = { 0 };
	size_t done = 0;

	output_room(output, 4 * groups + 2);
	base64.out = output->bytes + output->used;
	*base64.out++ = '"';
	for (size_t i = 0; i < prefix.length; i++)
		base64_byte(&base64, prefix.bytes[i]);
	while (base64.count > 0 && done < length)
		base64_byte(&base64, bytes[done++]);
	for (; length - done >= 3; done += 3)
		base64.out = group_write(base64.out,
			(uint32_t)bytes[done] << 16 | (uint32_t)bytes[done + 1] << 8 |
				bytes[done + 2]);
	while (done < length)
		base64_byte(&base64, bytes[done++]);
	base64_end(&base64);
	output->bytes[output->used + 4 * groups + 1] = '"';
	output->used += 4 * groups + 2;
}
