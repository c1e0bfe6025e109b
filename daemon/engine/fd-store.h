/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's descriptor store: what is in it outlives the daemon, by however it ends,
 * until the service is stopped. Owned by the engine, on the worker.
 *
 * In it are, while anything is recorded or counted: the program arrays, which the kernel empties
 * when their last user is gone; the maps that the programs share, with the rings, the counts and
 * the tracker; the links of the stub, of the tracker's hooks and of further probes; and the socket
 * that owns the table which switches tracing on. Only the stubs and hooks stay attached: the next
 * daemon loads CAPTURE, EMIT and the matcher anew and swaps them through the arrays. That is at
 * most FD_STORE_MAX descriptors; FileDescriptorStoreMax= in the unit is that.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_FD_STORE_H
#define NFTTRACED_DAEMON_ENGINE_FD_STORE_H

#include "daemon/base/fd-list.h"

#define FD_STORE_MAX 256

struct fd_store;

/* What the last daemon left comes in *ret_stored_fds, a list that owns its descriptors. NULL: there
 * is no service manager. */
struct fd_store *fd_store_new(GArray **ret_stored_fds);

/* Gives the service manager what it does not have yet of `stored_fds`, whose descriptors stay the
 * caller's. */
void fd_store_add(struct fd_store *store, const GArray *stored_fds);

/* Has it let go of everything else. */
void fd_store_keep_only(struct fd_store *store, const GArray *stored_fds);

/* Waits until it has done both. Negative errno: it does not answer. */
int fd_store_settle(struct fd_store *store);

/* What is in the store stays there. Accepts NULL; returns NULL. */
struct fd_store *fd_store_free(struct fd_store *store);

#endif
