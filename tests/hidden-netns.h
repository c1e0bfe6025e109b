/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces that only a netlink socket keeps: what a daemon that is armed has. Looks at the
 * sockets of all processes that are in the namespace of the caller. Needs root.
 */
#ifndef NFTTRACED_TESTS_HIDDEN_NETNS_H
#define NFTTRACED_TESTS_HIDDEN_NETNS_H

/*
 * How many namespaces there are that a netfilter socket of a process here stands in, while no process does and
 * no name in /run/netns leads there. *ret_socket (NULL: not wanted) is a copy of one of the sockets, to be closed by the caller;
 * -1: there is none.
 */
unsigned int hidden_netns_count(int *ret_socket);

#endif
