/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps libpcap from resolving names of hosts and networks while it compiles. libpcap asks its own
 * exported functions pcap_nametoaddrinfo(), pcap_nametonetaddr() and pcap_ether_hostton(); a
 * program that links this file has them replaced by ours, which accept numbers only and remember
 * the first name.
 */
#ifndef NFTTRACED_JOURNAL_BASE_FILTER_NAMES_H
#define NFTTRACED_JOURNAL_BASE_FILTER_NAMES_H

/* Forgets what this thread was asked for: call it before pcap_compile(). */
void filter_names_reset(void);

/* The first name that libpcap asked for since then, in this thread; NULL: none. Valid until the
 * next reset. */
const char *filter_names_refused(void);

#endif
