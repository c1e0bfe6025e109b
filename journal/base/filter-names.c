/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replacements of libpcap's name look-ups; see filter-names.h. */
#include "journal/base/filter-names.h"

#include <glib.h>
#include <netdb.h>
#include <pcap/pcap.h>

#include <pcap/namedb.h>

/* libpcap must find these although the program hides its symbols. */
#define REPLACES_LIBPCAP __attribute__((visibility("default")))

static void name_forget(void *name)
{
	g_free(name);
}

static GPrivate refused = G_PRIVATE_INIT(name_forget);

static void name_refuse(const char *name)
{
	if (g_private_get(&refused) == NULL)
		g_private_set(&refused, g_strdup(name));
}

void filter_names_reset(void)
{
	g_private_replace(&refused, NULL);
}

const char *filter_names_refused(void)
{
	return g_private_get(&refused);
}

/* libpcap also calls this for numbers, such as IPv6 addresses. The caller frees with
 * freeaddrinfo(). */
REPLACES_LIBPCAP struct addrinfo *pcap_nametoaddrinfo(const char *name)
{
	struct addrinfo hints = {
		.ai_family = PF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *list = NULL;

	if (getaddrinfo(name, NULL, &hints, &list) == 0)
		return list;
	name_refuse(name);
	return NULL;
}

/* 0: no such network. */
REPLACES_LIBPCAP bpf_u_int32 pcap_nametonetaddr(const char *name)
{
	name_refuse(name);
	return 0;
}

REPLACES_LIBPCAP u_char *pcap_ether_hostton(const char *name)
{
	name_refuse(name);
	return NULL;
}
