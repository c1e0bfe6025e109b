/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's connection as text; see text-sections.h. */
#include <linux/in6.h>
#include <sys/socket.h>

#include "client/text/packet.h"
#include "client/text/text-sections.h"
#include "journal/base/address.h"
#include "journal/format/connection-names.h"

enum direction {
	ORIGINAL,
	REPLY,
};

static void upper_text(struct output *output, const char *name)
{
	for (; *name; name++)
		output_char(output, g_ascii_toupper(*name));
}

static void address_text(
	struct output *output, const struct event_peers *peers, const uint8_t *address)
{
	if (peers->connection.family == AF_INET)
		output_ipv4_address(output, address);
	else
		output_ipv6_address(output, address);
}

static bool has_ports(enum connection_kind kind)
{
	return kind == CONNECTION_TCP || kind == CONNECTION_UDP || kind == CONNECTION_SCTP;
}

/* "[SOURCE > DESTINATION …]" */
static void tuple_text(
	struct output *output, const struct event_peers *peers, enum direction direction)
{
	const struct event_tuple *tuple = &peers->connection.tuples[direction];
	enum connection_kind kind = connection_kind(peers->connection.protocol);

	output_text(output, direction == ORIGINAL ? " orig [" : " reply [");
	address_text(output, peers, peers->addresses[direction].source);
	if (has_ports(kind))
		output_number_after(output, ".", tuple->source);
	output_text(output, " > ");
	address_text(output, peers, peers->addresses[direction].destination);
	if (has_ports(kind))
		output_number_after(output, ".", tuple->destination);
	if (kind == CONNECTION_ICMP) {
		output_number_after(output, " type ", tuple->destination >> 8);
		output_number_after(output, " code ", tuple->destination & 0xff);
		output_number_after(output, " id ", tuple->source);
	}
	if (kind == CONNECTION_SCTP)
		output_hex_after(output, " vtag ", peers->connection.vtag[direction]);
	output_char(output, ']');
}

static void state_text(struct output *output, const struct event_connection *connection)
{
	const char *name = connection_state_name(connection->protocol, connection->state);

	output_text(output, " (");
	if (name)
		output_text(output, name);
	else
		output_number(output, connection->state);
	output_char(output, ')');
}

/* The protocol, in lower case, and its state where it has one. */
static void protocol_text(struct output *output, const struct event_connection *connection)
{
	switch (connection_kind(connection->protocol)) {
	case CONNECTION_TCP:
		output_text(output, " tcp");
		state_text(output, connection);
		break;
	case CONNECTION_SCTP:
		output_text(output, " sctp");
		state_text(output, connection);
		break;
	case CONNECTION_UDP:
		output_text(output, " udp");
		break;
	case CONNECTION_ICMP:
		output_text(output, connection->protocol == IPPROTO_ICMPV6 ? " icmpv6" : " icmp");
		break;
	case CONNECTION_OTHER:
		packet_protocol(output, connection->protocol);
		break;
	}
}

static void zone_text(struct output *output, const struct event_connection *connection)
{
	switch (connection->zone_direction) {
	case EVENT_ZONE_ORIGINAL:
		output_number_after(output, " orig-zone ", connection->zone);
		break;
	case EVENT_ZONE_REPLY:
		output_number_after(output, " reply-zone ", connection->zone);
		break;
	case EVENT_ZONE_DEFAULT:
		output_number_after(output, " zone ", connection->zone);
		break;
	}
}

static void labels_text(struct output *output, const struct event_peers *peers)
{
	if (!peers->has_labels || (peers->labels[0] | peers->labels[1]) == 0)
		return;
	if (peers->labels[1] == 0) {
		output_hex_after(output, " labels ", peers->labels[0]);
		return;
	}
	output_hex_after(output, " labels ", peers->labels[1]);
	output_hex_padded(output, peers->labels[0], 2 * sizeof(peers->labels[0]));
}

static void connection_text(struct output *output, const struct event_peers *peers)
{
	const struct event_connection *connection = &peers->connection;

	output_hex_after(output, "status ", connection->status);
	protocol_text(output, connection);
	tuple_text(output, peers, ORIGINAL);
	tuple_text(output, peers, REPLY);
	zone_text(output, connection);
	if (connection->flags & EVENT_CT_MARK)
		output_number_after(output, " mark ", connection->mark);
	labels_text(output, peers);
}

void text_ct(struct output *output, const struct event *event)
{
	const char *info = connection_info_name(event->ct.info);

	if (!event->has_ct)
		return;
	output_text(output, "  ct_state ");
	if (info)
		upper_text(output, info);
	else
		output_number_after(output, "UNKNOWN ", event->ct.info);
	if (event->has_connection) {
		output_char(output, ' ');
		connection_text(output, &event->connection);
	}
	if (event->has_master) {
		output_text(output, "\n  \\ parent [");
		connection_text(output, &event->master);
		output_char(output, ']');
	}
	output_char(output, '\n');
}
