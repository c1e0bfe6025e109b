/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet text: what is wrong with a header, and names that may be unknown; see packet.h. */
#include "client/text/packet.h"

void packet_truncated(struct output *output)
{
	output_text(output, "... (truncated or incomplete packet)");
}

void packet_unsupported(
	struct output *output, const char *kind, uint32_t number, unsigned int digits)
{
	output_text(output, "... (");
	output_text(output, kind);
	output_text(output, " 0x");
	output_hex_padded(output, number, digits);
	output_text(output, " not supported)");
}

void packet_bad(struct output *output, const char *field, uint32_t number)
{
	output_text(output, "... (bad ");
	output_text(output, field);
	output_number_after(output, " ", number);
	output_char(output, ')');
}

void packet_bad_length(
	struct output *output, const char *field, size_t length, size_t least, size_t most)
{
	output_text(output, "... (bad ");
	output_text(output, field);
	output_number_after(output, " ", length);
	if (length < least)
		output_number_after(output, " < ", least);
	else
		output_number_after(output, " > ", most);
	output_char(output, ')');
}

void packet_missing(struct output *output, struct span span, size_t length)
{
	if (length <= span.wire || span.partial)
		return;
	output_number_after(output, " (", length - span.wire);
	output_text(output, " bytes missing)");
}

void packet_name(struct output *output, const char *const *names, size_t count, unsigned int number)
{
	if (number < count && names[number])
		output_text(output, names[number]);
	else
		output_number_after(output, "UNKNOWN:", number);
}
