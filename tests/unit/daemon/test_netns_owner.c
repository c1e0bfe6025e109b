/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner of a network namespace: the user who created the outermost user namespace that it is
 * in. Needs root. */
#include "daemon/base/netns-owner.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER        65534
#define OWN_NETNS   "/proc/self/ns/net"
#define UNKNOWN     42 /* exit status */
#define NESTING_MAX 32 /* the kernel's */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(EXIT_FAILURE);
	close(fd);
}

/* A user namespace around the process, in which it is root. */
static void nest(unsigned int id)
{
	g_autofree char *map = g_strdup_printf("0 %u 1", id);

	if (unshare(CLONE_NEWUSER) < 0)
		_exit(EXIT_FAILURE);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/uid_map", map);
	write_to("/proc/self/gid_map", map);
}

/* A process of that user, in a network namespace nested in that many user namespaces. */
static pid_t process_begin(unsigned int user, unsigned int depth)
{
	char ready = 0;
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0)
			_exit(EXIT_FAILURE);
		prctl(PR_SET_DUMPABLE, 1);
		for (unsigned int i = 0; i < depth; i++)
			nest(i == 0 ? user : 0);
		if (unshare(CLONE_NEWNET) < 0 || write(fds[1], &ready, 1) != 1)
			_exit(EXIT_FAILURE);
		pause();
		_exit(EXIT_SUCCESS);
	}
	close(fds[1]);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(read(fds[0], &ready, 1), 1);
	close(fds[0]);
	return pid;
}

static uint64_t owner_of(unsigned int user, unsigned int depth)
{
	pid_t pid = process_begin(user, depth);
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t owner;

	ck_assert_int_ge(fd, 0);
	owner = netns_owner(fd);
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return owner;
}

START_TEST(own_user_namespace_belongs_to_root)
{
	int own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);

	ck_assert_uint_eq(netns_owner(own), NETNS_OWNER_ROOT);
	close(own);
	ck_assert_uint_eq(owner_of(0, 0), NETNS_OWNER_ROOT);
}
END_TEST

START_TEST(a_user_namespace_that_root_made_is_roots)
{
	ck_assert_uint_eq(owner_of(0, 1), NETNS_OWNER_ROOT);
}
END_TEST

START_TEST(namespace_belongs_to_its_creator)
{
	ck_assert_uint_eq(owner_of(USER, 1), USER);
}
END_TEST

START_TEST(nested_namespace_belongs_to_the_user)
{
	ck_assert_uint_eq(owner_of(USER, 2), USER);
	ck_assert_uint_eq(owner_of(USER, NESTING_MAX), USER);
}
END_TEST

START_TEST(unreachable_namespace_has_an_unknown_owner)
{
	int outside = open(OWN_NETNS, O_RDONLY | O_CLOEXEC), status;
	pid_t pid = fork();

	if (pid == 0) {
		nest(0);
		_exit(netns_owner(outside) == NETNS_OWNER_UNKNOWN ? UNKNOWN : EXIT_FAILURE);
	}
	close(outside);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owners of network namespaces");
	TCase *tcase = tcase_create("owners of network namespaces");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, own_user_namespace_belongs_to_root);
	tcase_add_test(tcase, a_user_namespace_that_root_made_is_roots);
	tcase_add_test(tcase, namespace_belongs_to_its_creator);
	tcase_add_test(tcase, nested_namespace_belongs_to_the_user);
	tcase_add_test(tcase, unreachable_namespace_has_an_unknown_owner);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
