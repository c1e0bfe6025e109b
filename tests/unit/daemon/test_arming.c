/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming in a hidden network namespace. Needs root; each test runs in a namespace of its own, in
 * place of the host's.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/pipeline/private-netns.h"
#include "daemon/pipeline/trace-rule.h"
#include "tests/hidden-netns.h"

static struct arming *arming;

static void set_up(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	arming = arming_new();
}

static void tear_down(void)
{
	arming_free(arming);
	ck_assert_uint_eq(hidden_netns_count(NULL), 0);
}

static void arm(void)
{
	g_autofree char *reason = NULL;
	int r = arming_arm(arming, &reason);

	ck_assert_msg(r == 0, "%d: %s", r, reason);
}

/* The reason that arming gives when it fails with `error`. */
static char *refusal(int error)
{
	char *reason = NULL;

	ck_assert_int_eq(arming_arm(arming, &reason), error);
	ck_assert(!arming_is_armed(arming));
	ck_assert_int_eq(arming_socket(arming), -1);
	return reason;
}

static void assert_ruleset_empty(void)
{
	ck_assert_int_eq(system("[ -z \"$(nft list ruleset)\" ]"), 0);
}

START_TEST(trace_rule_is_in_a_namespace_kept_by_a_socket)
{
	int netns;

	arm();
	ck_assert(arming_is_armed(arming));
	ck_assert(netns_is_elsewhere(arming_socket(arming)));
	assert_ruleset_empty();
	ck_assert_uint_eq(hidden_netns_count(NULL), 1);
	arm();
	ck_assert_uint_eq(hidden_netns_count(NULL), 1);

	netns = ioctl(arming_socket(arming), SIOCGSKNS);
	ck_assert_int_ge(netns, 0);
	ck_assert_int_eq(setns(netns, CLONE_NEWNET), 0);
	ck_assert_int_eq(system("nft list ruleset | grep -q 'meta nftrace set 1'"), 0);
	ck_assert_int_ne(system("nft delete table inet nfttraced 2>&1"), 0);
	ck_assert_int_eq(system("nft flush ruleset"), 0);
	ck_assert_int_eq(system("nft list ruleset | grep -q 'meta nftrace set 1'"), 0);
	arming_disarm(arming);
	assert_ruleset_empty();
	close(netns);
}
END_TEST

START_TEST(disarmed_it_has_nothing_and_can_be_armed_again)
{
	for (int i = 0; i < 3; i++) {
		arm();
		arming_disarm(arming);
		ck_assert(!arming_is_armed(arming));
		ck_assert_int_eq(arming_socket(arming), -1);
		ck_assert_uint_eq(hidden_netns_count(NULL), 0);
	}
}
END_TEST

START_TEST(the_administrators_rule_is_looked_for_in_the_hosts_namespace)
{
	g_autofree char *reason = NULL;
	bool found = true;

	arm();
	ck_assert_int_eq(arming_find_rule(&found, &reason), 0);
	ck_assert(!found);
	ck_assert_int_eq(
		system("nft 'table inet own { chain trace { meta nftrace set 1; }; }'"), 0);
	ck_assert_int_eq(arming_find_rule(&found, &reason), 0);
	ck_assert(found);
}
END_TEST

START_TEST(socket_of_the_last_daemon_is_reused)
{
	struct arming *next = arming_new();
	g_autofree char *reason = NULL;
	int fd;

	arm();
	fd = fcntl(arming_socket(arming), F_DUPFD_CLOEXEC, 0);
	arming_disarm(arming);
	ck_assert_int_eq(arming_adopt(next, fd, &reason), 0);
	ck_assert_int_eq(arming_socket(next), fd);
	ck_assert_uint_eq(hidden_netns_count(NULL), 1);
	arming_free(next);
}
END_TEST

