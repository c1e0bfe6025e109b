/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that pass a file descriptor. */
#include "daemon/base/fd-message.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static void set_up(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* The number that a process gets for its next descriptor. */
static int next_fd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	close(fd);
	return fd;
}

START_TEST(a_message_arrives_with_its_descriptor)
{
	int passed = eventfd(5, EFD_CLOEXEC), fd = -1;
	char text[8] = "";
	uint64_t value = 0;

	ck_assert_int_eq(fd_message_send(ends[0], "abc", 3, passed), 0);
	close(passed);
	ck_assert_int_eq(fd_message_receive(ends[1], text, sizeof(text), 0, &fd), 3);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(read(fd, &value, sizeof(value)), sizeof(value));
	ck_assert_uint_eq(value, 5);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}
END_TEST

START_TEST(a_message_without_a_descriptor_has_minus_one)
{
	char text[8];
	int fd = 7;

	ck_assert_int_eq(send(ends[0], "abc", 3, 0), 3);
	ck_assert_int_eq(fd_message_receive(ends[1], text, sizeof(text), 0, &fd), 3);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(credentials_are_no_descriptor)
{
	const int on = 1;
	char text[8];
	int fd = 7;

	setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	ck_assert_int_eq(send(ends[0], "abc", 3, 0), 3);
	ck_assert_int_eq(fd_message_receive(ends[1], text, sizeof(text), 0, &fd), 3);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(a_second_descriptor_does_not_stay_open)
{
	int passed[] = { eventfd(0, EFD_CLOEXEC), eventfd(0, EFD_CLOEXEC) };
	int next = next_fd(), fd = -1;
	union {
		char buffer[CMSG_SPACE(sizeof(passed))];
		struct cmsghdr header;
	} control = { .header = { CMSG_LEN(sizeof(passed)), SOL_SOCKET, SCM_RIGHTS } };
	char text[8] = "abc";
	struct iovec data = { text, 3 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};

	memcpy(CMSG_DATA(&control.header), passed, sizeof(passed));
	ck_assert_int_eq(sendmsg(ends[0], &message, 0), 3);
	ck_assert_int_eq(fd_message_receive(ends[1], text, sizeof(text), 0, &fd), 3);
	ck_assert_int_eq(fd, next);
	ck_assert_int_eq(next_fd(), next + 1);
	close(fd);
	close(passed[0]);
	close(passed[1]);
}
END_TEST

START_TEST(the_end_and_an_empty_socket_are_distinguished)
{
	char text[8];
	int fd = 7;

	ck_assert_int_eq(
		fd_message_receive(ends[1], text, sizeof(text), MSG_DONTWAIT, &fd), -EAGAIN);
	ck_assert_int_eq(fd, -1);
	shutdown(ends[0], SHUT_WR);
	ck_assert_int_eq(fd_message_receive(ends[1], text, sizeof(text), MSG_DONTWAIT, &fd), 0);
	ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(sending_reports_errors_and_raises_no_signal)
{
	shutdown(ends[1], SHUT_RD);
	ck_assert_int_eq(fd_message_send(ends[0], "abc", 3, STDIN_FILENO), -EPIPE);
	ck_assert_int_eq(fd_message_send(ends[0], "abc", 3, -1), -EBADF);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fd_message");
	TCase *passing = tcase_create("passing");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(passing, set_up, tear_down);
	tcase_add_test(passing, a_message_arrives_with_its_descriptor);
	tcase_add_test(passing, a_message_without_a_descriptor_has_minus_one);
	tcase_add_test(passing, credentials_are_no_descriptor);
	tcase_add_test(passing, a_second_descriptor_does_not_stay_open);
	tcase_add_test(passing, the_end_and_an_empty_socket_are_distinguished);
	tcase_add_test(passing, sending_reports_errors_and_raises_no_signal);
	suite_add_tcase(suite, passing);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
