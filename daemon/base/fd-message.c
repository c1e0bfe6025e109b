/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that pass a file descriptor, see fd-message.h. */
#include "daemon/base/fd-message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union passed {
	char buffer[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

int fd_message_send(int socket, const void *bytes, size_t size, int fd)
{
	struct iovec data = { (void *)bytes, size };
	union passed passed = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = passed.buffer,
		.msg_controllen = sizeof(passed.buffer),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

ssize_t fd_message_receive(int socket, void *bytes, size_t size, int flags, int *ret_fd)
{
	struct iovec data = { bytes, size };
	union passed passed = { 0 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = passed.buffer,
		/* CMSG_SPACE has room for a second descriptor, which would stay open. */
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	const struct cmsghdr *header;
	ssize_t received;

	do
		received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	while (received < 0 && errno == EINTR);
	*ret_fd = -1;
	if (received < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return received;
}
