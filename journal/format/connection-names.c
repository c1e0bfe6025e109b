/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a connection's states, see connection-names.h. */
#include "journal/format/connection-names.h"

#include <glib.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>

#include "bpf/shared/event.h"

/* From the kernel: the headers for user space do not have it. */
#define INFO_UNTRACKED 7

static const char *const info_names[] = {
	[IP_CT_ESTABLISHED] = "established",
	[IP_CT_RELATED] = "related",
	[IP_CT_NEW] = "new",
	[IP_CT_ESTABLISHED_REPLY] = "reply",
	[IP_CT_RELATED_REPLY] = "related_reply",
	[INFO_UNTRACKED] = "untracked",
	[EVENT_CT_INVALID] = "invalid",
};

static const char *const tcp_names[] = {
	[TCP_CONNTRACK_NONE] = "NONE",
	[TCP_CONNTRACK_SYN_SENT] = "SYN_SENT",
	[TCP_CONNTRACK_SYN_RECV] = "SYN_RECV",
	[TCP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[TCP_CONNTRACK_FIN_WAIT] = "FIN_WAIT",
	[TCP_CONNTRACK_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_CONNTRACK_LAST_ACK] = "LAST_ACK",
	[TCP_CONNTRACK_TIME_WAIT] = "TIME_WAIT",
	[TCP_CONNTRACK_CLOSE] = "CLOSE",
	[TCP_CONNTRACK_LISTEN] = "LISTEN",
};

static const char *const sctp_names[] = {
	[SCTP_CONNTRACK_NONE] = "NONE",
	[SCTP_CONNTRACK_CLOSED] = "CLOSED",
	[SCTP_CONNTRACK_COOKIE_WAIT] = "COOKIE_WAIT",
	[SCTP_CONNTRACK_COOKIE_ECHOED] = "COOKIE_ECHOED",
	[SCTP_CONNTRACK_ESTABLISHED] = "ESTABLISHED",
	[SCTP_CONNTRACK_SHUTDOWN_SENT] = "SHUTDOWN_SENT",
	[SCTP_CONNTRACK_SHUTDOWN_RECD] = "SHUTDOWN_RECD",
	[SCTP_CONNTRACK_SHUTDOWN_ACK_SENT] = "SHUTDOWN_ACK_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_SENT] = "HEARTBEAT_SENT",
	[SCTP_CONNTRACK_HEARTBEAT_ACKED] = "HEARTBEAT_ACKED",
};

const char *connection_info_name(uint8_t info)
{
	return info < G_N_ELEMENTS(info_names) ? info_names[info] : NULL;
}

const char *connection_state_name(uint8_t protocol, uint8_t state)
{
	switch (connection_kind(protocol)) {
	case CONNECTION_TCP:
		return state < G_N_ELEMENTS(tcp_names) ? tcp_names[state] : NULL;
	case CONNECTION_SCTP:
		return state < G_N_ELEMENTS(sctp_names) ? sctp_names[state] : NULL;
	case CONNECTION_UDP:
	case CONNECTION_ICMP:
	case CONNECTION_OTHER:
		break;
	}
	return NULL;
}

enum connection_kind connection_kind(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return CONNECTION_TCP;
	case IPPROTO_UDP:
		return CONNECTION_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return CONNECTION_ICMP;
	case IPPROTO_SCTP:
		return CONNECTION_SCTP;
	}
	return CONNECTION_OTHER;
}
