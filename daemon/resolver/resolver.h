/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the resolver does, in its process: answers questions until nobody is there to ask. */
#ifndef NFTTRACED_DAEMON_RESOLVER_RESOLVER_H
#define NFTTRACED_DAEMON_RESOLVER_RESOLVER_H

/* `fd`: the far end of its socket. Returns when the near one is closed. */
void resolver_loop(int fd);

#endif
