/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interfaces of a capture: one for each device of each network namespace and link type that a
 * packet was seen at, described in the capture when it is first seen. Owned by the capture.
 */
#ifndef NFTTRACED_CLIENT_PCAP_CAPTURE_INTERFACE_H
#define NFTTRACED_CLIENT_PCAP_CAPTURE_INTERFACE_H

#include <glib.h>
#include <stdint.h>

#include "client/pcap/pcapng.h"
#include "journal/event/decode.h"

struct capture_interface {
	uint32_t number; /* in the capture */
	uint64_t packets;
	uint64_t first, last; /* ns, CLOCK_REALTIME: of its packets */
};

struct capture_interfaces;

struct capture_interfaces *capture_interfaces_new(void);

/* The origin of an event, as far as the event does not contain it. */
struct capture_place {
	unsigned int boot;
	const char *netns; /* its name, NULL if it has none */
	const char *host; /* NULL: not known */
};

/* The interface of an event's packet, owned by the list. The description of a new one is written to
 * `pcapng` first. */
struct capture_interface *capture_interface_of(struct capture_interfaces *interfaces,
	struct pcapng *pcapng, const struct event *event, const struct capture_place *place);

/* All of them, by number: GPtrArray of struct capture_interface, owned by the list. */
const GPtrArray *capture_interfaces_all(const struct capture_interfaces *interfaces);

/* Accepts NULL; returns NULL. */
struct capture_interfaces *capture_interfaces_free(struct capture_interfaces *interfaces);

#endif
