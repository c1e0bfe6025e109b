/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces that only a netlink socket keeps alive, such as that of an armed daemon.
 * Searches the sockets of all processes in the caller's namespace. Needs root.
 */
#ifndef NFTTRACED_TESTS_HIDDEN_NETNS_H
#define NFTTRACED_TESTS_HIDDEN_NETNS_H

/*
 * The number of namespaces in which a process here has a netfilter socket, but which have no
 * process in them and no name in /run/netns. *ret_socket (NULL: not wanted) is a copy of one of the
 * sockets, to be closed by the caller; -1: there is none.
 */
unsigned int hidden_netns_count(int *ret_socket);

#endif
