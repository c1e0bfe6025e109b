/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver knows the rules of network namespaces that have no name, as they come and go, and
 * the names of addresses. Needs root: namespaces and rules of the test's own.
 */
#include "daemon/names/resolver-client.h"

#include <check.h>
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <nftables/libnftables.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/resolver/rule-texts.h"
#include "daemon/resolver/symbols.h"
#include "journal/reader/name-table.h"

#define PATIENCE_MSEC 20000
#define IDLE_USEC     (200 * 1000)
#define INET          1
#define FIRST_RULE    2 /* the handle after the chain's */

/* A process in a namespace of its own that carries out commands of nft. */
static pid_t child;
static int child_fd;
static uint64_t cookie;
static uint32_t inode;
static uint32_t next_id;

static uint64_t netns_cookie(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t value = 0;
	socklen_t length = sizeof(value);

	getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &value, &length);
	close(fd);
	return value;
}

static void child_run(int fd)
{
	struct nft_ctx *nft;
	char command[4096];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET) < 0)
		_exit(EXIT_FAILURE);
	nft = nft_ctx_new(NFT_CTX_DEFAULT);
	cookie = netns_cookie();
	if (send(fd, &cookie, sizeof(cookie), 0) < 0)
		_exit(EXIT_FAILURE);
	while ((n = recv(fd, command, sizeof(command) - 1, 0)) > 0) {
		int r;

		command[n] = '\0';
		r = nft_run_cmd_from_buffer(nft, command);
		if (send(fd, &r, sizeof(r), 0) < 0)
			break;
	}
	_exit(EXIT_SUCCESS);
}

static void nft(const char *command)
{
	int r = -1;

	ck_assert_int_gt(send(child_fd, command, strlen(command), 0), 0);
	ck_assert_int_eq(recv(child_fd, &r, sizeof(r), 0), sizeof(r));
	ck_assert_msg(r == 0, "nft %s", command);
}

static void set_up(void)
{
	g_autofree char *path = NULL;
	struct stat status;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		child_run(ends[1]);
	}
	close(ends[1]);
	child_fd = ends[0];
	ck_assert_msg(recv(child_fd, &cookie, sizeof(cookie), 0) == sizeof(cookie),
		"this test needs root: it makes a network namespace");
	path = g_strdup_printf("/proc/%d/ns/net", child);
	ck_assert_int_eq(stat(path, &status), 0);
	inode = (uint32_t)status.st_ino;
	nft("add table inet t; add chain inet t c");
	ck_assert_int_eq(resolver_start(), 0);
}

static void child_end(void)
{
	if (child_fd >= 0)
		close(child_fd);
	child_fd = -1;
	while (child > 0 && waitpid(child, NULL, 0) < 0)
		;
	child = 0;
}

static void tear_down(void)
{
	resolver_stop();
	child_end();
}

static uint32_t ask(struct resolver_question question)
{
	question.id = ++next_id;
	ck_assert_int_eq(send(resolver_fd(), &question, sizeof(question), 0), sizeof(question));
	return question.id;
}

/* The next answer, with its text terminated. */
static struct resolver_answer answer(char **ret_text)
{
	g_autofree char *packet = g_malloc0(sizeof(struct resolver_answer) + RESOLVER_TEXT_MAX + 1);
	struct pollfd readable = { .fd = resolver_fd(), .events = POLLIN };
	struct resolver_answer head;

	ck_assert_int_eq(poll(&readable, 1, PATIENCE_MSEC), 1);
	ck_assert_int_ge(
		recv(resolver_fd(), packet, sizeof(head) + RESOLVER_TEXT_MAX, 0), sizeof(head));
	memcpy(&head, packet, sizeof(head));
	g_free(*ret_text);
	*ret_text = g_strdup(packet + sizeof(head));
	return head;
}

static void watch(void)
{
	g_autofree char *text = NULL;
	uint32_t id = ask((struct resolver_question){
		.kind = RESOLVER_WATCH,
		.assign = 1,
		.texts_size = RULE_TEXTS_BYTES_MAX,
	});
	struct resolver_answer head = answer(&text);

	ck_assert_uint_eq(head.kind, RESOLVER_WATCH);
	ck_assert_uint_eq(head.id, id);
}

