/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys by which events are counted; see stats-private.h. */
#include <string.h>
#include <sys/socket.h>

#include "client/stats/stats-private.h"
#include "journal/event/packet-walk.h"

static size_t peer_key(
	uint8_t family, const uint8_t *address, size_t size, uint8_t ret[STATS_PEER_KEY_MAX])
{
	ret[0] = family;
	memcpy(ret + 1, address, size);
	return size + 1;
}

/* The version in the header decides: the packet's protocol may be that of a tag before it. */
size_t stats_peer_key(const struct event *event, uint8_t ret[STATS_PEER_KEY_MAX])
{
	const struct event_packet *packet = &event->packet;
	struct packet_walk walk;
	struct span span;
	unsigned int version;

	if (!event->has_packet || packet->network_offset >= packet->captured)
		return 0;
	span.bytes = event->packet_bytes + packet->network_offset;
	span.length = span.wire = packet->captured - packet->network_offset;
	span.partial = false;
	version = span.bytes[0] >> 4;
	if (version != 4 && version != 6)
		return 0;
	packet_walk_start(&walk, version == 4 ? PACKET_IPV4 : PACKET_IPV6, 0, span);
	packet_walk_next(&walk);
	if (walk.header.problem == PACKET_SHORT)
		return 0;
	return version == 4 ? peer_key(AF_INET, packet_source(&walk.header), EVENT_IPV4_SIZE, ret)
			    : peer_key(AF_INET6, packet_source(&walk.header), EVENT_IPV6_SIZE, ret);
}

size_t stats_rule_key(const struct event *event, unsigned int boot, uint8_t ret[STATS_RULE_KEY_MAX])
{
	const struct event_nft *nft = &event->nft;
	struct stats_rule rule;

	if (!event->has_nft)
		return 0;
	memset(&rule, 0, sizeof(rule));
	rule.netns_cookie = event->head.netns_cookie;
	rule.netns_inode = event->head.netns_inode;
	rule.boot = boot;
	rule.verdict = nft->verdict;
	rule.flags = nft->flags & (EVENT_NFT_RULE | EVENT_NFT_POLICY | EVENT_NFT_CHAIN);
	if (nft->flags & EVENT_NFT_RULE)
		rule.rule_handle = nft->rule_handle;
	if (nft->flags & EVENT_NFT_CHAIN) {
		rule.family = nft->family;
		rule.table_handle = nft->table_handle;
		rule.chain_handle = nft->chain_handle;
		rule.table_length = (uint8_t)event->table.length;
		rule.chain_length = (uint8_t)event->chain.length;
	}
	memcpy(ret, &rule, sizeof(rule));
	if (rule.table_length > 0)
		memcpy(ret + sizeof(rule), event->table.bytes, rule.table_length);
	if (rule.chain_length > 0)
		memcpy(ret + sizeof(rule) + rule.table_length, event->chain.bytes,
			rule.chain_length);
	return sizeof(rule) + rule.table_length + rule.chain_length;
}

size_t stats_suppressed_key(
	const struct suppressed_rule *rule, unsigned int boot, uint8_t ret[STATS_RULE_KEY_MAX])
{
	const struct event event = {
		.has_nft = true,
		.head = { .netns_cookie = rule->netns_cookie, .netns_inode = rule->netns_inode },
		.nft = {
			.flags = EVENT_NFT_CHAIN |
				(rule->rule_handle ? EVENT_NFT_RULE : EVENT_NFT_POLICY),
			.family = rule->family,
			.table_handle = rule->table_handle,
			.chain_handle = rule->chain_handle,
			.rule_handle = rule->rule_handle,
		},
		.table = { rule->table, MIN(strlen(rule->table), EVENT_NAME_MAX) },
		.chain = { rule->chain, MIN(strlen(rule->chain), EVENT_NAME_MAX) },
	};

	return stats_rule_key(&event, boot, ret);
}
