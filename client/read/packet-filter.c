/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet filter through libpcap, offline; see packet-filter.h. */
#include "client/read/packet-filter.h"

#include <errno.h>
#include <glib.h>
#include <pcap/pcap.h>

#include "bpf/shared/event.h"
#include "journal/base/escape.h"
#include "journal/base/filter-names.h"

/* Bytes of a packet; does not limit comparisons with `len`. */
#define SNAPSHOT_LENGTH 262144

#define OPTIMISE 1

static const int link_types[] = {
	[EVENT_LINK_RAW] = DLT_RAW,
	[EVENT_LINK_ETHERNET] = DLT_EN10MB,
};

struct packet_filter {
	struct bpf_program
		programs[G_N_ELEMENTS(link_types)]; /* without instructions: never matches */
};

static void pcap_closep(pcap_t **pcap)
{
	if (*pcap)
		pcap_close(*pcap);
}

#define auto_pcap __attribute__((cleanup(pcap_closep))) pcap_t

/* Compiles for one link type; false with libpcap's reason, or ours. */
static bool compile_expression(
	const char *expression, int link_type, struct bpf_program *ret, char **ret_reason)
{
	auto_pcap *pcap = pcap_open_dead(link_type, SNAPSHOT_LENGTH);
	g_autofree char *text = NULL;
	const char *name;

	if (!pcap) {
		*ret_reason = g_strdup(g_strerror(ENOMEM));
		return false;
	}
	filter_names_reset();
	if (pcap_compile(pcap, ret, expression, OPTIMISE, PCAP_NETMASK_UNKNOWN) == 0)
		return true;
	*ret = (struct bpf_program){ 0 };
	name = filter_names_refused();
	text = text_excerpt_dup(name ? name : pcap_geterr(pcap));
	if (name)
		*ret_reason = g_strdup_printf("names of hosts and networks are not resolved: give "
					      "an address in place of \"%s\"",
			text);
	else
		*ret_reason = g_steal_pointer(&text);
	return false;
}

int packet_filter_new(const char *expression, struct packet_filter **ret, char **ret_reason)
{
	struct packet_filter *filter = g_new0(struct packet_filter, 1);
	g_autofree char *ethernet_reason = NULL;
	g_autofree char *raw_reason = NULL;
	bool ethernet, raw;

	ethernet = compile_expression(expression, link_types[EVENT_LINK_ETHERNET],
		&filter->programs[EVENT_LINK_ETHERNET], &ethernet_reason);
	raw = compile_expression(expression, link_types[EVENT_LINK_RAW],
		&filter->programs[EVENT_LINK_RAW], &raw_reason);
	if (!ethernet && !raw) {
		packet_filter_free(filter);
		*ret_reason = g_strdup_printf("the filter can't be used: %s", ethernet_reason);
		return -EINVAL;
	}
	*ret = filter;
	return 0;
}

bool packet_filter_match(const struct packet_filter *filter, unsigned int link,
	const uint8_t *bytes, uint32_t captured, uint32_t length)
{
	if (link >= G_N_ELEMENTS(filter->programs) || !filter->programs[link].bf_insns)
		return false;
	return bpf_filter(filter->programs[link].bf_insns, bytes, length, captured) != 0;
}

struct packet_filter *packet_filter_free(struct packet_filter *filter)
{
	if (!filter)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(filter->programs); i++) {
		if (filter->programs[i].bf_insns)
			pcap_freecode(&filter->programs[i]);
	}
	g_free(filter);
	return NULL;
}