/* As of earlier versions, whose table was in the host's ruleset. */
static int old_socket(void)
{
	char buffer[8192] = { 0 };
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer, sizeof(buffer) / 2);
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *message;
	int fd;

	ck_assert_int_eq(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, "nfttraced");
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, 0x2);
	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), 1);
	mnl_nlmsg_batch_next(batch);
	message = nftnl_nlmsg_build_hdr(
		mnl_nlmsg_batch_current(batch), NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_CREATE, 2);
	nftnl_table_nlmsg_build_payload(message, table);
	mnl_nlmsg_batch_next(batch);
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), 3);
	mnl_nlmsg_batch_next(batch);
	ck_assert_int_gt(
		mnl_socket_sendto(socket, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch)),
		0);
	mnl_nlmsg_batch_stop(batch);
	nftnl_table_free(table);
	ck_assert_int_eq(system("nft list tables | grep -q 'inet nfttraced'"), 0);
	fd = fcntl(mnl_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
	mnl_socket_close(socket);
	return fd;
}

START_TEST(rule_in_the_host_is_removed_after_rearming)
{
	g_autofree char *reason = NULL;
	int fd = old_socket();

	ck_assert_int_eq(arming_adopt(arming, fd, &reason), 0);
	ck_assert(arming_is_armed(arming));
	/* Another number: the old socket was open until the new one was. */
	ck_assert_int_ne(arming_socket(arming), fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	ck_assert_uint_eq(hidden_netns_count(NULL), 1);
	assert_ruleset_empty();
}
END_TEST

START_TEST(rule_in_the_host_is_removed_if_rearming_fails)
{
	g_autofree char *reason = NULL;
	int fd = old_socket();

	ck_assert_int_eq(setresuid(0, 65534, 0), 0);
	ck_assert_int_eq(arming_adopt(arming, fd, &reason), -EPERM);
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
	ck_assert_ptr_nonnull(strstr(reason, "CAP_SYS_ADMIN"));
	ck_assert(!arming_is_armed(arming));
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	assert_ruleset_empty();
}
END_TEST

START_TEST(missing_privilege_is_reported_and_ruleset_unchanged)
{
	g_autofree char *reason = NULL;

	ck_assert_int_eq(setresuid(0, 65534, 0), 0);
	reason = refusal(-EPERM);
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
	ck_assert_ptr_nonnull(strstr(reason, "give it CAP_SYS_ADMIN"));
	ck_assert_ptr_nonnull(strstr(reason, "RestrictNamespaces=net"));
	ck_assert_ptr_nonnull(strstr(reason, "AllowSystemChanges=no"));
	assert_ruleset_empty();
}
END_TEST

START_TEST(namespace_limit_is_reported_and_ruleset_unchanged)
{
	g_autofree char *reason = NULL;
	int fd;

	/* The limit of namespaces in a user namespace of our own. */
	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	fd = open("/proc/sys/user/max_net_namespaces", O_WRONLY);
	ck_assert_int_eq(write(fd, "0", 1), 1);
	close(fd);
	reason = refusal(-ENOSPC);
	ck_assert_ptr_nonnull(strstr(reason, "user.max_net_namespaces"));
}
END_TEST

START_TEST(other_threads_stay_in_the_host_namespace)
{
	struct mnl_socket *socket;

	arm();
	socket = mnl_socket_open(NETLINK_NETFILTER);
	ck_assert(!netns_is_elsewhere(mnl_socket_get_fd(socket)));
	mnl_socket_close(socket);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arming");
	TCase *cases = tcase_create("arming");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, trace_rule_is_in_a_namespace_kept_by_a_socket);
	tcase_add_test(cases, disarmed_it_has_nothing_and_can_be_armed_again);
	tcase_add_test(cases, the_administrators_rule_is_looked_for_in_the_hosts_namespace);
	tcase_add_test(cases, socket_of_the_last_daemon_is_reused);
	tcase_add_test(cases, rule_in_the_host_is_removed_after_rearming);
	tcase_add_test(cases, rule_in_the_host_is_removed_if_rearming_fails);
	tcase_add_test(cases, missing_privilege_is_reported_and_ruleset_unchanged);
	tcase_add_test(cases, namespace_limit_is_reported_and_ruleset_unchanged);
	tcase_add_test(cases, other_threads_stay_in_the_host_namespace);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
