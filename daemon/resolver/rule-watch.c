/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications of rules and modules, see rule-watch.h. */
#include "daemon/resolver/rule-watch.h"

#include <errno.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/netns.h"

#define RECEIVE_SIZE   65536
#define BUFFER_SIZE    (1 << 20) /* of the socket: a reload sends everything at once */
#define MESSAGES_MAX   256 /* received at a time */
#define UEVENT_GROUP   1
#define MODULE_ADDED   "add@/module/"
#define MODULE_REMOVED "remove@/module/"
#define NEW_RULE       (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE)

struct rule_watch {
	struct mnl_socket *rules;
	struct mnl_socket *modules;
	char *buffer;
};

static int open_rules(struct rule_watch *watch)
{
	int group = NFNLGRP_NFTABLES, one = 1, size = BUFFER_SIZE, fd;

	watch->rules = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->rules || mnl_socket_bind(watch->rules, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(watch->rules);
	/* Without either there are fewer notifications; lost ones are reported. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &one, sizeof(one));
	if (mnl_socket_setsockopt(watch->rules, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

static int open_modules(struct rule_watch *watch)
{
	watch->modules = mnl_socket_open2(NETLINK_KOBJECT_UEVENT, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->modules ||
		mnl_socket_bind(watch->modules, UEVENT_GROUP, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

int rule_watch_new(struct rule_watch **ret)
{
	struct rule_watch *watch = g_new0(struct rule_watch, 1);
	int r = open_rules(watch);

	if (r == 0)
		r = open_modules(watch);
	if (r < 0) {
		rule_watch_free(watch);
		return r;
	}
	watch->buffer = g_malloc(RECEIVE_SIZE);
	*ret = watch;
	return 0;
}

struct rule_watch *rule_watch_free(struct rule_watch *watch)
{
	if (!watch)
		return NULL;
	if (watch->rules)
		mnl_socket_close(watch->rules);
	if (watch->modules)
		mnl_socket_close(watch->modules);
	g_free(watch->buffer);
	g_free(watch);
	return NULL;
}

void rule_watch_fds(const struct rule_watch *watch, int fds[RULE_WATCH_FDS])
{
	fds[0] = mnl_socket_get_fd(watch->rules);
	fds[1] = mnl_socket_get_fd(watch->modules);
}

/* Receives a message into the buffer; *ret_id: the namespace that it is from. Returns its size; 0:
 * it is not from the kernel. */
static ssize_t receive_message(
	struct rule_watch *watch, const struct mnl_socket *socket, int *ret_id)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) * 4];
	struct sockaddr_nl sender = { 0 };
	struct iovec iov = { .iov_base = watch->buffer, .iov_len = RECEIVE_SIZE };
	struct msghdr message = {
		.msg_name = &sender,
		.msg_namelen = sizeof(sender),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(mnl_socket_get_fd(socket), &message, 0);

	if (n < 0)
		return -errno;
	*ret_id = NETNS_ID_NONE;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(ret_id, CMSG_DATA(c), sizeof(*ret_id));
	return sender.nl_pid == 0 ? n : 0;
}

static bool has_new_rule(const char *buffer, ssize_t size)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)buffer;

	for (int left = (int)size; mnl_nlmsg_ok(message, left);
		message = mnl_nlmsg_next(message, &left))
		if (message->nlmsg_type == NEW_RULE)
			return true;
	return false;
}

static void receive_rules(struct rule_watch *watch, const struct rule_watch_ops *ops, void *context)
{
	for (unsigned int i = 0; i < MESSAGES_MAX; i++) {
		int id = NETNS_ID_NONE;
		ssize_t n = receive_message(watch, watch->rules, &id);

		if (n == -ENOBUFS)
			ops->lost(context);
		else if (n < 0)
			return;
		else if (has_new_rule(watch->buffer, n))
			ops->rules(context, id);
	}
}

static void receive_modules(
	struct rule_watch *watch, const struct rule_watch_ops *ops, void *context)
{
	bool changed = false;

	for (unsigned int i = 0; i < MESSAGES_MAX; i++) {
		int id = NETNS_ID_NONE;
		ssize_t n = receive_message(watch, watch->modules, &id);

		if (n < 0 && n != -ENOBUFS)
			break;
		changed = changed || n < 0 ||
			(n > 0 && memchr(watch->buffer, '\0', (size_t)n) &&
				(g_str_has_prefix(watch->buffer, MODULE_ADDED) ||
					g_str_has_prefix(watch->buffer, MODULE_REMOVED)));
	}
	if (changed)
		ops->modules(context);
}

void rule_watch_receive(struct rule_watch *watch, const struct rule_watch_ops *ops, void *context)
{
	receive_rules(watch, ops, context);
	receive_modules(watch, ops, context);
}
