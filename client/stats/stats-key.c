/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What events are counted by; see stats-private.h. */
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

#include "client/stats/stats-private.h"

static size_t peer(
	uint8_t family, const uint8_t *address, size_t size, uint8_t ret[STATS_PEER_KEY_MAX])
{
	ret[0] = family;
	memcpy(ret + 1, address, size);
	return size + 1;
}

size_t stats_peer_key(const struct event *event, uint8_t ret[STATS_PEER_KEY_MAX])
{
	const struct event_packet *packet = &event->packet;
	const uint8_t *header;
	size_t left;

	if (!event->has_packet || packet->network_offset >= packet->captured)
		return 0;
	header = event->packet_bytes + packet->network_offset;
	left = packet->captured - packet->network_offset;
	if (header[0] >> 4 == 4 && left >= sizeof(struct iphdr))
		return peer(AF_INET, header + offsetof(struct iphdr, saddr), 4, ret);
	if (header[0] >> 4 == 6 && left >= sizeof(struct ip6_hdr))
		return peer(AF_INET6, header + offsetof(struct ip6_hdr, ip6_src), 16, ret);
	return 0;
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
