/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters of the stand-in for the daemon; see fake-drops.h. */
#include "tests/unit/kit/fake-drops.h"

#include <glib.h>
#include <stdint.h>

/* The increase by each call. */
#define STEP_PACKETS 100
#define STEP_BYTES   6400

static int append_rule(sd_bus_message *reply, uint64_t calls)
{
	return sd_bus_message_append(reply, "a{sv}", 15, "netns-cookie", "t", UINT64_C(1),
		"netns-inode", "u", UINT32_C(4026531833), "family", "s", "inet", "table", "s",
		"firewalld", "table-handle", "t", UINT64_C(4), "chain", "s",
		"filter_INPUT_POLICIES", "chain-handle", "t", UINT64_C(124), "handle", "t",
		UINT64_C(284), "policy", "b", 0, "rule", "s", "udp dport 8080 drop", "packets", "t",
		132 + calls * STEP_PACKETS, "bytes", "t", 8448 + calls * STEP_BYTES, "first", "t",
		UINT64_C(1), "last", "t",
		(uint64_t)g_get_real_time() - UINT64_C(3) * G_USEC_PER_SEC, "example", "s",
		"172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0");
}

static int append_policy(sd_bus_message *reply)
{
	return sd_bus_message_append(reply, "a{sv}", 12, "netns-cookie", "t", UINT64_C(7),
		"netns-inode", "u", UINT32_C(4026532281), "netns", "s", "server", "family", "s",
		"ip", "table", "s", "filter", "table-handle", "t", UINT64_C(1), "chain", "s",
		"input", "chain-handle", "t", UINT64_C(2), "policy", "b", 1, "packets", "t",
		UINT64_C(5), "bytes", "t", UINT64_C(90000), "last", "t", UINT64_C(0));
}

static int append_hostile(sd_bus_message *reply, uint64_t calls)
{
	return sd_bus_message_append(reply, "a{sv}", 9, "family", "s", "inet", "table", "s",
		"a\\x0a\"b", "chain", "s", "c", "handle", "t", UINT64_C(9), "policy", "b", 0,
		"packets", "t", 1 + calls, "bytes", "t", UINT64_C(60), "last", "t",
		(uint64_t)g_get_real_time() - UINT64_C(7500) * G_USEC_PER_SEC, "unheard", "(ss)",
		"a", "b");
}

int fake_get_drop_counters(sd_bus_message *message, void *context, sd_bus_error *error)
{
	static uint64_t calls;
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(message, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	if (r >= 0)
		r = append_hostile(reply, calls);
	if (r >= 0)
		r = append_rule(reply, calls);
	if (r >= 0)
		r = append_policy(reply);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_message_append(reply, "a{sv}", 3, "packets", "t",
			140 + calls * (STEP_PACKETS + 1), "bytes", "t", 98508 + calls * STEP_BYTES,
			"uncounted", "t", UINT64_C(2));
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	calls++;
	return r < 0 ? r : 1;
}
