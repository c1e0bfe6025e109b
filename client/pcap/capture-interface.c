/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of a capture; see capture-interface.h. */
#include "client/pcap/capture-interface.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#include "client/pcap/capture.h"

/* The key of an interface. Zeroed before it is filled in, because its bytes are compared. */
struct key {
	uint64_t netns_cookie;
	uint32_t netns_inode;
	uint32_t boot;
	uint32_t device;
	uint16_t link;
	uint16_t further; /* the interface of all devices beyond CAPTURE_INTERFACES_MAX */
	char name[EVENT_DEVICE_MAX + 1];
};

struct entry {
	struct capture_interface interface;
	struct key key;
};

struct capture_interfaces {
	GHashTable *by_key; /* struct entry, by its key */
	GPtrArray *by_number; /* struct entry, by number */
};

static guint key_hash(const void *key)
{
	return (guint)XXH3_64bits(key, sizeof(struct key));
}

static gboolean key_equal(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key)) == 0;
}

struct capture_interfaces *capture_interfaces_new(void)
{
	struct capture_interfaces *interfaces = g_new0(struct capture_interfaces, 1);

	interfaces->by_key = g_hash_table_new(key_hash, key_equal);
	interfaces->by_number = g_ptr_array_new_with_free_func(g_free);
	return interfaces;
}

const GPtrArray *capture_interfaces_all(const struct capture_interfaces *interfaces)
{
	return interfaces->by_number;
}

/* The device that the packet came by, or will leave by. */
static void key_device(struct key *key, const struct event *event)
{
	struct event_text name = event->device_name;

	if (!event->has_device)
		return;
	key->device = event->device.index;
	if (key->device == 0) {
		key->device = event->device.out_index;
		name = event->out_name;
	}
	if (name.length > 0)
		memcpy(key->name, name.bytes, MIN(name.length, EVENT_DEVICE_MAX));
}

static void key_fill(struct key *key, const struct event *event, unsigned int boot)
{
	memset(key, 0, sizeof(*key));
	key->netns_cookie = event->head.netns_cookie;
	key->netns_inode = event->head.netns_inode;
	key->boot = boot;
	key->link = event->packet.link;
	key_device(key, event);
}

/* "eth0", escaped; a device without a name by its number. */
static char *interface_name(const struct key *key)
{
	auto_output name = { 0 };

	if (key->further)
		return g_strdup("others");
	if (key->device == 0)
		return g_strdup("none");
	if (!*key->name)
		return g_strdup_printf("if%u", key->device);
	output_open(&name, OUTPUT_MEMORY);
	output_word(&name, key->name, strnlen(key->name, sizeof(key->name)));
	return output_steal(&name);
}

/* Where the interface is: "netns 4026531833 (blue), ifindex 2, host web1". */
static char *interface_description(const struct key *key, const struct capture_place *place)
{
	auto_output text = { 0 };

	if (key->further)
		return g_strdup("devices beyond the limit of interfaces");
	output_open(&text, OUTPUT_MEMORY);
	output_text(&text, "netns ");
	output_number(&text, key->netns_inode);
	if (place->netns) {
		output_escaped_after(&text, " (", place->netns);
		output_char(&text, ')');
	}
	output_text(&text, ", ifindex ");
	output_number(&text, key->device);
	if (place->host && *place->host)
		output_escaped_after(&text, ", host ", place->host);
	return output_steal(&text);
}

static struct entry *entry_add(struct capture_interfaces *interfaces, struct pcapng *pcapng,
	const struct key *key, const struct capture_place *place)
{
	g_autofree char *description = interface_description(key, place);
	g_autofree char *name = interface_name(key);
	struct entry *entry = g_new0(struct entry, 1);
	const struct pcapng_interface block = {
		.link_type = key->link == EVENT_LINK_ETHERNET ? PCAPNG_ETHERNET : PCAPNG_RAW,
		.snapshot = EVENT_SNAPSHOT_MAX,
		.name = name,
		.description = description,
	};

	entry->key = *key;
	entry->interface.number = interfaces->by_number->len;
	g_ptr_array_add(interfaces->by_number, entry);
	g_hash_table_insert(interfaces->by_key, &entry->key, entry);
	pcapng_interface(pcapng, &block);
	return entry;
}

struct capture_interface *capture_interface_of(struct capture_interfaces *interfaces,
	struct pcapng *pcapng, const struct event *event, const struct capture_place *place)
{
	struct entry *entry;
	struct key key, further;

	key_fill(&key, event, place->boot);
	entry = g_hash_table_lookup(interfaces->by_key, &key);
	if (entry)
		return &entry->interface;
	if (g_hash_table_size(interfaces->by_key) < CAPTURE_INTERFACES_MAX)
		return &entry_add(interfaces, pcapng, &key, place)->interface;
	memset(&further, 0, sizeof(further));
	further.further = true;
	further.link = key.link;
	entry = g_hash_table_lookup(interfaces->by_key, &further);
	if (!entry)
		entry = entry_add(interfaces, pcapng, &further, place);
	return &entry->interface;
}

struct capture_interfaces *capture_interfaces_free(struct capture_interfaces *interfaces)
{
	if (!interfaces)
		return NULL;
	g_hash_table_unref(interfaces->by_key);
	g_ptr_array_unref(interfaces->by_number);
	g_free(interfaces);
	return NULL;
}
