/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's descriptor store: its descriptors survive any end of the daemon, until the
 * service is stopped. Owned by the engine, on the worker.
 *
 * While anything is recorded or counted, the store has: the program arrays, which the kernel
 * empties when their last user is gone; the maps that the programs share, with the rings, the
 * counts and the tracker; the links of the stub, of the tracker's hooks and of further probes; and
 * the socket that owns the table which switches tracing on. Only stubs and hooks stay attached: the
 * next daemon loads its own CAPTURE, EMIT and matcher and swaps them in through the arrays. These
 * are at most FD_STORE_MAX descriptors, as FileDescriptorStoreMax= in the unit allows.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_FD_STORE_H
#define NFTTRACED_DAEMON_ENGINE_FD_STORE_H

#include "daemon/base/fd-list.h"

#define FD_STORE_MAX 256

struct fd_store;

/* *ret_stored_fds gets the descriptors of the last daemon, a list that owns them. NULL: there is no
 * service manager. */
struct fd_store *fd_store_new(GArray **ret_stored_fds);

/* Adds those of `stored_fds` that the store does not have yet. The descriptors stay the
 * caller's. */
void fd_store_add(struct fd_store *store, const GArray *stored_fds);

/* Removes all descriptors that are not in `stored_fds`. */
void fd_store_keep_only(struct fd_store *store, const GArray *stored_fds);

/* Waits until the service manager has carried out these changes. Negative errno: it does not
 * answer. */
int fd_store_settle(struct fd_store *store);

/* Frees it; the store keeps its descriptors. Accepts NULL; returns NULL. */
struct fd_store *fd_store_free(struct fd_store *store);

#endif
