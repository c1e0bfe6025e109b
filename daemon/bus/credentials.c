/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user and the process behind a connection; see credentials.h, and GetConnectionCredentials in
 * the D-Bus specification. */
#include "daemon/bus/credentials.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define ANSWER_USEC (60 * G_USEC_PER_SEC) /* the bus may be busy */

int credentials_ask(sd_bus *bus, const char *name, sd_bus_slot **ret_slot,
	sd_bus_message_handler_t answered, void *userdata)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(
		bus, &call, DBUS_NAME, DBUS_PATH, DBUS_INTERFACE, "GetConnectionCredentials");

	if (r >= 0)
		r = sd_bus_message_append(call, "s", name);
	if (r >= 0)
		r = sd_bus_call_async(bus, ret_slot, call, answered, userdata, ANSWER_USEC);
	sd_bus_message_unref(call);
	return r;
}

/* One entry; unknown ones are skipped. */
static int read_entry(sd_bus_message *reply, bool *ret_has_uid, uid_t *ret_uid, pid_t *ret_pid)
{
	const char *key;
	uint32_t number = 0;
	int r = sd_bus_message_read(reply, "s", &key);

	if (r < 0)
		return r;
	if (g_str_equal(key, "UnixUserID")) {
		r = sd_bus_message_read(reply, "v", "u", &number);
		*ret_uid = number;
		*ret_has_uid = r >= 0;
	} else if (g_str_equal(key, "ProcessID")) {
		r = sd_bus_message_read(reply, "v", "u", &number);
		*ret_pid = (pid_t)number;
	} else {
		r = sd_bus_message_skip(reply, "v");
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

int credentials_read(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid)
{
	bool has_uid = false;
	uid_t uid = 0;
	pid_t pid = 0;
	int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0)
		r = read_entry(reply, &has_uid, &uid, &pid);
	if (r >= 0 && !has_uid)
		r = -ENODATA;
	if (r < 0)
		return r;
	*ret_uid = uid;
	*ret_pid = pid;
	return 0;
}

int credentials_of_peer(int fd, struct ucred *ret)
{
	socklen_t size = sizeof(*ret);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &size) < 0 ? -errno : 0;
}

pid_t credentials_peer_pid(sd_bus *peer)
{
	struct ucred credentials;
	int fd = sd_bus_get_fd(peer);

	return fd >= 0 && credentials_of_peer(fd, &credentials) == 0 ? credentials.pid : 0;
}
