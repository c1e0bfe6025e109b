/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service manager's descriptor store, see fd-store.h. */
#include "daemon/engine/fd-store.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/base/log.h"
#include "daemon/base/service.h"

#define STORE_PREFIX "nfttraced-"
#define SETTLE_USEC  (5 * G_USEC_PER_SEC)

struct fd_store {
	/* struct stored_fd: the contents of the store; descriptors only to compare with. */
	GArray *kept;
	bool unconfirmed; /* changes were sent since the last fd_store_settle */
};

struct fd_store *fd_store_new(GArray **ret_stored_fds)
{
	struct fd_store *store;
	g_auto(GStrv) names = NULL;
	int count;

	if (!getenv("NOTIFY_SOCKET"))
		return NULL;
	store = g_new0(struct fd_store, 1);
	store->kept = stored_fds_new();
	*ret_stored_fds = stored_fds_new();
	count = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < count; i++) {
		struct stored_fd stored_fd = { .fd = SD_LISTEN_FDS_START + i };

		if (!g_str_has_prefix(names[i], STORE_PREFIX))
			continue;
		g_strlcpy(stored_fd.name, names[i], sizeof(stored_fd.name));
		g_array_append_val(store->kept, stored_fd);
		g_array_append_val(*ret_stored_fds, stored_fd);
	}
	return store;
}

static bool fds_have(const GArray *stored_fds, const struct stored_fd *wanted)
{
	for (guint i = 0; i < stored_fds->len; i++) {
		const struct stored_fd *stored_fd = &g_array_index(stored_fds, struct stored_fd, i);

		if (stored_fd->fd == wanted->fd && g_str_equal(stored_fd->name, wanted->name))
			return true;
	}
	return false;
}

static void notify_remove(const struct stored_fd *stored_fd)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", stored_fd->name);
}

/* Removes the descriptor of a name that is used again. */
static void name_remove(struct fd_store *store, const char *name)
{
	for (guint i = store->kept->len; i-- > 0;) {
		const struct stored_fd *stored_fd =
			&g_array_index(store->kept, struct stored_fd, i);

		if (!g_str_equal(stored_fd->name, name))
			continue;
		notify_remove(stored_fd);
		g_array_remove_index_fast(store->kept, i);
	}
}

void fd_store_add(struct fd_store *store, const GArray *stored_fds)
{
	for (guint i = 0; i < stored_fds->len; i++) {
		const struct stored_fd *stored_fd = &g_array_index(stored_fds, struct stored_fd, i);
		g_autofree char *state = NULL;

		if (fds_have(store->kept, stored_fd))
			continue;
		name_remove(store, stored_fd->name);
		state = g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", stored_fd->name);
		sd_pid_notify_with_fds(0, 0, state, &stored_fd->fd, 1);
		g_array_append_vals(store->kept, stored_fd, 1);
		store->unconfirmed = true;
	}
}

void fd_store_keep_only(struct fd_store *store, const GArray *stored_fds)
{
	for (guint i = store->kept->len; i-- > 0;) {
		const struct stored_fd *stored_fd =
			&g_array_index(store->kept, struct stored_fd, i);

		if (fds_have(stored_fds, stored_fd))
			continue;
		notify_remove(stored_fd);
		g_array_remove_index_fast(store->kept, i);
		store->unconfirmed = true;
	}
}

int fd_store_settle(struct fd_store *store)
{
	int r = 0;

	if (store->unconfirmed)
		r = service_barrier(SETTLE_USEC);
	if (r < 0)
		log_warning("the service manager does not confirm that it stores descriptors (%s): "
			    "a restart may leave a gap",
			g_strerror(-r));
	store->unconfirmed = false;
	return r;
}

struct fd_store *fd_store_free(struct fd_store *store)
{
	if (!store)
		return NULL;
	g_array_unref(store->kept);
	g_free(store);
	return NULL;
}
