/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon as its service manager sees it: the test is the service manager. */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/base/fd-message.h"
#include "daemon/base/service.h"
#include "journal/base/cleanup.h"

#define MESSAGE_MAX   4096
#define WATCHDOG_USEC 30000
#define TURN_USEC     (5 * G_USEC_PER_SEC)

static struct {
	char *directory, *path;
	int socket;
	sd_event *event;
	struct service *service;
	bool dead;
	unsigned int ends, reloads;
	const char *trouble;
	char message[MESSAGE_MAX];
} manager;

static void on_end(void *context)
{
	manager.ends++;
}

static void on_reload(void *context)
{
	manager.reloads++;
	service_reloading(manager.service);
	service_reloaded(manager.service, g_strdup(manager.trouble));
}

static bool on_alive(void *context)
{
	return !manager.dead;
}

static void manager_start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	manager.directory = g_dir_make_tmp("nfttraced-test-XXXXXX", NULL);
	manager.path = g_build_filename(manager.directory, "notify", NULL);
	g_strlcpy(address.sun_path, manager.path, sizeof(address.sun_path));
	manager.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager.socket, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", manager.path, 1);
	service_block_signals();
	ck_assert_int_eq(sd_event_new(&manager.event), 0);
	manager.dead = false;
	manager.ends = manager.reloads = 0;
	manager.trouble = NULL;
}

static void service_start(void)
{
	const struct service_ops ops = {
		.end = on_end,
		.reload = on_reload,
		.alive = on_alive,
	};

	ck_assert_int_eq(service_new(manager.event, &ops, &manager.service), 0);
}

static void manager_stop(void)
{
	manager.service = service_free(manager.service);
	sd_event_unref(manager.event);
	close(manager.socket);
	unlink(manager.path);
	rmdir(manager.directory);
	g_free(manager.path);
	g_free(manager.directory);
	unsetenv("WATCHDOG_USEC");
	unsetenv("NOTIFY_SOCKET");
}

/* The next message of the service, or "". */
static const char *said(void)
{
	ssize_t n = recv(manager.socket, manager.message, MESSAGE_MAX - 1, 0);

	manager.message[MAX(n, 0)] = '\0';
	return manager.message;
}

static void turn(void)
{
	ck_assert_int_gt(sd_event_run(manager.event, TURN_USEC), 0);
}

START_TEST(status_is_sent_when_ready_and_on_change)
{
	service_start();
	service_status(manager.service, "Ready, %d sessions", 0);
	ck_assert_str_eq(said(), "");
	service_ready(manager.service);
	ck_assert_str_eq(said(), "READY=1\nSTATUS=Ready, 0 sessions");
	service_status(manager.service, "Ready, %d sessions", 0);
	ck_assert_str_eq(said(), "");
	service_status(manager.service, "Ready, %d sessions", 1);
	ck_assert_str_eq(said(), "STATUS=Ready, 1 sessions");
}
END_TEST

START_TEST(a_state_with_a_new_line_is_no_second_assignment)
{
	service_start();
	service_status(manager.service, "a name\nERRNO=1");
	service_ready(manager.service);
	ck_assert_ptr_null(strstr(said(), "\nERRNO"));
}
END_TEST

START_TEST(sigterm_and_sigint_end_and_say_so)
{
	service_start();
	raise(SIGTERM);
	turn();
	ck_assert_ptr_nonnull(strstr(said(), "STOPPING=1"));
	raise(SIGINT);
	turn();
	ck_assert_uint_eq(manager.ends, 2);
}
END_TEST

START_TEST(sighup_reloads_and_what_is_wrong_stays_beside_the_state)
{
	service_start();
	service_status(manager.service, "Ready");
	manager.trouble = "nfttraced.conf:3: unknown key";
	raise(SIGHUP);
	turn();
	ck_assert(g_str_has_prefix(said(), "RELOADING=1\nMONOTONIC_USEC="));
	ck_assert_str_eq(said(), "READY=1\nSTATUS=Ready (nfttraced.conf:3: unknown key)");
	manager.trouble = NULL;
	raise(SIGHUP);
	turn();
	ck_assert(g_str_has_prefix(said(), "RELOADING=1\n"));
	ck_assert_str_eq(said(), "READY=1\nSTATUS=Ready");
	ck_assert_uint_eq(manager.reloads, 2);
}
END_TEST

START_TEST(one_that_ends_does_not_reload)
{
	service_start();
	service_stopping(manager.service);
	said();
	raise(SIGHUP);
	turn();
	ck_assert_uint_eq(manager.reloads, 0);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(the_watchdog_is_fed_while_it_is_alive_only)
{
	g_autofree char *usec = g_strdup_printf("%d", WATCHDOG_USEC);

	setenv("WATCHDOG_USEC", usec, 1);
	service_start();
	turn();
	ck_assert_str_eq(said(), "WATCHDOG=1");
	turn();
	ck_assert_str_eq(said(), "WATCHDOG=1");
	manager.dead = true;
	turn();
	ck_assert_str_eq(said(), "");
	manager.dead = false;
	turn();
	ck_assert_str_eq(said(), "WATCHDOG=1");
}
END_TEST

/* The barrier is a descriptor that the service manager closes when it reaches it. */
static void *pass_barrier(void *data)
{
	struct pollfd ready = { .fd = manager.socket, .events = POLLIN };
	char text[MESSAGE_MAX];
	int fd = -1;

	poll(&ready, 1, -1);
	fd_message_receive(manager.socket, text, sizeof(text), 0, &fd);
	fd_close(&fd);
	return NULL;
}

START_TEST(a_barrier_returns_when_the_service_manager_has_come_to_it)
{
	GThread *thread = g_thread_new("manager", pass_barrier, NULL);

	ck_assert_int_eq(service_barrier(TURN_USEC), 0);
	g_thread_join(thread);
	ck_assert_int_eq(service_barrier(1000), -ETIMEDOUT);
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(service_barrier(1000), -EOPNOTSUPP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *service = tcase_create("service");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(service, manager_start, manager_stop);
	tcase_add_test(service, status_is_sent_when_ready_and_on_change);
	tcase_add_test(service, a_state_with_a_new_line_is_no_second_assignment);
	tcase_add_test(service, sigterm_and_sigint_end_and_say_so);
	tcase_add_test(service, sighup_reloads_and_what_is_wrong_stays_beside_the_state);
	tcase_add_test(service, one_that_ends_does_not_reload);
	tcase_add_test(service, the_watchdog_is_fed_while_it_is_alive_only);
	tcase_add_test(service, a_barrier_returns_when_the_service_manager_has_come_to_it);
	suite_add_tcase(suite, service);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
