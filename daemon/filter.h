/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's packet filter: a pcap expression compiled by libpcap to classic BPF, once for packets
 * with an Ethernet header and once for raw IP. Owned by the session; immutable.
 *
 * The programs are in the kernel's types: libpcap's headers and the kernel's <linux/bpf.h> both
 * define a struct bpf_insn and can't be included together. The layout is the same.
 */
#ifndef NFTTRACED_FILTER_H
#define NFTTRACED_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

enum filter_variant {
	FILTER_RAW = 0, /* EVENT_LINK_RAW */
	FILTER_ETHERNET = 1, /* EVENT_LINK_ETHERNET */
	FILTER_VARIANTS,
};

#define FILTER_EXPRESSION_MAX   65536 /* bytes */
#define FILTER_SECONDS_MAX      10 /* of CPU time for libpcap */
#define FILTER_INSTRUCTIONS_MAX 4096 /* classic BPF, each variant: the kernel's BPF_MAXINSNS */

struct filter {
	char *expression;
	/* .filter NULL in one: libpcap can't compile the expression for this link type, or it would
	 * reject every packet; it never matches. NULL in both: matches everything. */
	struct sock_fprog programs[FILTER_VARIANTS];
	uint32_t view; /* bytes of a packet that the filter can look at, <= FRAME_VIEW_MAX */
};

/*
 * Compiles `expression`. Names of hosts and networks are never resolved (an error says so); ports
 * and protocols may be names. NULL or "" matches everything (and gives no programs). Any thread, but
 * not the one that serves the bus: libpcap takes seconds for some hundred ports. It is optimised
 * unless that takes longer than FILTER_SECONDS_MAX and it is short enough without. -EINVAL with libpcap's message in *ret_reason (g_free it) or with ours: a name, a
 * control character, a loop ("protochain"). -E2BIG: a variant has more than FILTER_INSTRUCTIONS_MAX
 * instructions, or making it shorter takes more than FILTER_SECONDS_MAX, or the expression more than FILTER_EXPRESSION_MAX bytes. -ENOTSUP: libpcap would
 * resolve names here in spite of us (it is not the shared library that we were built for).
 */
int filter_new(const char *expression, struct filter **ret, char **ret_reason);

/*
 * Begins the process that compiles, if it does not run; filter_new does so by itself, but a program
 * with threads begins it before it has any. It ends with this process.
 */
int filter_compiler_start(void);

/* Ends it. */
void filter_compiler_stop(void);

/* Accepts NULL; returns NULL. */
struct filter *filter_free(struct filter *filter);

static inline void filter_freep(struct filter **filter)
{
	*filter = filter_free(*filter);
}

/* A filter that is freed when it goes out of scope. */
#define auto_filter __attribute__((cleanup(filter_freep))) struct filter

#endif
