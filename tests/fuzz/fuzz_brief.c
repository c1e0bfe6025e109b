/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the description of a packet in a few words: any bytes become one line of printable
 * text. */
#include <glib.h>
#include <string.h>

#include "daemon/drops/packet-brief.h"
#include "journal/base/output.h"

#define BRIEF_MAX 512 /* bytes; a line is far shorter */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drop_example example = { 0 };
	struct output output;
	g_autofree char *text = NULL;
	size_t length;

	memcpy(&example, data, MIN(size, sizeof(example)));
	output_open(&output, OUTPUT_MEMORY);
	packet_brief(&output, &example);
	text = output_steal(&output);
	length = strlen(text);
	g_assert(length > 0 && length < BRIEF_MAX);
	g_assert(g_utf8_validate(text, -1, NULL));
	for (size_t i = 0; i < length; i++)
		g_assert((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
	return 0;
}
