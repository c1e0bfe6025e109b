/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of a message's arguments, see message-size.h; sd-bus has no function for that. */
#include "daemon/base/message-size.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ELEMENT_SIZE 16 /* bytes of a value of fixed size, and of a container's header */

static int spend(size_t *left, size_t size)
{
	if (size > *left)
		return -E2BIG;
	*left -= size;
	return 0;
}

static int spend_value(sd_bus_message *message, char type, size_t *left)
{
	union {
		const char *string;
		uint64_t number;
	} value;
	int r = sd_bus_message_read_basic(message, type, &value);

	if (r < 0)
		return r;
	r = spend(left, ELEMENT_SIZE);
	if (r == 0 && strchr("sog", type))
		r = spend(left, strlen(value.string));
	return r;
}

static int spend_all(sd_bus_message *message, size_t *left);

static int spend_container(sd_bus_message *message, char type, const char *contents, size_t *left)
{
	const void *bytes;
	size_t size;
	int r;

	/* An array of numbers is one block. */
	if (type == SD_BUS_TYPE_ARRAY && strlen(contents) == 1 && strchr("ybnqiuxtd", *contents)) {
		r = sd_bus_message_read_array(message, *contents, &bytes, &size);
		return r < 0 ? r : spend(left, size);
	}
	r = sd_bus_message_enter_container(message, type, contents);
	if (r >= 0)
		r = spend(left, ELEMENT_SIZE);
	if (r >= 0)
		r = spend_all(message, left);
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* Spends the rest of the container that was entered. */
static int spend_all(sd_bus_message *message, size_t *left)
{
	const char *contents;
	char type;
	int r;

	while ((r = sd_bus_message_peek_type(message, &type, &contents)) > 0) {
		if (contents)
			r = spend_container(message, type, contents, left);
		else
			r = spend_value(message, type, left);
		if (r < 0)
			return r;
	}
	return r;
}

size_t message_size(sd_bus_message *message, size_t limit)
{
	size_t left = limit;
	int r = spend_all(message, &left);

	/* A message that can't be read counts as too large. */
	return sd_bus_message_rewind(message, true) < 0 || r < 0 ? SIZE_MAX : limit - left;
}
