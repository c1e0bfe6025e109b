/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver: a process beside the daemon that knows the words for numbers, and tells them when it is
 * asked: texts of rules, names of addresses, drop reasons and network namespaces. It is apart because
 * libnftables may end its process, because it enters other network namespaces, and because what it
 * holds in memory goes away with its work. It is begun before the daemon has threads, and ends with it.
 */
#ifndef NFTTRACED_DAEMON_NAMES_RESOLVER_CLIENT_H
#define NFTTRACED_DAEMON_NAMES_RESOLVER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/resolver/protocol.h"

/* Names the socket on which the service manager gives out resolvers. */
#define RESOLVER_SOCKET_VARIABLE "NFTTRACED_NAMES_SOCKET"

/* Begins it, if it does not run: through the socket that the environment names, or as a child. */
int resolver_start(void);

/* The near end of its socket, SOCK_SEQPACKET, until resolver_stop. */
int resolver_fd(void);

/* The next packet from it: the text, `answer->length` of it, goes to `text`, which has room for
 * RESOLVER_TEXT_MAX. -EAGAIN: there is none; another error: it is gone, or not to be trusted. */
int resolver_receive(struct resolver_answer *answer, char *text);

/* From now on resolver_idle counts. */
void resolver_expect(void);

/* True if it has used no processor time for `patience` us, as far as can be told. */
bool resolver_idle(int64_t patience);

/* Ends it, also one that is stopped. Any thread, but one at a time, and not while another uses resolver_fd. */
void resolver_stop(void);

#endif
