/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's process, as the daemon starts, asks and ends it. It answers questions for texts of
 * rules and for names of addresses, drop reasons and network namespaces (resolver/protocol.h). It
 * is a process of its own because libnftables may exit, because it enters other network namespaces,
 * and because its memory goes with it. It is started before the daemon has threads; then the name
 * writer owns it.
 */
#ifndef NFTTRACED_DAEMON_NAMES_RESOLVER_CLIENT_H
#define NFTTRACED_DAEMON_NAMES_RESOLVER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/resolver/protocol.h"

/* The environment variable with the socket on which the service manager starts resolvers. */
#define RESOLVER_SOCKET_VARIABLE "NFTTRACED_NAMES_SOCKET"

/* Starts it, if it does not run: through the socket of the environment, or as a child. Negative
 * errno. */
int resolver_start(void);

/* The daemon's end of its socket, SOCK_SEQPACKET; negative: it does not run. */
int resolver_fd(void);

/* Reads the next answer; `text` has room for RESOLVER_TEXT_MAX bytes and gets answer->length.
 * -EAGAIN: there is none; another error: it ended, or sends garbage. */
int resolver_receive(struct resolver_answer *answer, char *text);

/* An answer is owed from now on: resolver_idle counts from here. */
void resolver_expect(void);

/* True if it used no processor time for `patience` us, or if that is not known. */
bool resolver_idle(int64_t patience);

/* Kills it. Any thread, but one at a time, and not while another uses resolver_fd. */
void resolver_stop(void);

#endif
