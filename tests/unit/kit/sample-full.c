/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Retis's events as records, see sample-full.h. */
#include "tests/unit/kit/sample-full.h"

#include <arpa/inet.h>
#include <glib.h>
#include <json-c/json.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

#include "journal/event/decode.h"
#include "journal/format/connection-names.h"

#include "tests/unit/kit/sample-full-data.h"

#define STATES_MAX 16

static char *all_sections[] = { (char *)"all", NULL };

static struct dictionary_probe probes[] = {
	{ 2, (char *)"kprobe", (char *)"ip_local_deliver", false },
	{ 3, (char *)"raw_tracepoint", (char *)"net:netif_receive_skb", false },
	{ 4, (char *)"raw_tracepoint", (char *)"skb:kfree_skb", false },
};

static const struct reason_name reasons[] = {
	{ 2, "NOT_SPECIFIED" },
	{ 3, "NO_SOCKET" },
	{ 8, "NETFILTER_DROP" },
	{ 77, "QUEUE_PURGE" },
	{ 3 << 16 | 2, "openvswitch/OVS_DROP_ACTION_ERROR" },
};

size_t sample_full_count(void)
{
	return G_N_ELEMENTS(samples);
}

const struct sample_full *sample_full_get(size_t number)
{
	return &samples[number];
}

const struct dictionary_settings *sample_full_settings(void)
{
	static char *verdicts[] = { (char *)"all", NULL };
	static const struct dictionary_settings settings = {
		.verdicts = verdicts,
		.sections = all_sections,
		.probes = probes,
		.probe_count = G_N_ELEMENTS(probes),
	};

	return &settings;
}

char *sample_full_reasons(void)
{
	return names_reasons_new(reasons, G_N_ELEMENTS(reasons));
}

struct name_table *sample_full_library(void)
{
	struct name_table *name_table = name_table_new();
	g_autofree char *json = sample_full_reasons();

	g_assert_cmpint(name_table_take(name_table, JOURNAL_REASONS, json, strlen(json)), ==, 1);
	return name_table;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	return object ? json_object_object_get(object, key) : NULL;
}

static uint64_t number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(member(object, key));
}

static bool flag(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

static const char *text(struct json_object *object, const char *key)
{
	return json_object_get_string(member(object, key));
}

static void probe_fill(struct json_object *kernel, struct event_head *head)
{
	head->probe = EVENT_PROBE_NFT;
	for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
		if (g_str_equal(text(kernel, "symbol"), probes[i].symbol))
			head->probe = probes[i].number;
	}
	head->attach = g_str_equal(text(kernel, "probe_type"), "kprobe")
		? EVENT_ATTACH_KPROBE
		: EVENT_ATTACH_RAW_TRACEPOINT;
}

static void head_add(struct json_object *event, struct synthetic *record)
{
	struct json_object *common = member(event, "common"), *task = member(common, "task");
	struct json_object *tracking = member(event, "skb-tracking");
	struct event_head head = {
		.flags = EVENT_TRACKED,
		.time = number(common, "timestamp"),
		.cpu = (uint32_t)number(common, "smp_id"),
		.pid = (uint32_t)number(task, "pid"),
		.tgid = (uint32_t)number(task, "tgid"),
		.skb = number(tracking, "skb"),
		.track_head = number(tracking, "orig_head"),
		.track_time = number(tracking, "timestamp"),
		.netns_cookie = number(member(event, "netns"), "cookie"),
		.netns_inode = (uint32_t)number(member(event, "netns"), "inum"),
		.skb_length = (uint32_t)number(member(member(event, "skb"), "meta"), "len"),
	};

	memcpy(head.comm, text(task, "comm"), strlen(text(task, "comm")));
	probe_fill(member(event, "kernel"), &head);
	synthetic_begin(record, &head);
}

static int32_t verdict_code(const char *name)
{
	for (int32_t code = NFT_RETURN; code <= NF_MAX_VERDICT; code++) {
		if (g_strcmp0(event_verdict_name(code), name) == 0)
			return code;
	}
	g_assert_not_reached();
}

static void nft_add(struct json_object *section, struct synthetic *record)
{
	struct event_nft nft = {
		.flags = EVENT_NFT_CHAIN,
		.table_handle = number(section, "table_handle"),
		.chain_handle = number(section, "chain_handle"),
		.rule_handle = number(section, "rule_handle"),
		.family = NFPROTO_INET,
		.protocol = NFPROTO_IPV4,
		.hook = NF_INET_LOCAL_IN,
	};

	if (!section)
		return;
	nft.verdict = verdict_code(text(section, "verdict"));
	if (member(section, "rule_handle"))
		nft.flags |= EVENT_NFT_RULE;
	if (member(section, "verdict_chain_name"))
		nft.flags |= EVENT_NFT_TARGET;
	if (flag(section, "policy"))
		nft.flags |= EVENT_NFT_POLICY;
	synthetic_nft(record, &nft, text(section, "table_name"), text(section, "chain_name"),
		text(section, "verdict_chain_name"));
}

static void device_add(struct json_object *section, struct synthetic *record)
{
	const struct event_device device = {
		.index = (uint32_t)number(section, "ifindex"),
		.skb_iif = (uint32_t)number(section, "rx_ifindex"),
	};

	synthetic_device(record, &device, text(section, "name"), NULL);
}