static enum rule_fate ask_rule(uint64_t rule, char **ret_text)
{
	uint32_t id = ask((struct resolver_question){
		.kind = RESOLVER_RULE,
		.rule = { .netns = cookie, .family = INET, .table = 1, .rule = rule },
		.cookie = cookie,
		.inode = inode,
	});
	struct resolver_answer head = answer(ret_text);

	ck_assert_uint_eq(head.kind, RESOLVER_RULE);
	ck_assert_uint_eq(head.id, id);
	return head.fate;
}

START_TEST(a_rule_that_has_gone_is_known_if_it_was_there_before)
{
	g_autofree char *text = NULL;

	nft("add rule inet t c udp dport 8080 counter drop comment \"keep out\"");
	watch();
	nft("flush ruleset");
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_READ);
	ck_assert_str_eq(text, "udp dport 8080 counter drop comment \"keep out\"");
}
END_TEST

START_TEST(a_new_rule_is_read_when_it_is_asked_for)
{
	g_autofree char *text = NULL;

	watch();
	nft("add rule inet t c tcp dport { 22, 80 } accept");
	/* The set without a name has a handle, too. */
	ck_assert_int_eq(ask_rule(FIRST_RULE + 1, &text), RULE_READ);
	ck_assert_str_eq(text, "tcp dport { 22, 80 } accept");
}
END_TEST

START_TEST(a_new_rule_is_read_before_it_is_asked_for)
{
	g_autofree char *text = NULL;
	int64_t end = g_get_monotonic_time() + PATIENCE_MSEC * 1000;

	watch();
	/* Until a notification has caused a reading of a rule that was not asked for while it
	 * existed. */
	for (uint64_t i = 0;; i++) {
		g_autofree char *delete =
			g_strdup_printf("delete rule inet t c handle %" PRIu64, FIRST_RULE + i);

		ck_assert_int_lt(g_get_monotonic_time(), end);
		nft("add rule inet t c drop comment \"a guest\"");
		g_usleep(200 * 1000);
		nft(delete);
		if (ask_rule(FIRST_RULE + i, &text) == RULE_READ)
			break;
	}
	ck_assert_str_eq(text, "drop comment \"a guest\"");
}
END_TEST

START_TEST(a_rule_that_is_replaced_has_both_texts)
{
	g_autofree char *text = NULL;
	struct resolver_answer head;

	nft("add rule inet t c drop");
	watch();
	nft("replace rule inet t c handle 2 accept");
	head = answer(&text);
	ck_assert_uint_eq(head.kind, RESOLVER_REPLACED);
	ck_assert_uint_eq(head.rule.rule, FIRST_RULE);
	ck_assert_uint_gt(head.since, 0);
	ck_assert_str_eq(text, "accept");
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_READ);
	ck_assert_str_eq(text, "drop");
	head = answer(&text);
	ck_assert_uint_eq(head.more, 0);
	ck_assert_uint_gt(head.since, 0);
	ck_assert_str_eq(text, "accept");
}
END_TEST

START_TEST(a_rule_that_went_at_once_has_vanished)
{
	g_autofree char *text = NULL;

	watch();
	nft("add rule inet t c drop; delete rule inet t c handle 2");
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_VANISHED);
}
END_TEST

START_TEST(a_namespace_that_has_gone_is_unreachable_but_for_what_was_read)
{
	g_autofree char *text = NULL;

	nft("add rule inet t c drop");
	watch();
	child_end();
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_READ);
	ck_assert_int_eq(ask_rule(FIRST_RULE + 1, &text), RULE_UNREACHABLE);
}
END_TEST

/* A device of the namespace ends with it: its peer is in the test's own namespace. */
START_TEST(the_resolver_keeps_no_namespace_alive)
{
	g_autofree char *add =
		g_strdup_printf("ip link add kept0 type veth peer name kept1 netns %d", child);
	g_autofree char *text = NULL;
	int64_t end = g_get_monotonic_time() + PATIENCE_MSEC * 1000;

	ck_assert_int_eq(system(add), 0);
	nft("add rule inet t c drop");
	watch();
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_READ);
	child_end();
	while (system("ip link show kept0 >/dev/null 2>&1") == 0)
		ck_assert_int_lt(g_get_monotonic_time(), end);
}
END_TEST

