/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output buffer and its formatters; see output.h. */
#include "journal/base/output.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "journal/base/escape.h"

#define NUMBER_DIGITS_MAX 20 /* of 2^64 - 1 */
#define HEX_DIGITS_MAX    16

static const char hex_digits[] = "0123456789abcdef";

static const char decimal_pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

void output_open(struct output *output, int fd)
{
	*output = (struct output){
		.bytes = g_malloc(OUTPUT_SIZE),
		.size = OUTPUT_SIZE,
		.fd = fd,
	};
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EAGAIN) {
			/* Standard output may be a terminal that another program made
			 * non-blocking. */
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
			continue;
		}
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int output_flush(struct output *output)
{
	if (output->fd == OUTPUT_MEMORY)
		return 0;
	if (output->error == 0)
		output->error = write_all(output->fd, output->bytes, output->used);
	output->used = 0;
	return output->error;
}

char *output_steal(struct output *output)
{
	char *text;

	output_char(output, '\0');
	text = g_steal_pointer(&output->bytes);
	output->used = 0;
	output->size = 0;
	return text;
}

void output_close(struct output *output)
{
	g_free(output->bytes);
	*output = (struct output){ .fd = OUTPUT_MEMORY };
}

void output_make_room(struct output *output, size_t length)
{
	size_t wanted;

	output_flush(output);
	if (output->size - output->used >= length)
		return;
	wanted = MAX(output->size * 2, output->used + length);
	output->bytes = g_realloc(output->bytes, wanted);
	output->size = wanted;
}

void output_number(struct output *output, uint64_t number)
{
	char digits[NUMBER_DIGITS_MAX];
	char *start = digits + sizeof(digits);

	while (number >= 100) {
		start -= 2;
		memcpy(start, decimal_pairs + 2 * (number % 100), 2);
		number /= 100;
	}
	if (number >= 10) {
		start -= 2;
		memcpy(start, decimal_pairs + 2 * number, 2);
	} else {
		*--start = (char)('0' + number);
	}
	output_bytes(output, start, (size_t)(digits + sizeof(digits) - start));
}

void output_signed(struct output *output, int64_t number)
{
	if (number < 0)
		output_char(output, '-');
	output_number(output, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void output_hex(struct output *output, uint64_t number)
{
	unsigned int digits = 1;

	if (number != 0)
		digits = (unsigned int)(67 - __builtin_clzll(number)) / 4;
	output_hex_padded(output, number, digits);
}

void output_number_after(struct output *output, const char *before, uint64_t number)
{
	output_text(output, before);
	output_number(output, number);
}

void output_hex_after(struct output *output, const char *before, uint64_t number)
{
	output_text(output, before);
	output_text(output, "0x");
	output_hex(output, number);
}

void output_hex_padded(struct output *output, uint64_t number, unsigned int digits)
{
	char *end;

	output_room(output, HEX_DIGITS_MAX);
	output->used += digits;
	end = output->bytes + output->used;
	for (unsigned int i = 0; i < digits; i++) {
		*--end = hex_digits[number & 0xf];
		number >>= 4;
	}
}

void output_number_padded(struct output *output, uint64_t number, unsigned int digits)
{
	char *end;

	output_room(output, digits);
	output->used += digits;
	end = output->bytes + output->used;
	for (unsigned int i = 0; i < digits; i++) {
		*--end = (char)('0' + number % 10);
		number /= 10;
	}
}

typedef size_t (*escape_function)(const char *bytes, size_t length, char *out, size_t out_size);

static void output_escape(
	struct output *output, const char *bytes, size_t length, escape_function escape)
{
	size_t room = TEXT_ESCAPED_MAX(length);

	output_room(output, room);
	output->used += escape(bytes, length, output->bytes + output->used, room);
}

/* Nearly every name is made of these and can be copied as it is. */
static bool is_plain(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] <= ' ' || bytes[i] == '\\' || bytes[i] >= 0x7f)
			return false;
	}
	return true;
}

void output_escaped(struct output *output, const char *bytes, size_t length)
{
	if (is_plain(bytes, length))
		output_bytes(output, bytes, length);
	else
		output_escape(output, bytes, length, text_escape);
}

void output_escaped_after(struct output *output, const char *before, const char *text)
{
	output_text(output, before);
	output_escaped(output, text, strlen(text));
}

void output_word(struct output *output, const char *bytes, size_t length)
{
	if (is_plain(bytes, length))
		output_bytes(output, bytes, length);
	else
		output_escape(output, bytes, length, text_escape_word);
}
