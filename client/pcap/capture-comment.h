/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comment of a packet in a capture. Stateless. */
#ifndef NFTTRACED_CLIENT_PCAP_CAPTURE_COMMENT_H
#define NFTTRACED_CLIENT_PCAP_CAPTURE_COMMENT_H

#include "journal/base/output.h"
#include "journal/event/decode.h"
#include "journal/reader/name-table.h"

/* Names that an event is printed with. NULL: unknown. */
struct comment_names {
	const char *probe;
	const struct rule_name *rule;
	const char *drop_reason;
};

/* Appends lines, without a newline at the end: the probe and the packet's identity; table, chain,
 * handle and verdict; the rule's text; the state of connection tracking. Names are escaped. */
void comment_text(
	struct output *output, const struct event *event, const struct comment_names *names);

#endif
