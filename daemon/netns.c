/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces by their paths, see netns.h. */
#include "netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../journal/cleanup.h"

#define NAMED_DIRECTORY "/run/netns"
#define OWN_PATH        "/proc/self/ns/net"
#define REQUEST_SIZE    256

/* Since Linux 5.14; the headers of Debian 12 know it, others may not. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static uint64_t cookie_here(void)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return 0;
	return cookie;
}

static bool is_here(const struct stat *status)
{
	struct stat own;

	return stat(OWN_PATH, &own) == 0 && own.st_ino == status->st_ino &&
		own.st_dev == status->st_dev;
}

int netns_enter(int fd, uint64_t cookie, uint32_t inode)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (inode && (uint32_t)status.st_ino != inode)
		return -ESTALE;
	/* Our own is there for one that may not enter others. */
	if (!is_here(&status) && setns(fd, CLONE_NEWNET) < 0)
		return -errno;
	return cookie && cookie_here() != cookie ? -ESTALE : 0;
}

void netns_free(void *data)
{
	struct netns *netns = data;

	if (!netns)
		return;
	g_free(netns->path);
	g_free(netns->name);
	g_free(netns);
}

/* One look: our own namespace to come back to, and a socket to ask for ids. */
struct look {
	GPtrArray *list;
	bool assign;
	int own_fd;
	uint32_t own_inode;
	struct mnl_socket *rtnl;
	uint32_t sequence;
};

static int take_id(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attribute;
	int *id = context;

	mnl_attr_for_each(attribute, message, sizeof(struct rtgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NETNSA_NSID &&
			mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			*id = (int)mnl_attr_get_u32(attribute);
	}
	return MNL_CB_OK;
}

static int ask_id(struct look *look, uint16_t type, int fd, int *ret)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *body;
	ssize_t n;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWNSID ? NLM_F_ACK : 0);
	message->nlmsg_seq = ++look->sequence;
	body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	body->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(message, NETNSA_FD, (uint32_t)fd);
	if (type == RTM_NEWNSID)
		mnl_attr_put_u32(message, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	if (mnl_socket_sendto(look->rtnl, message, message->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(look->rtnl, buffer, sizeof(buffer));
	if (n < 0 ||
		mnl_cb_run(buffer, (size_t)n, look->sequence, mnl_socket_get_portid(look->rtnl),
			take_id, ret) < 0)
		return -errno;
	return 0;
}

/* The id that our namespace has for another. Asking keeps nothing alive: the kernel forgets the id
 * with the namespace. */
static int find_id(struct look *look, int fd)
{
	int id = NETNS_ID_NONE;

	if (!look->rtnl)
		return NETNS_ID_NONE;
	if (ask_id(look, RTM_GETNSID, fd, &id) == 0 && id == NETNS_ID_NONE && look->assign &&
		ask_id(look, RTM_NEWNSID, fd, &id) == 0)
		ask_id(look, RTM_GETNSID, fd, &id);
	return id;
}

/* The cookie of the namespace: of the way there and back only the latter must not fail. */
static uint64_t find_cookie(const struct look *look, int fd)
{
	uint64_t cookie;

	if (setns(fd, CLONE_NEWNET) < 0)
		return 0;
	cookie = cookie_here();
	if (setns(look->own_fd, CLONE_NEWNET) < 0)
		g_error("can't come back from a network namespace: %s", g_strerror(errno));
	return cookie;
}

static struct netns *list_find(GPtrArray *list, uint32_t inode, uint64_t cookie)
{
	for (unsigned int i = 0; i < list->len; i++) {
		struct netns *netns = list->pdata[i];

		if (netns->inode == inode && netns->cookie == cookie)
			return netns;
	}
	return NULL;
}

/* True if this look has found the namespace with that inode: there is no need to enter it again. */
static struct netns *list_found(GPtrArray *list, uint32_t inode)
{
	for (unsigned int i = 0; i < list->len; i++) {
		struct netns *netns = list->pdata[i];

		if (netns->inode == inode && netns->found)
			return netns;
	}
	return NULL;
}

static void set_path(struct netns *netns, const char *path, const char *name)
{
	netns->found = true;
	if (g_strcmp0(netns->path, path) != 0) {
		g_free(netns->path);
		netns->path = g_strdup(path);
	}
	if (g_strcmp0(netns->name, name) != 0) {
		g_free(netns->name);
		netns->name = g_strdup(name);
	}
}

static void look_at(struct look *look, const char *path, const char *name)
{
	struct netns *netns;
	struct stat status;
	uint64_t cookie;
	auto_fd fd = -1;

	/* What is in /run/netns is not always a namespace: entering tells. */
	if (stat(path, &status) < 0 || list_found(look->list, (uint32_t)status.st_ino))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0 || look->list->len >= NETNS_MAX)
		return;
	/* Inodes are used again, cookies are not. */
	cookie = (uint32_t)status.st_ino == look->own_inode ? cookie_here() : find_cookie(look, fd);
	netns = list_find(look->list, (uint32_t)status.st_ino, cookie);
	if (!netns) {
		if (!cookie && name)
			return;
		netns = g_new0(struct netns, 1);
		netns->inode = (uint32_t)status.st_ino;
		netns->cookie = cookie;
		netns->own = netns->inode == look->own_inode;
		netns->id = netns->own ? NETNS_ID_NONE : find_id(look, fd);
		g_ptr_array_add(look->list, netns);
	}
	set_path(netns, path, name);
}

static void look_at_named(struct look *look)
{
	g_autoptr(GDir) directory = g_dir_open(NAMED_DIRECTORY, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(NAMED_DIRECTORY, name, NULL);

		look_at(look, path, name);
	}
}

static void look_at_processes(struct look *look)
{
	g_autoptr(GDir) directory = g_dir_open("/proc", 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = NULL;

		if (!g_ascii_isdigit(*name))
			continue;
		path = g_build_filename("/proc", name, "ns/net", NULL);
		look_at(look, path, NULL);
	}
}

static void forget_lost(GPtrArray *list)
{
	for (unsigned int i = list->len; i-- > 0;) {
		const struct netns *netns = list->pdata[i];

		if (!netns->found)
			g_ptr_array_remove_index_fast(list, i);
	}
}

int netns_look(GPtrArray *list, bool assign)
{
	auto_fd own = open(OWN_PATH, O_RDONLY | O_CLOEXEC);
	struct look look = { .list = list, .assign = assign, .own_fd = own };
	struct stat status;

	if (own < 0 || fstat(own, &status) < 0)
		return -errno;
	look.own_inode = (uint32_t)status.st_ino;
	look.rtnl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (look.rtnl && mnl_socket_bind(look.rtnl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(look.rtnl);
		look.rtnl = NULL;
	}
	for (unsigned int i = 0; i < list->len; i++)
		((struct netns *)list->pdata[i])->found = false;
	look_at_named(&look);
	look_at(&look, OWN_PATH, NULL);
	look_at_processes(&look);
	forget_lost(list);
	if (look.rtnl)
		mnl_socket_close(look.rtnl);
	return 0;
}