/* The pid of a child of that name, which is waited for; 0: none was found before the resolver
 * answered. */
static pid_t child_of(pid_t parent, const char *name)
{
	struct pollfd answered = { .fd = resolver_fd(), .events = POLLIN };

	while (poll(&answered, 1, 0) == 0) {
		g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
		const char *entry;

		while ((entry = g_dir_read_name(processes))) {
			g_autofree char *path = g_build_filename("/proc", entry, "stat", NULL);
			g_autofree char *text = NULL;
			char comm[32] = "";
			int pid = 0, its_parent = 0;

			if (g_ascii_isdigit(*entry) &&
				g_file_get_contents(path, &text, NULL, NULL) &&
				sscanf(text, "%d (%31[^)]) %*c %d", &pid, comm, &its_parent) == 3 &&
				its_parent == parent && g_str_equal(comm, name))
				return pid;
		}
	}
	return 0;
}

static void add_rules(unsigned int count)
{
	g_autoptr(GString) commands = g_string_new(NULL);

	for (unsigned int i = 0; i < count; i++) {
		g_string_append_printf(commands, "add rule inet t c udp dport %u drop; ", i + 1);
		if (commands->len > 3900 || i + 1 == count) {
			nft(commands->str);
			g_string_truncate(commands, 0);
		}
	}
}

START_TEST(a_resolver_that_is_stopped_is_found_idle_and_ended_and_another_one_answers)
{
	g_autofree char *text = NULL;
	pid_t resolver = child_of(getpid(), "nfttraced-names");
	struct pollfd readable = { .events = POLLIN };

	ck_assert_int_gt(resolver, 0);
	watch();
	nft("add rule inet t c udp dport 7 drop");
	ck_assert_int_eq(kill(resolver, SIGSTOP), 0);
	resolver_expect();
	ask((struct resolver_question){ .kind = RESOLVER_PING });
	while (!resolver_idle(IDLE_USEC))
		sched_yield();
	readable.fd = resolver_fd();
	ck_assert_int_eq(poll(&readable, 1, 0), 0);
	resolver_stop();
	ck_assert_int_eq(resolver_start(), 0);
	watch();
	ck_assert_int_lt(kill(resolver, 0), 0);
	ck_assert_int_eq(ask_rule(FIRST_RULE, &text), RULE_READ);
	ck_assert_str_eq(text, "udp dport 7 drop");
}
END_TEST

START_TEST(ten_thousand_rules_are_read)
{
	g_autofree char *text = NULL;
	int64_t begin;

	add_rules(10000);
	begin = g_get_monotonic_time();
	watch();
	g_test_message("read in %" PRIi64 " ms", (g_get_monotonic_time() - begin) / 1000);
	ck_assert_int_eq(ask_rule(FIRST_RULE + 9999, &text), RULE_READ);
	ck_assert_str_eq(text, "udp dport 10000 drop");
}
END_TEST

START_TEST(drop_reasons_have_names)
{
	struct name_table *name_table = name_table_new();
	g_autofree char *text = NULL;

	ask((struct resolver_question){ .kind = RESOLVER_REASONS });
	ck_assert_uint_gt(answer(&text).length, 0);
	ck_assert_int_eq(name_table_take(name_table, JOURNAL_REASONS, text, strlen(text)), 1);
	ck_assert_str_eq(name_table_reason(name_table, 2), "NOT_SPECIFIED");
	name_table_free(name_table);
}
END_TEST

static const char kallsyms[] = "ffffffff81000000 T _text\n"
			       "ffffffff81000100 t nf_hook_slow\n"
			       "ffffffff81000100 t alias\n"
			       "ffffffff81000200 D some_data\n"
			       "ffffffffc0a00000 t nft_do_chain\t[nf_tables]\n"
			       "not a line\n"
			       "ffffffffc0a00400 t __nft_trace_packet\t[nf_tables]\n"
			       "ffffffff81000180 W weak\n";

