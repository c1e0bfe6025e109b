/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls to the daemon and their failures in words; see daemon-bus.h. */
#include "client/bus/daemon-bus.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/bus/polkit-agent.h"
#include "client/bus/remote.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"

#define PRIVATE_PATH_DEFAULT "/run/nfttraced/private"
#define PRIVATE_USEC         (5 * G_USEC_PER_SEC) /* for the hello of a daemon that listens */
#define ADDRESS_DEFAULT      "unix:path=/run/dbus/system_bus_socket"

static bool private_used;
static uint64_t wait_usec = BUS_TIMEOUT_USEC;

void bus_limit_wait(uint64_t usec)
{
	wait_usec = usec;
}

/* ssh, or its program on the other host, has ended. */
static bool is_disconnected(int error)
{
	return error == ENOTCONN || error == ECONNRESET || error == EPIPE;
}

static int remote_unreachable(int error, char **ret_reason)
{
	*ret_reason = g_strdup_printf("the system bus of %s can't be reached (%s): "
				      "'ssh %s systemd-stdio-bridge' must work",
		remote_host(), g_strerror(error), remote_host());
	return -error;
}

static int report_disconnected(char **ret_reason)
{
	if (remote_host())
		return remote_unreachable(ENOTCONN, ret_reason);
	if (private_used) {
		*ret_reason = g_strdup("nfttraced ended before it answered: "
				       "'systemctl status nfttraced' shows its state");
		return -ENXIO;
	}
	*ret_reason = g_strdup("the connection to the system bus was lost: is dbus running?");
	return -ENOTCONN;
}

bool bus_is_absence(int error)
{
	return error == -ENXIO || error == -ETIMEDOUT || error == -ENOTCONN;
}

bool bus_is_private(sd_bus *bus)
{
	return sd_bus_is_bus_client(bus) == 0;
}

/* NULL: no private socket for us. With $DBUS_SYSTEM_BUS_ADDRESS set, the daemon is not the
 * system's. */
static const char *private_path(void)
{
	const char *path = g_getenv("NFTTRACED_PRIVATE_SOCKET");

	if (remote_host() || geteuid() != 0)
		return NULL;
	if (!path && !g_getenv("DBUS_SYSTEM_BUS_ADDRESS"))
		path = PRIVATE_PATH_DEFAULT;
	return path && *path ? path : NULL;
}

static int private_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = private_path();
	auto_fd fd = -1;

	if (!path ||
		g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
			sizeof(address.sun_path))
		return -ENOENT;
	/* Does not wait for a daemon whose queue of connections is full. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd_steal(&fd);
}

/* A daemon that has too many connections closes one that is new. */
static int private_await(sd_bus *bus)
{
	int64_t end = g_get_monotonic_time() + PRIVATE_USEC;
	int r;

	while ((r = sd_bus_is_ready(bus)) == 0) {
		int64_t left = end - g_get_monotonic_time();

		if (left <= 0)
			return -ETIMEDOUT;
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, (uint64_t)left);
		if (r < 0)
			break;
	}
	return MIN(r, 0);
}

int bus_connect_private(sd_bus **ret)
{
	sd_bus *bus = NULL;
	auto_fd fd = private_socket();
	int r = fd < 0 ? fd : sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_fd(bus, fd, fd);
	if (r >= 0)
		fd_steal(&fd);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r >= 0)
		r = private_await(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	private_used = true;
	*ret = bus;
	return 0;
}

int bus_connect(sd_bus **ret, char **ret_reason)
{
	const char *host = remote_host();
	int r;

	if (bus_connect_private(ret) == 0)
		return 0;
	r = host ? sd_bus_open_system_remote(ret, host) : sd_bus_open_system(ret);

	if (r < 0 && host)
		return remote_unreachable(-r, ret_reason);
	if (r < 0)
		*ret_reason = g_strdup_printf(
			"the system bus can't be reached (%s): is dbus running?", g_strerror(-r));
	return r;
}

static int connect_later(sd_bus *bus)
{
	const char *address = g_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r = sd_bus_set_address(bus, address ? address : ADDRESS_DEFAULT);

	if (r >= 0)
		r = sd_bus_set_bus_client(bus, true);
	if (r >= 0)
		r = sd_bus_set_watch_bind(bus, true);
	return r < 0 ? r : sd_bus_start(bus);
}

