/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver: a process that finds the texts of rules and the names of addresses, network
 * namespaces and drop reasons (protocol.h). It has one thread and one loop: questions from the
 * daemon, notifications of the kernel (rule-watch.h), and the ends of its own children, which read
 * rules (rule-store.h). A child that hangs is killed; if the resolver itself hangs or ends, the
 * daemon replaces it (names/resolver-client.h) and only the texts that it knew are lost.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RESOLVER_H
#define NFTTRACED_DAEMON_RESOLVER_RESOLVER_H

/* Runs the resolver; `fd`: its end of the socket. Returns when the daemon's end is closed. */
void resolver_loop(int fd);

#endif
