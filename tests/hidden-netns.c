/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds namespaces that only a netlink socket keeps alive, see hidden-netns.h. */
#include "tests/hidden-netns.h"

#include <glib.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static uint64_t socket_option(int fd, int option)
{
	uint64_t value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &length) < 0 ? 0 : value;
}

static uint64_t cookie_here(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = socket_option(fd, SO_NETNS_COOKIE);

	close(fd);
	return cookie;
}

static bool process_is_here(const char *pid)
{
	g_autofree char *path = g_build_filename("/proc", pid, "ns/net", NULL);
	struct stat its, own;

	return stat(path, &its) == 0 && stat("/proc/self/ns/net", &own) == 0 &&
		its.st_ino == own.st_ino;
}

static void inode_add(GHashTable *inodes, const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0)
		g_hash_table_add(inodes, GUINT_TO_POINTER((unsigned int)status.st_ino));
}

/* The inodes of visible namespaces: processes are in them, or they have a name. */
static GHashTable *found_by_all(void)
{
	GHashTable *inodes = g_hash_table_new(NULL, NULL);
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	g_autoptr(GDir) named = g_dir_open("/run/netns", 0, NULL);
	const char *name;

	while (processes && (name = g_dir_read_name(processes))) {
		g_autofree char *path = g_build_filename("/proc", name, "ns/net", NULL);

		if (g_ascii_isdigit(*name))
			inode_add(inodes, path);
	}
	while (named && (name = g_dir_read_name(named))) {
		g_autofree char *path = g_build_filename("/run/netns", name, NULL);

		inode_add(inodes, path);
	}
	return inodes;
}

/* Helpers that read rulesets have sockets in others' namespaces: those are not hidden. */
static bool is_hidden(int socket_fd)
{
	g_autoptr(GHashTable) inodes = found_by_all();
	int fd = ioctl(socket_fd, SIOCGSKNS);
	struct stat status;
	bool hidden;

	if (fd < 0)
		return true;
	hidden = fstat(fd, &status) < 0 ||
		!g_hash_table_contains(inodes, GUINT_TO_POINTER((unsigned int)status.st_ino));
	close(fd);
	return hidden;
}

/* The cookie of the namespace, and a copy of the socket, if the process's descriptor is a netfilter
 * socket in a hidden one; else 0. */
static uint64_t look_at(int pidfd, int number, uint64_t here, int *ret_copy)
{
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	uint64_t cookie;

	if (fd < 0)
		return 0;
	cookie = socket_option(fd, SO_NETNS_COOKIE);
	if (cookie && cookie != here && socket_option(fd, SO_DOMAIN) == AF_NETLINK &&
		socket_option(fd, SO_PROTOCOL) == NETLINK_NETFILTER && is_hidden(fd)) {
		*ret_copy = fd;
		return cookie;
	}
	close(fd);
	return 0;
}

static void look_at_process(const char *pid, uint64_t here, GHashTable *found, int *socket)
{
	g_autofree char *path = g_build_filename("/proc", pid, "fd", NULL);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	const char *number;

	while (directory && pidfd >= 0 && (number = g_dir_read_name(directory))) {
		g_autofree char *link = g_build_filename(path, number, NULL);
		g_autofree char *target = g_file_read_link(link, NULL);
		uint64_t cookie = 0;
		int copy = -1;

		if (target && g_str_has_prefix(target, "socket:"))
			cookie = look_at(pidfd, atoi(number), here, &copy);
		if (!cookie)
			continue;
		g_hash_table_add(found, g_memdup2(&cookie, sizeof(cookie)));
		if (*socket < 0)
			*socket = copy;
		else
			close(copy);
	}
	if (pidfd >= 0)
		close(pidfd);
}

unsigned int hidden_netns_count(int *ret_socket)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GDir) directory = g_dir_open("/proc", 0, NULL);
	uint64_t here = cookie_here();
	const char *name;
	int socket = -1;

	while (directory && (name = g_dir_read_name(directory))) {
		if (g_ascii_isdigit(*name) && process_is_here(name))
			look_at_process(name, here, found, &socket);
	}
	if (ret_socket)
		*ret_socket = socket;
	else if (socket >= 0)
		close(socket);
	return g_hash_table_size(found);
}
