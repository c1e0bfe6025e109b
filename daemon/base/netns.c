/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans for network namespaces, see netns.h. */
#include "daemon/base/netns.h"

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

#include "daemon/base/netns-owner.h"
#include "journal/base/cleanup.h"

#define OWN_PATH     "/proc/self/ns/net"
#define REQUEST_SIZE 256

/* Since Linux 5.14; the headers of Debian 12 know it, others may not. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint64_t netns_cookie(void)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return 0;
	return cookie;
}

static bool is_own(const struct stat *status)
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
	/* Our own needs no setns, which may be forbidden. */
	if (!is_own(&status) && setns(fd, CLONE_NEWNET) < 0)
		return -errno;
	return cookie && netns_cookie() != cookie ? -ESTALE : 0;
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

/* State of a scan: our own namespace, to return to, and a socket that reads ids. */
struct scan {
	GPtrArray *list;
	bool assign;
	int own_fd;
	uint32_t own_inode;
	struct mnl_socket *rtnl;
	uint32_t sequence;
	GHashTable *seen; /* set of inodes */
	GHashTable *known; /* of struct netns by inode: found by earlier scans or by this one */
	GHashTable *owners; /* number of namespaces found, by owner */
	unsigned int users; /* namespaces found that are neither ours nor root's */
	unsigned int passed;
};

static int receive_id(const struct nlmsghdr *message, void *context)
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

