/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread enters a new namespace, opens the socket there and ends. All other threads, and the
 * descriptors that they open meanwhile, stay in the host's namespace.
 */
#include "daemon/pipeline/private-netns.h"

#include <errno.h>
#include <glib.h>
#include <sched.h>
#include <stdint.h>
#include <sys/socket.h>

#include "journal/base/cleanup.h"

/* Since Linux 5.14; the headers of Debian 12 know it, others may not. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

struct opening {
	int bus;
	struct mnl_socket *socket;
	int namespace_error; /* negative errno, or 0 */
	int socket_error; /* negative errno, or 0 */
};

static int socket_open(int bus, struct mnl_socket **ret)
{
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (!socket)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;

		mnl_socket_close(socket);
		return r;
	}
	*ret = socket;
	return 0;
}

static void *open_inside(void *argument)
{
	struct opening *opening = argument;

	if (unshare(CLONE_NEWNET) < 0)
		opening->namespace_error = -errno;
	else
		opening->socket_error = socket_open(opening->bus, &opening->socket);
	return NULL;
}

static char *namespace_refusal(int error)
{
	switch (-error) {
	case EPERM:
		return g_strdup("the daemon may not make a network namespace of its own: give it "
				"CAP_SYS_ADMIN and, in its unit, RestrictNamespaces=net");
	case ENOSPC:
		return g_strdup("the limit of network namespaces is reached: raise the sysctl "
				"user.max_net_namespaces");
	case EINVAL:
		return g_strdup("the kernel has no network namespaces: it needs CONFIG_NET_NS");
	}
	return g_strdup_printf(
		"can't make a network namespace of the daemon's own: %s", g_strerror(-error));
}

int private_netns_open(int bus, struct mnl_socket **ret, char **ret_reason)
{
	struct opening opening = { .bus = bus };
	g_autoptr(GError) error = NULL;
	GThread *thread = g_thread_try_new("private-netns", open_inside, &opening, &error);

	if (!thread) {
		*ret_reason = g_strdup_printf(
			"can't start a thread: %s: raise TasksMax= of the unit", error->message);
		return -EAGAIN;
	}
	g_thread_join(thread);
	if (opening.namespace_error) {
		*ret_reason = namespace_refusal(opening.namespace_error);
		return opening.namespace_error;
	}
	if (opening.socket_error) {
		*ret_reason = g_strdup_printf(
			"can't open a netlink socket: %s", g_strerror(-opening.socket_error));
		return opening.socket_error;
	}
	*ret = opening.socket;
	return 0;
}

/* The cookie of the socket's namespace; 0: unknown. */
static uint64_t cookie_of(int socket_fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (getsockopt(socket_fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return 0;
	return cookie;
}

bool netns_is_elsewhere(int socket_fd)
{
	auto_fd here = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = cookie_of(socket_fd), own = here >= 0 ? cookie_of(here) : 0;

	return cookie && own && cookie != own;
}