int bus_connect_later(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r;

	if (remote_host())
		return sd_bus_open_system_remote(ret, remote_host());
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = connect_later(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

int bus_call_new(sd_bus *bus, const char *path, const char *interface, const char *method,
	sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(bus, ret, BUS_NAME, path, interface, method);

	/* Properties are for every user: they need no password. */
	if (r >= 0 && g_str_has_prefix(interface, BUS_NAME) && agent_may_ask()) {
		agent_start();
		r = sd_bus_message_set_allow_interactive_authorization(*ret, true);
	}
	/* A daemon that was stopped stays stopped, even with an old activation file. */
	if (r >= 0)
		r = sd_bus_message_set_auto_start(*ret, false);
	return r;
}

/* Errors that mean that the daemon is not running. */
static const char *const absent_errors[] = {
	SD_BUS_ERROR_SERVICE_UNKNOWN,
	SD_BUS_ERROR_NAME_HAS_NO_OWNER,
	NULL,
};

/* The daemon names the right that is missing; the bus, with its own policy, does not. */
static char *denial_text(const char *message)
{
	if (message && g_str_has_prefix(message, "access denied: "))
		return text_sentence_dup(message);
	return g_strdup("access denied: this needs root");
}

int bus_failure(const sd_bus_error *error, char **ret_reason)
{
	const char *name = error->name ? error->name : "";

	if (g_strv_contains(absent_errors, name)) {
		*ret_reason = g_strdup("nfttraced is not running: "
				       "start it with 'systemctl start nfttraced'");
		return -ENXIO;
	}
	if (g_str_equal(name, SD_BUS_ERROR_ACCESS_DENIED)) {
		*ret_reason = denial_text(error->message);
		return -EACCES;
	}
	if (g_str_equal(name, SD_BUS_ERROR_NO_REPLY) || g_str_equal(name, SD_BUS_ERROR_TIMEOUT)) {
		*ret_reason = g_strdup("nfttraced did not answer: "
				       "'systemctl status nfttraced' shows its state");
		return -ETIMEDOUT;
	}
	if (is_disconnected(sd_bus_error_get_errno(error)))
		return report_disconnected(ret_reason);
	*ret_reason = text_sentence_dup(error->message ? error->message : name);
	if (g_str_equal(name, BUS_ERROR_NO_SUCH_SESSION) ||
		g_str_equal(name, SD_BUS_ERROR_UNKNOWN_OBJECT))
		return -ESRCH;
	return -EIO;
}

int bus_unreadable(int r, char **ret_reason)
{
	*ret_reason = g_strdup_printf("the answer of nfttraced can't be read (%s): "
				      "are both programs of one version?",
		g_strerror(-r));
	return r;
}

int bus_call_send(sd_bus *bus, sd_bus_message *call, int r, sd_bus_message **ret, char **ret_reason)
{
	auto_bus_error error = SD_BUS_ERROR_NULL;

	if (r < 0) {
		*ret_reason = g_strdup_printf("the call can't be made: %s", g_strerror(-r));
		return r;
	}
	r = sd_bus_call(bus, call, wait_usec, &error, ret);
	return r < 0 ? bus_failure(&error, ret_reason) : 0;
}

int bus_call(sd_bus *bus, const char *path, const char *interface, const char *method,
	sd_bus_message **ret, char **ret_reason)
{
	auto_bus_message *call = NULL;
	int r = bus_call_new(bus, path, interface, method, &call);

	return bus_call_send(bus, call, r, ret, ret_reason);
}

int bus_list(sd_bus *bus, const char *method, int (*read)(sd_bus_message *, GPtrArray *),
	GDestroyNotify free_entry, GPtrArray **ret, char **ret_reason)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(free_entry);
	auto_bus_message *reply = NULL;
	int r = bus_call(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, method, &reply, ret_reason);

	if (r < 0)
		return r;
	r = read(reply, entries);
	if (r < 0)
		return bus_unreadable(r, ret_reason);
	*ret = g_steal_pointer(&entries);
	return 0;
}

int bus_properties(sd_bus *bus, const char *path, const char *interface, sd_bus_message **ret,
	char **ret_reason)
{
	auto_bus_message *call = NULL;
	int r = bus_call_new(bus, path, "org.freedesktop.DBus.Properties", "GetAll", &call);

	if (r >= 0)
		r = sd_bus_message_append(call, "s", interface);
	return bus_call_send(bus, call, r, ret, ret_reason);
}