static int request_id(struct scan *scan, uint16_t type, int fd, int *ret)
{
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtgenmsg *body;
	ssize_t n;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | (type == RTM_NEWNSID ? NLM_F_ACK : 0);
	message->nlmsg_seq = ++scan->sequence;
	body = mnl_nlmsg_put_extra_header(message, sizeof(*body));
	body->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(message, NETNSA_FD, (uint32_t)fd);
	if (type == RTM_NEWNSID)
		mnl_attr_put_u32(message, NETNSA_NSID, (uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	if (mnl_socket_sendto(scan->rtnl, message, message->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(scan->rtnl, buffer, sizeof(buffer));
	if (n < 0 ||
		mnl_cb_run(buffer, (size_t)n, scan->sequence, mnl_socket_get_portid(scan->rtnl),
			receive_id, ret) < 0)
		return -errno;
	return 0;
}

/* The id of a namespace in ours. An id does not keep the namespace alive. */
static int find_id(struct scan *scan, int fd)
{
	int id = NETNS_ID_NONE;

	if (!scan->rtnl)
		return NETNS_ID_NONE;
	if (request_id(scan, RTM_GETNSID, fd, &id) == 0 && id == NETNS_ID_NONE && scan->assign &&
		request_id(scan, RTM_NEWNSID, fd, &id) == 0)
		request_id(scan, RTM_GETNSID, fd, &id);
	return id;
}

/* The cookie of the namespace, which has to be entered for that. A failure to return is fatal. */
static uint64_t find_cookie(const struct scan *scan, int fd)
{
	uint64_t cookie;

	if (setns(fd, CLONE_NEWNET) < 0)
		return 0;
	cookie = netns_cookie();
	if (setns(scan->own_fd, CLONE_NEWNET) < 0)
		g_error("can't return from a network namespace: %s", g_strerror(errno));
	return cookie;
}

/* Inodes are reused, cookies are not. */
static struct netns *find_known(const struct scan *scan, uint32_t inode, uint64_t cookie)
{
	struct netns *netns = g_hash_table_lookup(scan->known, GUINT_TO_POINTER(inode));

	return netns && netns->cookie == cookie ? netns : NULL;
}

static bool is_users(uint64_t owner)
{
	return owner != NETNS_OWNER_HOST && owner != NETNS_OWNER_ROOT;
}

static unsigned int owner_count(const struct scan *scan, uint64_t owner)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(scan->owners, &owner));
}

/* True if the list has room for one more of that owner's. */
static bool owner_has_room(const struct scan *scan, uint64_t owner, uint32_t inode)
{
	if (owner == NETNS_OWNER_HOST)
		return true;
	if (g_hash_table_size(scan->known) >= NETNS_MAX &&
		!g_hash_table_contains(scan->known, GUINT_TO_POINTER(inode)))
		return false;
	return !is_users(owner) ||
		(scan->users < NETNS_USERS_MAX && owner_count(scan, owner) < NETNS_USER_MAX);
}

static void count_owner(struct scan *scan, uint64_t owner)
{
	g_hash_table_insert(scan->owners, g_memdup2(&owner, sizeof(owner)),
		GUINT_TO_POINTER(owner_count(scan, owner) + 1));
	if (is_users(owner))
		scan->users++;
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

static struct netns *netns_add(struct scan *scan, int fd, uint32_t inode, uint64_t cookie)
{
	struct netns *netns = g_new0(struct netns, 1);

	netns->inode = inode;
	netns->cookie = cookie;
	netns->own = inode == scan->own_inode;
	netns->id = netns->own ? NETNS_ID_NONE : find_id(scan, fd);
	g_ptr_array_add(scan->list, netns);
	/* Replaces one that had the inode before; this scan does not find that. */
	g_hash_table_insert(scan->known, GUINT_TO_POINTER(inode), netns);
	return netns;
}

static void scan_path(struct scan *scan, const char *path, const char *name)
{
	struct netns *netns;
	struct stat status;
	uint64_t cookie, owner;
	uint32_t inode;
	auto_fd fd = -1;

	/* A file in /run/netns may be no namespace: only entering it shows. */
	if (stat(path, &status) < 0 ||
		g_hash_table_contains(scan->seen, GUINT_TO_POINTER((uint32_t)status.st_ino)))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	inode = (uint32_t)status.st_ino;
	owner = inode == scan->own_inode ? NETNS_OWNER_HOST : netns_owner(fd);
	if (!owner_has_room(scan, owner, inode)) {
		scan->passed += g_hash_table_add(scan->seen, GUINT_TO_POINTER(inode));
		return;
	}
	cookie = inode == scan->own_inode ? netns_cookie() : find_cookie(scan, fd);
	if (!cookie && name && !find_known(scan, inode, cookie))
		return;
	netns = find_known(scan, inode, cookie);
	if (!netns)
		netns = netns_add(scan, fd, inode, cookie);
	netns->owner = owner;
	count_owner(scan, owner);
	g_hash_table_add(scan->seen, GUINT_TO_POINTER(inode));
	set_path(netns, path, name);
}

static void scan_named(struct scan *scan)
{
	g_autoptr(GDir) directory = g_dir_open(NETNS_NAMED_DIRECTORY, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = g_build_filename(NETNS_NAMED_DIRECTORY, name, NULL);

		scan_path(scan, path, name);
	}
}

static void scan_processes(struct scan *scan)
{
	g_autoptr(GDir) directory = g_dir_open("/proc", 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *path = NULL;

		if (!g_ascii_isdigit(*name))
			continue;
		path = g_build_filename("/proc", name, "ns/net", NULL);
		scan_path(scan, path, NULL);
	}
}

static void remove_gone(GPtrArray *list)
{
	for (unsigned int i = list->len; i-- > 0;) {
		const struct netns *netns = list->pdata[i];

		if (!netns->found)
			g_ptr_array_remove_index_fast(list, i);
	}
}

static void scan_begin(struct scan *scan)
{
	scan->rtnl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (scan->rtnl && mnl_socket_bind(scan->rtnl, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(scan->rtnl);
		scan->rtnl = NULL;
	}
	scan->seen = g_hash_table_new(NULL, NULL);
	scan->known = g_hash_table_new(NULL, NULL);
	scan->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (unsigned int i = 0; i < scan->list->len; i++) {
		struct netns *netns = scan->list->pdata[i];

		netns->found = false;
		g_hash_table_insert(scan->known, GUINT_TO_POINTER(netns->inode), netns);
	}
}

static void scan_end(struct scan *scan)
{
	if (scan->rtnl)
		mnl_socket_close(scan->rtnl);
	g_hash_table_unref(scan->seen);
	g_hash_table_unref(scan->known);
	g_hash_table_unref(scan->owners);
}

int netns_scan(GPtrArray *list, bool assign, struct netns_scan_result *ret)
{
	auto_fd own = open(OWN_PATH, O_RDONLY | O_CLOEXEC);
	struct scan scan = { .list = list, .assign = assign, .own_fd = own };
	struct stat status;

	if (own < 0 || fstat(own, &status) < 0)
		return -errno;
	scan.own_inode = (uint32_t)status.st_ino;
	scan_begin(&scan);
	scan_named(&scan);
	scan_path(&scan, OWN_PATH, NULL);
	scan_processes(&scan);
	remove_gone(list);
	*ret = (struct netns_scan_result){ .passed = scan.passed };
	scan_end(&scan);
	return 0;
}