static void packet_add(struct json_object *section, struct synthetic *record)
{
	gsize length;
	g_autofree guchar *bytes = g_base64_decode(text(section, "data"), &length);
	const struct event_packet packet = {
		.length = (uint32_t)number(section, "len"),
		.captured = (uint16_t)length,
		.protocol = (uint16_t)(bytes[12] << 8 | bytes[13]),
		.network_offset = 14,
		.link = EVENT_LINK_ETHERNET,
	};

	synthetic_packet(record, &packet, bytes);
}

static void skb_add(struct json_object *section, struct synthetic *record)
{
	struct json_object *meta = member(section, "meta"), *data = member(section, "data_ref");
	const struct event_skb skb = {
		.section.type = EVENT_SECTION_SKB,
		.data_length = (uint32_t)number(meta, "data_len"),
		.hash = (uint32_t)number(meta, "hash"),
		.csum = (uint32_t)number(meta, "csum"),
		.priority = (uint32_t)number(meta, "priority"),
		.users = (uint32_t)number(data, "users"),
		.dataref = (uint32_t)number(data, "dataref"),
		.ip_summed = (uint8_t)number(meta, "ip_summed"),
		.csum_level = (uint8_t)number(meta, "csum_level"),
		.fclone = (uint8_t)number(data, "fclone"),
		.flags = (uint8_t)(EVENT_SKB_SHARED | (flag(data, "nohdr") ? EVENT_SKB_NOHDR : 0) |
			(flag(data, "cloned") ? EVENT_SKB_CLONED : 0)),
	};

	synthetic_section(record, &skb, sizeof(skb), NULL, 0);
}

static void address_add(GByteArray *rest, struct json_object *ip, const char *key)
{
	uint8_t address[sizeof(struct in6_addr)];

	if (g_str_equal(text(ip, "version"), "v4")) {
		g_assert_cmpint(inet_pton(AF_INET, text(ip, key), address), ==, 1);
		g_byte_array_append(rest, address, EVENT_IPV4_SIZE);
	} else {
		g_assert_cmpint(inet_pton(AF_INET6, text(ip, key), address), ==, 1);
		g_byte_array_append(rest, address, EVENT_IPV6_SIZE);
	}
}

static struct event_tuple tuple_of(struct json_object *proto)
{
	struct json_object *icmp = member(proto, "icmp");
	struct json_object *ports =
		member(proto, "tcp") ? member(proto, "tcp") : member(proto, "udp");

	if (!icmp)
		return (struct event_tuple){ (uint16_t)number(ports, "sport"),
			(uint16_t)number(ports, "dport") };
	return (struct event_tuple){ (uint16_t)number(icmp, "id"),
		(uint16_t)(number(icmp, "type") << 8 | number(icmp, "code")) };
}

static uint8_t protocol_of(struct json_object *proto)
{
	if (member(proto, "tcp"))
		return IPPROTO_TCP;
	return member(proto, "udp") ? IPPROTO_UDP : IPPROTO_ICMP;
}

static uint8_t state_of(uint8_t protocol, const char *name)
{
	uint8_t state = 0;

	while (name && state < STATES_MAX &&
		g_strcmp0(connection_state_name(protocol, state), name) != 0)
		state++;
	return state;
}

static uint8_t info_of(const char *name)
{
	uint8_t info = 0;

	while (g_strcmp0(connection_info_name(info), name) != 0)
		info++;
	return info;
}

static void ct_add(struct json_object *section, struct synthetic *record)
{
	struct json_object *orig = member(section, "orig"), *reply = member(section, "reply");
	g_autoptr(GByteArray) rest = g_byte_array_new();
	struct event_connection connection = {
		.status = (uint32_t)number(section, "ct_status"),
		.mark = (uint32_t)number(section, "mark"),
		.zone = (uint16_t)number(section, "zone_id"),
		.zone_direction = EVENT_ZONE_DEFAULT,
		.flags = EVENT_CT_MARK,
	};
	struct event_ct ct = { .section.type = EVENT_SECTION_CT, .flags = EVENT_CT_CONNECTION };

	if (!section)
		return;
	ct.info = info_of(text(section, "state"));
	connection.family =
		g_str_equal(text(member(orig, "ip"), "version"), "v4") ? AF_INET : AF_INET6;
	connection.protocol = protocol_of(member(orig, "proto"));
	connection.state = state_of(connection.protocol, text(section, "proto_state"));
	connection.tuples[0] = tuple_of(member(orig, "proto"));
	connection.tuples[1] = tuple_of(member(reply, "proto"));
	g_byte_array_append(rest, (const guint8 *)&connection, sizeof(connection));
	address_add(rest, member(orig, "ip"), "src");
	address_add(rest, member(orig, "ip"), "dst");
	address_add(rest, member(reply, "ip"), "src");
	address_add(rest, member(reply, "ip"), "dst");
	synthetic_section(record, &ct, sizeof(ct), rest->data, rest->len);
}

static void drop_add(struct json_object *section, struct synthetic *record)
{
	struct event_drop drop = { .section.type = EVENT_SECTION_DROP };

	if (!section)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (g_str_equal(text(section, "drop_reason"), reasons[i].name))
			drop.reason = reasons[i].reason;
	}
	synthetic_section(record, &drop, sizeof(drop), NULL, 0);
}

void sample_full_record(const struct sample_full *sample, struct synthetic *ret)
{
	struct json_object *event = json_tokener_parse(sample->json);

	g_assert_nonnull(event);
	head_add(event, ret);
	nft_add(member(event, "nft"), ret);
	device_add(member(event, "dev"), ret);
	packet_add(member(event, "packet"), ret);
	skb_add(member(event, "skb"), ret);
	ct_add(member(event, "ct"), ret);
	drop_add(member(event, "skb-drop"), ret);
	json_object_put(event);
}
