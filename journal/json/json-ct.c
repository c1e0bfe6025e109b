/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's connection as JSON, see json-sections.h. */
#include <sys/socket.h>

#include "journal/base/address.h"
#include "journal/format/connection-names.h"
#include "journal/json/json-sections.h"

enum direction {
	ORIGINAL,
	REPLY,
};

static void address_member(
	struct output *output, const char *before, uint8_t family, const uint8_t *address)
{
	output_text(output, before);
	if (family == AF_INET)
		output_ipv4_address(output, address);
	else
		output_ipv6_address(output, address);
	json_literal(output, "\"");
}

static void ports_members(
	struct output *output, const char *protocol, const struct event_tuple *tuple)
{
	output_text(output, protocol);
	json_number(output, "\"sport\":", tuple->source);
	json_number(output, ",\"dport\":", tuple->destination);
}

static void icmp_members(struct output *output, const struct event_tuple *tuple)
{
	json_number(output, "\"icmp\":{\"code\":", tuple->destination & 0xff);
	json_number(output, ",\"type\":", tuple->destination >> 8);
	json_number(output, ",\"id\":", tuple->source);
}

/* The members of a tuple besides addresses, if Retis's form has them. */
static void proto_member(
	struct output *output, const struct event_connection *connection, enum direction direction)
{
	const struct event_tuple *tuple = &connection->tuples[direction];

	json_literal(output, ",\"proto\":{");
	switch (connection_kind(connection->protocol)) {
	case CONNECTION_TCP:
		ports_members(output, "\"tcp\":{", tuple);
		break;
	case CONNECTION_UDP:
		ports_members(output, "\"udp\":{", tuple);
		break;
	case CONNECTION_ICMP:
		icmp_members(output, tuple);
		break;
	case CONNECTION_SCTP:
		ports_members(output, "\"sctp\":{", tuple);
		json_number(output, ",\"vtag\":", connection->vtag[direction]);
		break;
	case CONNECTION_OTHER:
		json_number(output, "\"other\":{\"protocol\":", connection->protocol);
		break;
	}
	json_literal(output, "}}");
}

static void tuple_member(struct output *output, const char *before, const struct event_peers *peers,
	enum direction direction)
{
	uint8_t family = peers->connection.family;

	output_text(output, before);
	address_member(output, "{\"ip\":{\"src\":\"", family, peers->addresses[direction].source);
	address_member(output, ",\"dst\":\"", family, peers->addresses[direction].destination);
	json_name(output, ",\"version\":", family == AF_INET ? "v4" : "v6");
	json_literal(output, "}");
	proto_member(output, &peers->connection, direction);
	json_literal(output, "}");
}

static const char *zone_name(uint8_t direction)
{
	switch (direction) {
	case EVENT_ZONE_ORIGINAL:
		return "Original";
	case EVENT_ZONE_REPLY:
		return "Reply";
	case EVENT_ZONE_DEFAULT:
		return "Default";
	}
	return "None";
}

static void state_member(struct output *output, const struct event_connection *connection)
{
	const char *name = connection_state_name(connection->protocol, connection->state);
	enum connection_kind kind = connection_kind(connection->protocol);

	if (kind != CONNECTION_TCP && kind != CONNECTION_SCTP)
		return;
	if (name)
		json_name(output, ",\"proto_state\":", name);
	else {
		json_number(output, ",\"proto_state\":\"", connection->state);
		json_literal(output, "\"");
	}
}

static void connection_members(struct output *output, const struct event_peers *peers)
{
	const struct event_connection *connection = &peers->connection;

	json_number(output, "\"zone_id\":", connection->zone);
	json_name(output, ",\"zone_dir\":", zone_name(connection->zone_direction));
	tuple_member(output, ",\"orig\":", peers, ORIGINAL);
	tuple_member(output, ",\"reply\":", peers, REPLY);
	state_member(output, connection);
	if (connection->flags & EVENT_CT_MARK)
		json_number(output, ",\"mark\":", connection->mark);
	if (peers->has_labels && (peers->labels[0] | peers->labels[1]) != 0) {
		json_number(output, ",\"labels\":{\"hi\":", peers->labels[1]);
		json_number(output, ",\"lo\":", peers->labels[0]);
		json_literal(output, "}");
	}
	json_number(output, ",\"ct_status\":", connection->status);
}

static bool has_known_protocol(const struct event_peers *peers)
{
	return connection_kind(peers->connection.protocol) != CONNECTION_OTHER;
}

/* Retis's form has neither a state without a name nor a packet without a connection. */
static bool fits_retis(const struct event *event)
{
	return event->has_connection && connection_info_name(event->ct.info) &&
		has_known_protocol(&event->connection) &&
		(!event->has_master || has_known_protocol(&event->master));
}

static void ct_member(struct output *output, const char *before, const struct event *event)
{
	const char *info = connection_info_name(event->ct.info);

	json_name(output, before, info ? info : "unknown");
	if (event->has_connection) {
		json_literal(output, ",");
		connection_members(output, &event->connection);
	}
	if (event->has_master) {
		json_literal(output, ",\"parent\":{");
		connection_members(output, &event->master);
		json_literal(output, "}");
	}
	json_literal(output, "}");
}

void json_ct(struct output *output, const struct event *event)
{
	if (event->has_ct && fits_retis(event))
		ct_member(output, ",\"ct\":{\"state\":", event);
}

void json_ct_more(struct output *output, const struct event *event)
{
	if (event->has_ct && !fits_retis(event))
		ct_member(output, ",\"ct\":{\"state\":", event);
}
