/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output buffer: text gathered in memory and written with few system calls, with formatters of
 * its own because printf is too slow for hundreds of thousands of events a second. It writes to a
 * descriptor, or, opened without one, keeps everything for output_steal. Owned by its caller; one
 * thread. Calls do not return write errors: the first one is kept, and output_flush returns it.
 */
#ifndef NFTTRACED_JOURNAL_BASE_OUTPUT_H
#define NFTTRACED_JOURNAL_BASE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OUTPUT_SIZE   (128 * 1024) /* bytes gathered before they are written */
#define OUTPUT_MEMORY (-1) /* in place of a descriptor: keep the text */

struct output {
	char *bytes;
	size_t used;
	size_t size;
	int fd;
	int error; /* negative errno of the first write that failed; later text is discarded */
};

/* Initialises `output`. It writes to `fd`, which stays the caller's, or keeps text
 * (OUTPUT_MEMORY). */
void output_open(struct output *output, int fd);

/* Writes the buffer out; 0 or the first error of this output (-EPIPE: the reader has gone). */
int output_flush(struct output *output);

/* The text of an output opened with OUTPUT_MEMORY, terminated; g_free it. The output is empty
 * again. */
char *output_steal(struct output *output);

/* Frees the buffer without writing. Accepts a zeroed struct. */
void output_close(struct output *output);

#define auto_output __attribute__((cleanup(output_close))) struct output

/* Makes room for `length` more bytes: flushes, or grows in memory. Never fails. */
void output_make_room(struct output *output, size_t length);

/* Decimal, and hexadecimal without "0x" and padding. */
void output_number(struct output *output, uint64_t number);
void output_signed(struct output *output, int64_t number);
void output_hex(struct output *output, uint64_t number);

/* Text of our own, then a number: decimal, or hexadecimal with "0x". */
void output_number_after(struct output *output, const char *before, uint64_t number);
void output_hex_after(struct output *output, const char *before, uint64_t number);

/* Exactly `digits` hexadecimal digits: the number's lowest. */
void output_hex_padded(struct output *output, uint64_t number, unsigned int digits);

/* Exactly `digits` decimal digits: the number's lowest. */
void output_number_padded(struct output *output, uint64_t number, unsigned int digits);

/* Text of others, escaped (journal/base/escape.h). In a word a space is escaped too. */
void output_escaped(struct output *output, const char *bytes, size_t length);
void output_word(struct output *output, const char *bytes, size_t length);

/* Text of our own, then text of others, escaped. */
void output_escaped_after(struct output *output, const char *before, const char *text);

static inline void output_room(struct output *output, size_t length)
{
	if (output->size - output->used < length)
		output_make_room(output, length);
}

/* Text of our own, as it is. */
static inline void output_bytes(struct output *output, const char *bytes, size_t length)
{
	output_room(output, length);
	memcpy(output->bytes + output->used, bytes, length);
	output->used += length;
}

static inline void output_text(struct output *output, const char *text)
{
	output_bytes(output, text, strlen(text));
}

static inline void output_char(struct output *output, char c)
{
	output_room(output, 1);
	output->bytes[output->used++] = c;
}

#endif