START_TEST(addresses_have_the_symbol_before_them)
{
	const uint64_t addresses[] = { 0xffffffffc0a00410, 0xffffffff81000142, 0xffffffff81000100,
		0xffffffff81000250, 0xffffffffc0a003ff, 0x1000, 0xfffffffff0000000 };
	static const char *const names[] = { "__nft_trace_packet+0x10 [nf_tables]",
		"nf_hook_slow+0x42", "nf_hook_slow+0x0", "weak+0xd0",
		"nft_do_chain+0x3ff [nf_tables]", "", "" };
	g_autofree char *path = NULL;
	g_auto(GStrv) found = NULL;
	int fd = g_file_open_tmp("kallsyms-XXXXXX", &path, NULL);

	ck_assert_int_eq(write(fd, kallsyms, strlen(kallsyms)), strlen(kallsyms));
	ck_assert_int_eq(symbols_find(path, addresses, G_N_ELEMENTS(addresses), &found), 0);
	for (unsigned int i = 0; i < G_N_ELEMENTS(addresses); i++)
		ck_assert_str_eq(found[i], names[i]);
	ck_assert_int_eq(unlink(path), 0);
	close(fd);
}
END_TEST

START_TEST(no_addresses_are_no_trouble)
{
	g_auto(GStrv) found = NULL;

	ck_assert_int_eq(symbols_find("/proc/kallsyms", NULL, 0, &found), 0);
	ck_assert_ptr_null(found[0]);
	ck_assert_int_eq(symbols_find("/nowhere", NULL, 0, &found), -ENOENT);
}
END_TEST

/* With a service manager that starts resolvers: the test is the service manager. */
START_TEST(a_resolver_is_had_from_the_socket_that_is_named)
{
	g_autofree char *directory = g_dir_make_tmp("nfttraced-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "names", NULL);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), connection;
	struct resolver_question question = { .kind = RESOLVER_REASONS };

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	g_setenv(RESOLVER_SOCKET_VARIABLE, path, TRUE);
	ck_assert_int_eq(resolver_start(), 0);
	ask(question);
	connection = accept(listening, NULL, NULL);
	ck_assert_int_eq(recv(connection, &question, sizeof(question), 0), sizeof(question));
	ck_assert_uint_eq(question.kind, RESOLVER_REASONS);
	ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
	resolver_stop();
	ck_assert_int_eq(recv(connection, &question, sizeof(question), 0), 0);

	/* If no process listens there, the resolver is a child. */
	close(connection);
	close(listening);
	ck_assert_int_eq(resolver_start(), 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), 0);
	resolver_stop();
	unlink(path);
	rmdir(directory);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolver");
	TCase *rules = tcase_create("rules"), *symbols = tcase_create("symbols");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(rules, set_up, tear_down);
	tcase_set_timeout(rules, 120);
	tcase_add_test(rules, a_rule_that_has_gone_is_known_if_it_was_there_before);
	tcase_add_test(rules, a_new_rule_is_read_when_it_is_asked_for);
	tcase_add_test(rules, a_new_rule_is_read_before_it_is_asked_for);
	tcase_add_test(rules, a_rule_that_is_replaced_has_both_texts);
	tcase_add_test(rules, a_rule_that_went_at_once_has_vanished);
	tcase_add_test(rules, a_namespace_that_has_gone_is_unreachable_but_for_what_was_read);
	tcase_add_test(rules, the_resolver_keeps_no_namespace_alive);
	tcase_add_test(
		rules, a_resolver_that_is_stopped_is_found_idle_and_ended_and_another_one_answers);
	tcase_add_test(rules, ten_thousand_rules_are_read);
	tcase_add_test(rules, drop_reasons_have_names);
	tcase_add_test(symbols, addresses_have_the_symbol_before_them);
	tcase_add_test(symbols, no_addresses_are_no_trouble);
	tcase_add_test(symbols, a_resolver_is_had_from_the_socket_that_is_named);
	suite_add_tcase(suite, rules);
	suite_add_tcase(suite, symbols);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
