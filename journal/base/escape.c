/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping of hostile text, see escape.h. Stateless. */
#include "journal/base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ESCAPED_BYTE 4 /* bytes of \xNN */

enum escape_space {
	SPACE_PASSES,
	SPACE_IS_ESCAPED,
};

static bool ascii_passes(unsigned char byte, enum escape_space space)
{
	if (byte == ' ')
		return space == SPACE_PASSES;
	return byte > ' ' && byte < 0x7f && byte != '\\';
}

/* Bytes of the printable character that begins at `bytes`; 0 if there is none. */
static size_t printable_length(const char *bytes, size_t length, enum escape_space space)
{
	gunichar character;

	if ((unsigned char)*bytes < 0x80)
		return ascii_passes((unsigned char)*bytes, space) ? 1 : 0;

	character = g_utf8_get_char_validated(bytes, (gssize)length);
	if (character == (gunichar)-1 || character == (gunichar)-2)
		return 0;

	switch (g_unichar_type(character)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return 0;
	case G_UNICODE_SPACE_SEPARATOR:
		if (space == SPACE_IS_ESCAPED)
			return 0;
		break;
	default:
		break;
	}
	return (size_t)g_unichar_to_utf8(character, NULL);
}

size_t text_printable_length(const char *bytes, size_t length)
{
	return printable_length(bytes, length, SPACE_PASSES);
}

static void byte_escape(unsigned char byte, char *out)
{
	static const char digits[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 0xf];
}

static size_t escape(
	const char *bytes, size_t length, char *out, size_t out_size, enum escape_space space)
{
	size_t done = 0, written = 0;

	while (done < length) {
		size_t run = 0, most = MIN(length - done, out_size - written);

		while (run < most && ascii_passes((unsigned char)bytes[done + run], space)) {
			out[written + run] = bytes[done + run];
			run++;
		}
		done += run;
		written += run;
		if (done == length || written == out_size)
			break;

		run = printable_length(bytes + done, length - done, space);
		if (run > 0) {
			if (out_size - written < run)
				break;
			memcpy(out + written, bytes + done, run);
			done += run;
			written += run;
		} else {
			if (out_size - written < ESCAPED_BYTE)
				break;
			byte_escape((unsigned char)bytes[done], out + written);
			done++;
			written += ESCAPED_BYTE;
		}
	}
	return written;
}

size_t text_escape(const char *bytes, size_t length, char *out, size_t out_size)
{
	return escape(bytes, length, out, out_size, SPACE_PASSES);
}

size_t text_escape_word(const char *bytes, size_t length, char *out, size_t out_size)
{
	return escape(bytes, length, out, out_size, SPACE_IS_ESCAPED);
}

char *text_excerpt_dup(const char *text)
{
	size_t length = strlen(text);
	g_autofree char *excerpt = g_strndup(text, TEXT_EXCERPT_MAX);
	g_autofree char *escaped = text_escape_dup(excerpt);

	return g_strconcat(escaped, length > TEXT_EXCERPT_MAX ? "..." : "", NULL);
}

char *text_sentence_dup(const char *sentence)
{
	g_auto(GStrv) parts = g_strsplit(sentence, "\\", -1);

	for (char **part = parts; *part; part++) {
		char *escaped = text_escape_dup(*part);

		g_free(*part);
		*part = escaped;
	}
	return g_strjoinv("\\", parts);
}

char *text_escape_dup(const char *text)
{
	size_t length = strlen(text);
	char *out = g_malloc(TEXT_ESCAPED_MAX(length) + 1);

	out[text_escape(text, length, out, TEXT_ESCAPED_MAX(length))] = '\0';
	return out;
}
