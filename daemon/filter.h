/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's packet filter: a pcap expression compiled by libpcap to classic BPF, once for packets
 * with an Ethernet header and once for raw IP. Owned by the session; immutable.
 */
#ifndef NFTTRACED_FILTER_H
#define NFTTRACED_FILTER_H

#include <pcap/pcap.h>
#include <stdint.h>

enum filter_variant {
	FILTER_RAW = 0,	     /* EVENT_LINK_RAW */
	FILTER_ETHERNET = 1, /* EVENT_LINK_ETHERNET */
	FILTER_VARIANTS,
};

struct filter {
	char *expression;
	/* bf_insns NULL: libpcap can't compile the expression for this link type; never matches. */
	struct bpf_program programs[FILTER_VARIANTS];
	uint32_t view; /* bytes of a packet that the filter can look at, <= FRAME_VIEW_MAX */
};

/*
 * Compiles `expression`. Names of hosts and networks are never resolved (an error says so); ports
 * and protocols may be names. Any thread. NULL or "" matches everything (and gives no programs).
 * -EINVAL with libpcap's message in *ret_reason (g_free it), -E2BIG if it is over libpcap's
 * instruction limit or longer than FILTER_EXPRESSION_MAX bytes.
 */
int filter_new(const char *expression, struct filter **ret, char **ret_reason);

/* Accepts NULL; returns NULL. */
struct filter *filter_free(struct filter *filter);

#define FILTER_EXPRESSION_MAX 65536

#endif
