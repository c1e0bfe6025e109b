/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages to the service manager about descriptors, and their order. The test is the service
 * manager. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/fd-message.h"
#include "daemon/engine/fd-store.h"

static int manager_fd;
static pthread_t manager;
static char *told; /* every message, a line each; barriers are "BARRIER" */
static GArray *received; /* int */

static void take(char *message, size_t size, int fd)
{
	g_autofree char *text = g_strndup(message, size), *all = told;

	g_strdelimit(text, "\n", ' ');
	told = g_strconcat(
		all ? all : "", g_str_has_prefix(text, "BARRIER") ? "BARRIER" : text, "\n", NULL);
	if (g_str_has_prefix(text, "FDSTORE=1"))
		g_array_append_val(received, fd);
	else if (fd >= 0)
		close(fd);
}

static void *manager_run(void *context)
{
	for (;;) {
		char message[512];
		int fd;
		ssize_t size = fd_message_receive(manager_fd, message, sizeof(message), 0, &fd);

		if (size <= 0)
			return NULL;
		take(message, (size_t)size, fd);
	}
}

static void set_up(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *name = g_strdup_printf("@nfttraced-test-store-%d", getpid());
	size_t length = strlen(name);

	manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, name, length);
	address.sun_path[0] = '\0';
	ck_assert_int_eq(bind(manager_fd, (struct sockaddr *)&address,
				 offsetof(struct sockaddr_un, sun_path) + (socklen_t)length),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
	received = g_array_new(FALSE, FALSE, sizeof(int));
	ck_assert_int_eq(pthread_create(&manager, NULL, manager_run, NULL), 0);
}

static void tear_down(void)
{
	shutdown(manager_fd, SHUT_RDWR);
	pthread_join(manager, NULL);
	for (guint i = 0; i < received->len; i++)
		close(g_array_index(received, int, i));
	g_array_unref(received);
	g_clear_pointer(&told, g_free);
	close(manager_fd);
}

static bool is_same(int a, int b)
{
	uint64_t one = 1, read_back = 0;

	/* Data written to one can be read from the other. */
	return write(a, &one, sizeof(one)) > 0 && read(b, &read_back, sizeof(read_back)) > 0 &&
		read_back == 1;
}

START_TEST(only_new_descriptors_are_stored)
{
	GArray *before = NULL, *stored_fds = stored_fds_new();
	struct fd_store *store = fd_store_new(&before);
	int first = eventfd(0, EFD_CLOEXEC), second = eventfd(0, EFD_CLOEXEC);

	ck_assert_ptr_nonnull(store);
	ck_assert_uint_eq(before->len, 0);
	stored_fd_add(stored_fds, first, "map", 1);
	stored_fd_add(stored_fds, -1, "map", 2);
	fd_store_add(store, stored_fds);
	ck_assert_int_eq(fd_store_settle(store), 0);
	ck_assert_str_eq(told, "FDSTORE=1 FDPOLL=0 FDNAME=nfttraced-map-1\nBARRIER\n");
	ck_assert(is_same(first, g_array_index(received, int, 0)));
	stored_fd_add(stored_fds, second, "ring", 0);
	fd_store_add(store, stored_fds);
	fd_store_keep_only(store, stored_fds);
	ck_assert_int_eq(fd_store_settle(store), 0);
	ck_assert(g_str_has_suffix(
		told, "BARRIER\nFDSTORE=1 FDPOLL=0 FDNAME=nfttraced-ring-0\nBARRIER\n"));
	fd_store_add(store, stored_fds);
	ck_assert_int_eq(fd_store_settle(store), 0);
	ck_assert_uint_eq(received->len, 2);
	close(first);
	close(second);
	fd_store_free(store);
	g_array_unref(before);
	g_array_unref(stored_fds);
}
END_TEST

START_TEST(unwanted_descriptors_are_removed)
{
	GArray *before = NULL, *stored_fds = stored_fds_new(), *none = stored_fds_new();
	struct fd_store *store = fd_store_new(&before);
	int fd = eventfd(0, EFD_CLOEXEC), other = eventfd(0, EFD_CLOEXEC);

	stored_fd_add(stored_fds, fd, "probe", 3);
	fd_store_add(store, stored_fds);
	g_array_index(stored_fds, struct stored_fd, 0).fd = other;
	fd_store_add(store, stored_fds);
	fd_store_keep_only(store, none);
	ck_assert_int_eq(fd_store_settle(store), 0);
	ck_assert_str_eq(told,
		"FDSTORE=1 FDPOLL=0 FDNAME=nfttraced-probe-3\n"
		"FDSTOREREMOVE=1 FDNAME=nfttraced-probe-3\n"
		"FDSTORE=1 FDPOLL=0 FDNAME=nfttraced-probe-3\n"
		"FDSTOREREMOVE=1 FDNAME=nfttraced-probe-3\nBARRIER\n");
	close(fd);
	close(other);
	fd_store_free(store);
	g_array_unref(before);
	g_array_unref(stored_fds);
	g_array_unref(none);
}
END_TEST

START_TEST(without_a_service_manager_there_is_no_store)
{
	GArray *before = NULL;

	unsetenv("NOTIFY_SOCKET");
	ck_assert_ptr_null(fd_store_new(&before));
	ck_assert_ptr_null(before);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
	GArray *stored_fds = stored_fds_new();

	stored_fd_add(stored_fds, 77, "probe", 3);
	stored_fd_add(stored_fds, 78, "probe-entry", 3);
	ck_assert_int_eq(stored_fd_take(stored_fds, "probe", 4), -1);
	ck_assert_int_eq(stored_fd_take(stored_fds, "probe", 3), 77);
	ck_assert_int_eq(stored_fd_take(stored_fds, "probe", 3), -1);
	ck_assert_uint_eq(stored_fds->len, 1);
	g_array_unref(stored_fds);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *cases = tcase_create("store");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, only_new_descriptors_are_stored);
	tcase_add_test(cases, unwanted_descriptors_are_removed);
	tcase_add_test(cases, without_a_service_manager_there_is_no_store);
	tcase_add_test(cases, a_name_is_taken_once);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
