/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of the connection section: a packet's connection and the one that expected it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "journal/base/byte-swap.h"
#include "journal/event/decode-section.h"

static void connection_swap(struct event_connection *connection)
{
	SWAP(connection->status);
	SWAP(connection->mark);
	SWAP(connection->zone);
	SWAP(connection->vtag[0]);
	SWAP(connection->vtag[1]);
	for (unsigned int i = 0; i < 2; i++) {
		SWAP(connection->tuples[i].source);
		SWAP(connection->tuples[i].destination);
	}
}

/* Bytes of an address; 0 for an unknown family. */
static size_t address_size(uint8_t family)
{
	switch (family) {
	case AF_INET:
		return EVENT_IPV4_SIZE;
	case AF_INET6:
		return EVENT_IPV6_SIZE;
	}
	return 0;
}

/* Takes `size` bytes off the front of *bytes; NULL if there are fewer. */
static const uint8_t *bytes_take(const uint8_t **bytes, const uint8_t *end, size_t size)
{
	const uint8_t *taken = *bytes;

	if ((size_t)(end - taken) < size)
		return NULL;
	*bytes = taken + size;
	return taken;
}

static int labels_take(
	const uint8_t **bytes, const uint8_t *end, bool swapped, struct event_peers *peers)
{
	const uint8_t *labels = bytes_take(bytes, end, sizeof(peers->labels));

	if (!labels)
		return -EBADMSG;
	memcpy(peers->labels, labels, sizeof(peers->labels));
	for (unsigned int i = 0; swapped && i < 2; i++)
		peers->labels[i] = __builtin_bswap64(peers->labels[i]);
	peers->has_labels = true;
	return 0;
}

/* Takes a connection with its addresses and labels off the front of *bytes. */
static int peers_take(
	const uint8_t **bytes, const uint8_t *end, bool swapped, struct event_peers *peers)
{
	struct event_connection *connection = &peers->connection;
	const uint8_t *fixed = bytes_take(bytes, end, sizeof(*connection));
	const uint8_t *addresses;
	size_t size;

	if (!fixed)
		return -EBADMSG;
	memcpy(connection, fixed, sizeof(*connection));
	if (swapped)
		connection_swap(connection);
	size = address_size(connection->family);
	addresses = bytes_take(bytes, end, 4 * size);
	if (size == 0 || !addresses)
		return -EBADMSG;
	for (unsigned int i = 0; i < 2; i++) {
		peers->addresses[i].source = addresses + (size_t)2 * i * size;
		peers->addresses[i].destination = addresses + (size_t)(2 * i + 1) * size;
	}
	return connection->flags & EVENT_CT_LABELS ? labels_take(bytes, end, swapped, peers) : 0;
}

int ct_decode(const struct section *section, struct event *event)
{
	const uint8_t *bytes = (const uint8_t *)section->bytes;
	const uint8_t *end = bytes + section->size;
	const uint8_t *fixed = bytes_take(&bytes, end, sizeof(event->ct));
	int r;

	if (!fixed)
		return -EBADMSG;
	memcpy(&event->ct, fixed, sizeof(event->ct));
	if (section->swapped) {
		SWAP(event->ct.section.type);
		SWAP(event->ct.section.size);
	}
	if (event->ct.flags & EVENT_CT_CONNECTION) {
		r = peers_take(&bytes, end, section->swapped, &event->connection);
		if (r < 0)
			return r;
		event->has_connection = true;
	}
	if (event->has_connection && event->connection.connection.flags & EVENT_CT_MASTER) {
		r = peers_take(&bytes, end, section->swapped, &event->master);
		if (r < 0)
			return r;
		event->has_master = true;
	}
	event->has_ct = true;
	return 0;
}
