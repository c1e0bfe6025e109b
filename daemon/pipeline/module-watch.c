/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detects that the module nf_tables is loaded or removed. */
#include "daemon/pipeline/module-watch.h"

#include <errno.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define UEVENT_GROUP_KERNEL 1
#define UEVENT_SIZE         8192 /* the kernel's own buffer holds 2,048 bytes and the header */

struct module_watch {
	struct mnl_socket *socket;
	sd_event_source *source;
	module_watch_handler handler;
	void *context;
};

enum module_change module_change_parse(const char *message, size_t size)
{
	/* The first string of a message is ACTION@DEVPATH. */
	if (!memchr(message, '\0', size))
		return MODULE_UNCHANGED;
	if (g_str_equal(message, "add@/module/nf_tables"))
		return MODULE_ADDED;
	if (g_str_equal(message, "remove@/module/nf_tables"))
		return MODULE_REMOVED;
	return MODULE_UNCHANGED;
}

static int on_uevent(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct module_watch *watch = userdata;
	char message[UEVENT_SIZE];
	struct sockaddr_nl sender = { 0 };
	socklen_t length = sizeof(sender);
	enum module_change change;
	ssize_t n;

	n = recvfrom(
		fd, message, sizeof(message), MSG_DONTWAIT, (struct sockaddr *)&sender, &length);
	/* The lost message may have been about nf_tables. */
	if (n < 0 && errno == ENOBUFS)
		change = MODULE_ADDED;
	else if (n <= 0 || sender.nl_pid != 0)
		return 0;
	else
		change = module_change_parse(message, n);
	if (change != MODULE_UNCHANGED)
		watch->handler(watch->context, change);
	return 0;
}

int module_watch_new(
	sd_event *event, module_watch_handler handler, void *context, struct module_watch **ret)
{
	struct module_watch *watch = g_new0(struct module_watch, 1);
	int r;

	watch->handler = handler;
	watch->context = context;
	watch->socket = mnl_socket_open2(NETLINK_KOBJECT_UEVENT, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->socket ||
		mnl_socket_bind(watch->socket, UEVENT_GROUP_KERNEL, MNL_SOCKET_AUTOPID) < 0)
		r = -errno;
	else
		r = sd_event_add_io(event, &watch->source, mnl_socket_get_fd(watch->socket),
			EPOLLIN, on_uevent, watch);
	if (r < 0) {
		module_watch_free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

struct module_watch *module_watch_free(struct module_watch *watch)
{
	if (!watch)
		return NULL;
	sd_event_source_disable_unref(watch->source);
	if (watch->socket)
		mnl_socket_close(watch->socket);
	g_free(watch);
	return NULL;
}
