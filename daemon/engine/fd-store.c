/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptor store, see fd-store.h. */
#include "daemon/engine/fd-store.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/base/log.h"
#include "daemon/base/service.h"

#define STORE_PREFIX "nfttraced-"
#define SETTLE_USEC  (5 * G_USEC_PER_SEC)

struct store {
	GArray *kept; /* struct keepsake; descriptors as they were given, to compare */
	bool told; /* something that was not waited for */
};

struct store *store_new(GArray **ret_keepsakes)
{
	struct store *store;
	g_auto(GStrv) names = NULL;
	int count;

	if (!getenv("NOTIFY_SOCKET"))
		return NULL;
	store = g_new0(struct store, 1);
	store->kept = keepsakes_new();
	*ret_keepsakes = keepsakes_new();
	count = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < count; i++) {
		struct keepsake keepsake = { .fd = SD_LISTEN_FDS_START + i };

		if (!g_str_has_prefix(names[i], STORE_PREFIX))
			continue;
		g_strlcpy(keepsake.name, names[i], sizeof(keepsake.name));
		g_array_append_val(store->kept, keepsake);
		g_array_append_val(*ret_keepsakes, keepsake);
	}
	return store;
}

static bool is_among(const GArray *keepsakes, const struct keepsake *wanted)
{
	for (guint i = 0; i < keepsakes->len; i++) {
		const struct keepsake *keepsake = &g_array_index(keepsakes, struct keepsake, i);

		if (keepsake->fd == wanted->fd && g_str_equal(keepsake->name, wanted->name))
			return true;
	}
	return false;
}

static void tell_remove(const struct keepsake *keepsake)
{
	sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", keepsake->name);
}

/* Of a name that is used again what was there before goes first. */
static void name_clear(struct store *store, const char *name)
{
	for (guint i = store->kept->len; i-- > 0;) {
		const struct keepsake *keepsake = &g_array_index(store->kept, struct keepsake, i);

		if (!g_str_equal(keepsake->name, name))
			continue;
		tell_remove(keepsake);
		g_array_remove_index_fast(store->kept, i);
	}
}

void store_add(struct store *store, const GArray *keepsakes)
{
	for (guint i = 0; i < keepsakes->len; i++) {
		const struct keepsake *keepsake = &g_array_index(keepsakes, struct keepsake, i);
		g_autofree char *state = NULL;

		if (is_among(store->kept, keepsake))
			continue;
		name_clear(store, keepsake->name);
		state = g_strdup_printf("FDSTORE=1\nFDPOLL=0\nFDNAME=%s", keepsake->name);
		sd_pid_notify_with_fds(0, 0, state, &keepsake->fd, 1);
		g_array_append_vals(store->kept, keepsake, 1);
		store->told = true;
	}
}

void store_keep_only(struct store *store, const GArray *keepsakes)
{
	for (guint i = store->kept->len; i-- > 0;) {
		const struct keepsake *keepsake = &g_array_index(store->kept, struct keepsake, i);

		if (is_among(keepsakes, keepsake))
			continue;
		tell_remove(keepsake);
		g_array_remove_index_fast(store->kept, i);
		store->told = true;
	}
}

int store_settle(struct store *store)
{
	int r = 0;

	if (store->told)
		r = service_barrier(SETTLE_USEC);
	if (r < 0)
		log_warning(
			"the service manager does not say that it keeps descriptors (%s): after a "
			"restart there may be a gap",
			g_strerror(-r));
	store->told = false;
	return r;
}

struct store *store_free(struct store *store)
{
	if (!store)
		return NULL;
	g_array_unref(store->kept);
	g_free(store);
	return NULL;
}
