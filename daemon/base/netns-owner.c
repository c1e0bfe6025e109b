/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner of a network namespace, see netns-owner.h. */
#include "daemon/base/netns-owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "journal/base/cleanup.h"

#define OWN_USER_PATH "/proc/self/ns/user"
#define NESTING_MAX   64 /* the kernel allows 32 */

static bool is_own(int user_fd)
{
	struct stat status, own;

	return fstat(user_fd, &status) == 0 && stat(OWN_USER_PATH, &own) == 0 &&
		status.st_ino == own.st_ino && status.st_dev == own.st_dev;
}

static uint64_t user_owner(int user_fd)
{
	uid_t owner;

	return ioctl(user_fd, NS_GET_OWNER_UID, &owner) < 0 ? NETNS_OWNER_UNKNOWN : owner;
}

uint64_t netns_owner(int fd)
{
	auto_fd user = ioctl(fd, NS_GET_USERNS);

	if (user < 0)
		/* A kernel without user namespaces: there is only root's. */
		return errno == EPERM ? NETNS_OWNER_UNKNOWN : NETNS_OWNER_ROOT;
	if (is_own(user))
		return NETNS_OWNER_ROOT;
	for (unsigned int i = 0; i < NESTING_MAX; i++) {
		int parent = ioctl(user, NS_GET_PARENT);

		if (parent < 0)
			break;
		if (is_own(parent)) {
			fd_close(&parent);
			return user_owner(user);
		}
		fd_close(&user);
		user = parent;
	}
	return NETNS_OWNER_UNKNOWN;
}
