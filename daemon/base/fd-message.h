/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on Unix sockets that pass a file descriptor. Stateless, any thread; allocates nothing, so
 * that a fork may use it whatever locks its parent's threads held.
 */
#ifndef NFTTRACED_DAEMON_BASE_FD_MESSAGE_H
#define NFTTRACED_DAEMON_BASE_FD_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

/* Sends a message of `size` bytes and the descriptor, without blocking. Negative errno. */
int fd_message_send(int socket, const void *bytes, size_t size, int fd);

/*
 * Receives a message of at most `size` bytes, the rest is cut off, and the descriptor passed with
 * it. `flags` is 0 to wait for it, or MSG_DONTWAIT. Returns the message's size, 0 at the end of the
 * socket, or negative errno. *ret_fd: close it; -1 if there is none. Further descriptors are closed.
 */
ssize_t fd_message_receive(int socket, void *bytes, size_t size, int flags, int *ret_fd);

#endif
