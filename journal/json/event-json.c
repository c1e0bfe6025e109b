/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event as JSON: its head, and the sections that are short; see event-json.h. */
#include "journal/json/json-sections.h"

#define ETHERNET_SIZE       14
#define ETHERNET_TYPE       12 /* offset of the ethertype */
#define SUBSYSTEM_SEPARATOR '/' /* in the name of a drop reason */

static void common_member(struct output *output, const struct event_head *head)
{
	json_number(output, "{\"common\":{\"timestamp\":", head->time);
	json_number(output, ",\"smp_id\":", head->cpu);
	json_number(output, ",\"task\":{\"pid\":", head->pid);
	json_number(output, ",\"tgid\":", head->tgid);
	json_literal(output, ",\"comm\":");
	json_string(output, head->comm, strnlen(head->comm, sizeof(head->comm)));
	json_literal(output, "}}");
}

static const char *attach_type(uint8_t attach)
{
	switch (attach) {
	case EVENT_ATTACH_KRETPROBE:
		return "kretprobe";
	case EVENT_ATTACH_RAW_TRACEPOINT:
		return "raw_tracepoint";
	}
	return "kprobe";
}

static void stack_member(struct json *json, const struct event *event)
{
	struct output *output = json->renderer.output;

	json_literal(output, ",\"stack_trace\":[");
	for (unsigned int i = 0; i < event->stack_depth; i++) {
		const char *name = name_table_symbol(
			json->renderer.name_table, event->stack[i], event->head.time);

		if (i > 0)
			json_literal(output, ",");
		if (name) {
			json_string(output, name, strlen(name));
		} else {
			output_hex_after(output, "\"", event->stack[i]);
			json_literal(output, "\"");
		}
	}
	json_literal(output, "]");
}

static void kernel_member(struct json *json, const struct event *event)
{
	struct output *output = json->renderer.output;

	json_name(output,
		",\"kernel\":{\"symbol\":", session_view_symbol(&json->renderer.view, event));
	json_name(output, ",\"probe_type\":", attach_type(event->head.attach));
	if (event->has_stack && event->stack_depth > 0)
		stack_member(json, event);
	json_literal(output, "}");
}

static void identity_member(
	struct output *output, const char *before, const struct event_head *head)
{
	json_number(output, before, head->track_head);
	json_number(output, ",\"timestamp\":", head->track_time);
	json_number(output, ",\"skb\":", head->skb);
	json_literal(output, "}");
}

static void tracking_member(struct json *json, const struct event *event)
{
	const struct event_head *head = &event->head;
	struct output *output = json->renderer.output;

	if (!event->has_tracking)
		return;
	if (json->renderer.numbered) {
		identity_member(output, ",\"tracking\":{\"skb\":{\"orig_head\":", head);
		json_number(output, ",\"idx\":", json->renderer.number);
		json_literal(output, "}");
	}
	identity_member(output, ",\"skb-tracking\":{\"orig_head\":", head);
}

/* The name of a reason begins with the subsystem, unless it is the core's. */
static void reason_members(struct output *output, const char *name)
{
	const char *separator = strchr(name, SUBSYSTEM_SEPARATOR);

	if (separator) {
		json_literal(output, "\"subsys\":");
		json_string(output, name, (size_t)(separator - name));
		json_literal(output, ",");
		name = separator + 1;
	}
	json_name(output, "\"drop_reason\":", name);
}

static void drop_member(struct json *json, const struct event *event)
{
	struct output *output = json->renderer.output;
	const char *name;

	if (!event->has_drop)
		return;
	name = name_table_reason(json->renderer.name_table, event->drop.reason);
	json_literal(output, ",\"skb-drop\":{");
	if (name) {
		reason_members(output, name);
	} else {
		output_hex_after(output, "\"drop_reason\":\"", event->drop.reason);
		json_literal(output, "\"");
	}
	json_number(output, ",\"code\":", event->drop.reason);
	json_literal(output, "}");
}

/* Retis's packets are Ethernet frames: one that has no link layer gets a header of zeros. */
static void packet_member(struct output *output, const struct event *event)
{
	const struct event_packet *packet = &event->packet;
	const uint8_t header[ETHERNET_SIZE] = {
		[ETHERNET_TYPE] = (uint8_t)(packet->protocol >> 8),
		[ETHERNET_TYPE + 1] = (uint8_t)packet->protocol,
	};
	struct json_prefix prefix = { .bytes = header };

	if (!event->has_packet)
		return;
	if (packet->link == EVENT_LINK_RAW)
		prefix.length = sizeof(header);
	json_number(output, ",\"packet\":{\"len\":", (uint64_t)packet->length + prefix.length);
	json_number(output, ",\"capture_len\":", packet->captured + prefix.length);
	json_literal(output, ",\"data\":");
	json_base64(output, prefix, event->packet_bytes, packet->captured);
	if (packet->link == EVENT_LINK_RAW)
		json_literal(output, ",\"link\":\"raw\"");
	json_literal(output, "}");
}

void json_netns(struct json *json, uint64_t cookie, uint32_t inode)
{
	struct output *output = json->renderer.output;
	const char *name = name_table_netns(json->renderer.name_table, cookie, inode);

	json_literal(output, ",\"netns\":{");
	if (cookie != 0) {
		json_number(output, "\"cookie\":", cookie);
		json_literal(output, ",");
	}
	json_number(output, "\"inum\":", inode);
	if (name)
		json_name(output, ",\"name\":", name);
	json_literal(output, "}");
}

static void hook_device(
	struct output *output, const char *before, uint32_t index, struct event_text name)
{
	json_text(output, before, name);
	json_number(output, ",\"ifindex\":", index);
	json_literal(output, "}");
}

static void device_member(struct output *output, const struct event *event)
{
	const struct event_device *device = &event->device;

	if (!event->has_device ||
		(device->index | device->skb_iif | device->in_index | device->out_index) == 0)
		return;
	json_text(output, ",\"dev\":{\"name\":", event->device_name);
	json_number(output, ",\"ifindex\":", device->index);
	if (device->skb_iif != 0)
		json_number(output, ",\"rx_ifindex\":", device->skb_iif);
	if (device->in_index != 0 && device->in_index != device->index)
		hook_device(output, ",\"in\":{\"name\":", device->in_index, event->in_name);
	if (device->out_index != 0 && device->out_index != device->index)
		hook_device(output, ",\"out\":{\"name\":", device->out_index, event->out_name);
	json_literal(output, "}");
}

/* The parts for which Retis's form has no member. */
static void own_member(struct json *json, const struct event *event)
{
	struct output *output = json->renderer.output;

	json_number(output, ",\"nfttraced\":{\"session\":", json->renderer.session);
	if (event->head.attach == EVENT_ATTACH_FENTRY)
		json_literal(output, ",\"attach\":\"fentry\"");
	if (!event->has_tracking)
		json_number(output, ",\"skb\":", event->head.skb);
	if (event->head.flags & EVENT_STOLEN)
		json_literal(output, ",\"stolen\":true");
	json_ct_more(output, event);
	json_literal(output, "}");
}

void json_event(struct json *json, const struct event *event)
{
	struct output *output = json->renderer.output;

	common_member(output, &event->head);
	kernel_member(json, event);
	tracking_member(json, event);
	drop_member(json, event);
	packet_member(output, event);
	json_skb(output, event);
	if (event->has_netns)
		json_netns(json, event->head.netns_cookie, event->head.netns_inode);
	device_member(output, event);
	json_nft(json, event);
	json_ct(output, event);
	own_member(json, event);
	json_literal(output, "}");
}
