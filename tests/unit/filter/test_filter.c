/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: what is compiled, what is refused and why, and what no filter may ever do. */
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/shared/abi.h"
#include "daemon/filter/cbpf.h"
#include "daemon/filter/filter.h"
#include "tests/unit/kit/expressions.h"

#define REFUSAL_QUICK 1000000 /* microseconds in which a name is refused */

/* Look-ups of names that reached a resolver: libpcap calls these through the program's symbols. */
static unsigned int resolved;

/* Replaces the C library's: a numeric address, and a service alone, need no resolver. */
int getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
		(int (*)(const char *, const char *, const struct addrinfo *,
			struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");

	if (node != NULL && (hints == NULL || !(hints->ai_flags & AI_NUMERICHOST)))
		resolved++;
	return next(node, service, hints, list);
}

int getnetbyname_r(const char *name, struct netent *entry, char *buffer, size_t size,
	struct netent **result, int *h_errno_result)
{
	resolved++;
	*result = NULL;
	return ENOENT;
}

int ether_hostton(const char *name, struct ether_addr *address)
{
	resolved++;
	return -1;
}

static struct filter *accepted(const char *expression)
{
	g_autofree char *reason = NULL;
	struct filter *filter = NULL;
	int r = filter_new(expression, &filter, &reason);

	ck_assert_msg(r == 0, "\"%.60s\": %s", expression, reason);
	ck_assert_ptr_null(reason);
	return filter;
}

static char *refused(const char *expression, int error)
{
	struct filter *filter = NULL;
	char *reason = NULL;
	int r = filter_new(expression, &filter, &reason);

	ck_assert_msg(r == error, "\"%.60s\" gives %d: %s", expression, r, reason);
	ck_assert_ptr_null(filter);
	ck_assert_ptr_nonnull(reason);
	ck_assert(g_utf8_validate(reason, -1, NULL));
	return reason;
}

static void assert_says(const char *reason, const char *words)
{
	ck_assert_msg(strstr(reason, words) != NULL, "\"%s\" does not say \"%s\"", reason, words);
}

static void assert_view(const char *expression, uint32_t view)
{
	auto_filter *filter = accepted(expression);

	ck_assert_msg(filter->view == view, "\"%s\" looks at %u bytes, not %u", expression,
		filter->view, view);
}

START_TEST(no_expression_matches_everything_and_has_no_programs)
{
	auto_filter *none = accepted(NULL), *empty = accepted("");

	ck_assert_ptr_null(none->programs[FILTER_RAW].filter);
	ck_assert_ptr_null(none->programs[FILTER_ETHERNET].filter);
	ck_assert_ptr_null(empty->programs[FILTER_ETHERNET].filter);
	ck_assert_uint_eq(none->view, 0);
	ck_assert_str_eq(empty->expression, "");
}
END_TEST

START_TEST(an_expression_is_compiled_for_both_link_types)
{
	auto_filter *filter = accepted("udp port 8080");

	ck_assert_str_eq(filter->expression, "udp port 8080");
	ck_assert_uint_gt(filter->programs[FILTER_RAW].len, 0);
	ck_assert_uint_gt(filter->programs[FILTER_ETHERNET].len, 0);
}
END_TEST

START_TEST(one_link_type_is_enough)
{
	auto_filter *vlan = accepted("vlan 5"), *ether = accepted("ether src 02:00:00:00:00:01");

	ck_assert_ptr_null(vlan->programs[FILTER_RAW].filter);
	ck_assert_ptr_nonnull(vlan->programs[FILTER_ETHERNET].filter);
	ck_assert_ptr_null(ether->programs[FILTER_RAW].filter);
}
END_TEST

START_TEST(impossible_filter_is_refused_with_the_error_of_libpcap)
{
	g_autofree char *syntax = refused("udp prt 53", -EINVAL);
	g_autofree char *nothing = refused("ip and ip6", -EINVAL);
	g_autofree char *direction = refused("inbound", -EINVAL);
	g_autofree char *garbage = refused("udp \xff\xfe", -EINVAL);

	assert_says(syntax, "syntax error");
	assert_says(nothing, "expression rejects all packets");
	assert_says(direction, "\"inbound\"");
}
END_TEST

START_TEST(names_of_hosts_and_networks_are_refused_at_once_and_never_resolved)
{
	static const char *const expressions[] = { "host example.com",
		"src host no-such-host.invalid", "net example-net", "dst net loopback",
		"ether host printer", "ether src example.com", "ip6 host example.com",
		"host 10.0.0.1 and host example.com", "arp host example.com" };

	for (size_t i = 0; i < G_N_ELEMENTS(expressions); i++) {
		gint64 start = g_get_monotonic_time();
		g_autofree char *reason = refused(expressions[i], -EINVAL);

		assert_says(reason, "not resolved");
		assert_says(reason, "give an address");
		ck_assert_int_lt(g_get_monotonic_time() - start, REFUSAL_QUICK);
	}
	ck_assert_uint_eq(resolved, 0);
}
END_TEST

START_TEST(the_refused_name_is_in_the_sentence)
{
	g_autofree char *reason = refused("udp and host www.example.com", -EINVAL);

	assert_says(reason, "\"www.example.com\"");
}
END_TEST

START_TEST(numbers_and_names_of_ports_and_protocols_are_understood)
{
	static const char *const expressions[] = { "host ::1", "host 2001:db8::1",
		"ip6 net fe80::/10", "host 10.0.0.1", "net 10", "net 192.168.0.0 mask 255.255.0.0",
		"port domain", "udp src port bootpc", "tcp", "sctp", "proto \\sctp", "ip proto gre",
		"ether host 00:11:22:33:44:55", "ether proto \\arp" };

	for (size_t i = 0; i < G_N_ELEMENTS(expressions); i++) {
		auto_filter *filter = accepted(expressions[i]);

		ck_assert_ptr_nonnull(filter->programs[FILTER_ETHERNET].filter);
	}
	ck_assert_uint_eq(resolved, 0);
}
END_TEST

START_TEST(every_expression_of_the_tests_is_accepted_without_a_resolver)
{
	g_autoptr(GPtrArray) expressions = expressions_new();

	for (unsigned int i = 0; i < expressions->len; i++) {
		filter_free(accepted(expressions->pdata[i]));
	}
	ck_assert_uint_eq(resolved, 0);
}
END_TEST

START_TEST(control_characters_are_refused)
{
	g_autofree char *escape = refused("udp\x1b[31m port 53", -EINVAL);
	g_autofree char *newline = refused("udp\nport 53", -EINVAL);
	g_autofree char *delete = refused("udp\x7f", -EINVAL);

	assert_says(escape, "control character at byte 3");
}
END_TEST

START_TEST(an_expression_that_is_too_long_is_refused)
{
	g_autofree char *expression = g_strnfill(FILTER_EXPRESSION_MAX + 1, ' ');
	g_autofree char *reason = NULL;

	reason = refused(expression, -E2BIG);
	assert_says(reason, "65537 bytes, and 65536 are allowed");
}
END_TEST

START_TEST(a_filter_over_the_instruction_limit_is_refused)
{
	g_autofree char *list = expression_list("(ip[#] = 64 and ip[9] > 16)", 1000);
	/* Long, but with few alternatives: libpcap's time grows with their square. */
	g_autofree char *longer =
		expression_list("(tcp[#] = 80 and tcp[1] = 2 and tcp[2] = 3 and tcp[3] = 4)", 450);
	g_autofree char *reason = refused(list, -E2BIG), *early = refused(longer, -E2BIG);

	assert_says(reason, "and 4096 are allowed");
	assert_says(early, "before it is optimised");
}
END_TEST

/* The only child of a process; 0: it has none. */
static pid_t child_of(pid_t parent)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", parent, parent);
	g_autofree char *children = NULL;

	ck_assert_msg(g_file_get_contents(path, &children, NULL, NULL), "there is no %s", path);
	return (pid_t)g_ascii_strtoll(children, NULL, 10);
}

/* Waits until the fork server has forked one, which is not `before`. */
static pid_t compiling(pid_t before)
{
	pid_t child;

	do {
		pid_t first = child_of(getpid());

		child = first ? child_of(first) : 0;
	} while (child == 0 || child == before);
	return child;
}

/* The result of a job that nothing else watches. */
static int job_end(struct filter_job *job, struct filter **ret, char **ret_reason)
{
	int r;

	while ((r = filter_job_result(job, ret, ret_reason)) == -EINPROGRESS) {
		struct pollfd wait = { .fd = filter_job_fd(job), .events = POLLIN };
		gint64 left = filter_job_deadline(job) - g_get_monotonic_time();

		poll(&wait, 1, (int)(MAX(left, 0) / 1000 + 1));
	}
	return r;
}

START_TEST(a_compiler_that_dies_is_replaced_once_and_not_called_slow)
{
	/* Too long as it is, and the optimiser does not finish before it is killed. */
	g_autofree char *list = expression_list("host 10.1.0.#", 250), *reason = NULL;
	struct filter *filter = NULL;
	auto_filter_job *job = NULL;
	uint64_t replaced = filter_compilers_replaced();
	pid_t child;

	ck_assert_int_eq(filter_job_new(list, &job, &reason), 0);
	child = compiling(0);
	kill(child, SIGKILL);
	ck_assert_int_eq(job_end(job, &filter, &reason), -ERESTART);
	kill(compiling(child), SIGKILL);
	ck_assert_int_eq(job_end(job, &filter, &reason), -ECONNRESET);
	assert_says(reason, "died or was killed");
	assert_says(reason, "nfttraced-pcap");
	ck_assert_uint_eq(filter_compilers_replaced() - replaced, 2);
}
END_TEST

START_TEST(a_compiler_that_is_stopped_is_killed_and_replaced)
{
	g_autofree char *list = expression_list("host 10.1.0.#", 250), *reason = NULL;
	struct filter *filter = NULL;
	auto_filter_job *job = NULL;
	pid_t child;

	ck_assert_int_eq(filter_job_new(list, &job, &reason), 0);
	child = compiling(0);
	kill(child, SIGSTOP);
	ck_assert_int_eq(job_end(job, &filter, &reason), -ERESTART);
	while (kill(child, 0) == 0)
		;
	kill(compiling(child), SIGSTOP);
	ck_assert_int_eq(job_end(job, &filter, &reason), -ETIMEDOUT);
	assert_says(reason, "did not answer and was killed");
}
END_TEST

START_TEST(the_fork_server_is_replaced_when_it_was_killed)
{
	uint64_t replaced = filter_compilers_replaced();
	pid_t first;

	filter_free(accepted("udp port 1"));
	first = child_of(getpid());
	kill(first, SIGKILL);
	/* The result is the same whether its end was noticed yet or not. */
	filter_free(accepted("udp port 2"));
	filter_free(accepted("udp port 3"));
	ck_assert_int_ne(child_of(getpid()), first);
	ck_assert_uint_eq(filter_compilers_replaced() - replaced, 1);
}
END_TEST

START_TEST(the_fork_server_does_not_stay_as_a_zombie)
{
	uint64_t replaced = filter_compilers_replaced();
	siginfo_t ended;
	pid_t first;

	filter_free(accepted("udp port 1"));
	filter_compiler_tend();
	first = child_of(getpid());
	kill(first, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)first, &ended, WEXITED | WNOWAIT), 0);
	filter_compiler_tend();
	ck_assert_int_lt(kill(first, 0), 0);
	filter_free(accepted("udp port 2"));
	ck_assert_uint_eq(filter_compilers_replaced() - replaced, 1);
}
END_TEST

START_TEST(the_fork_server_is_replaced_when_it_is_stopped)
{
	uint64_t replaced = filter_compilers_replaced();
	gint64 begun;
	pid_t first;

	filter_free(accepted("udp port 1"));
	first = child_of(getpid());
	kill(first, SIGSTOP);
	begun = g_get_monotonic_time();
	filter_free(accepted("udp port 2"));
	ck_assert_int_lt(g_get_monotonic_time() - begun, 15 * G_USEC_PER_SEC);
	ck_assert_int_lt(kill(first, 0), 0);
	filter_free(accepted("udp port 3"));
	ck_assert_uint_eq(filter_compilers_replaced() - replaced, 1);
}
END_TEST

START_TEST(a_filter_just_below_the_instruction_limit_is_accepted)
{
	g_autofree char *list = expression_list("(ip[#] = 64 and ip[9] > 16)", 800);
	auto_filter *filter = accepted(list);

	ck_assert_uint_le(filter->programs[FILTER_ETHERNET].len, FILTER_INSTRUCTIONS_MAX);
	ck_assert_uint_gt(filter->programs[FILTER_ETHERNET].len, FILTER_INSTRUCTIONS_MAX / 2);
}
END_TEST

START_TEST(a_loop_is_refused)
{
	g_autofree char *ip6 = refused("ip6 protochain 6", -EINVAL);
	g_autofree char *ip = refused("ip protochain 51", -EINVAL);

	assert_says(ip6, "protochain");
	assert_says(ip, "can't have one");
}
END_TEST

START_TEST(a_load_with_a_meaning_of_the_kernels_own_is_refused)
{
	g_autofree char *reason = refused("ether[0xfffff030:1] = 1", -EINVAL);

	assert_says(reason, "not in the packet's bytes");
}
END_TEST

START_TEST(the_view_is_as_far_as_the_filter_can_look)
{
	assert_view("len > 60", 0);
	assert_view("ip", 14);
	assert_view("host 10.0.0.1", 14 + 16 + 4 + 8); /* the address of the target of ARP */
	assert_view("ether[100:2] = 1", 102);
	assert_view("ip[20:4] = 1", 14 + 24);
	assert_view("vlan and ip6[6] = 17", 18 + 7);
}
END_TEST

START_TEST(the_view_behind_a_header_of_variable_length_ends_with_the_longest)
{
	assert_view("tcp port 80", 14 + 60 + 4);
	assert_view("tcp[tcpflags] & tcp-syn != 0", 14 + 60 + 14);
	assert_view("tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", 14 + 60 + 60 + 4);
	assert_view("ip[ip[0] & 0xf] = 1", 14 + 15 + 1);
	assert_view("ip[ip[0]] = 1", 14 + 255 + 1);
}
END_TEST

START_TEST(the_view_is_what_a_filter_asks_for_though_no_frame_holds_as_much)
{
	assert_view("ether[16380:4] = 1", FRAME_VIEW_MAX);
	assert_view("ether[16381:4] = 1", FRAME_VIEW_MAX + 1);
	assert_view("ether[70000] = 1", 70000 + 1);
	assert_view("ip[ip[2:2] - 4:4] = 1", UINT32_MAX);
	assert_view("ip[ip[2:2]] = 1", 14 + UINT16_MAX + 1);
}
END_TEST

/* Runs the analysis on instructions that libpcap would not write. */
static char *analyse(struct sock_filter *insns, unsigned short count, struct classic_facts *ret)
{
	struct sock_fprog program = { .len = count, .filter = insns };
	char *reason = NULL;

	return classic_analyse(&program, ret, &reason) < 0 ? reason : NULL;
}

START_TEST(a_program_that_is_not_whole_is_refused)
{
	struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
	struct sock_filter far[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 9, 0),
		BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_filter strange[] = { BPF_STMT(0xffff, 0), BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_filter word[] = { BPF_STMT(BPF_ST, BPF_MEMWORDS),
		BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_filter zero[] = { BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1) };
	auto_classic_facts facts = { 0 };
	g_autofree char *at_end = analyse(endless, 1, &facts), *jump = analyse(far, 2, &facts);
	g_autofree char *unknown = analyse(strange, 2, &facts), *memory = analyse(word, 2, &facts);
	g_autofree char *division = analyse(zero, 2, &facts), *empty = analyse(zero, 0, &facts);

	assert_says(at_end, "leaves its program");
	assert_says(jump, "leaves its program");
	assert_says(unknown, "not known");
	assert_says(memory, "memory word");
	assert_says(division, "division by zero");
	assert_says(empty, "no instructions");
}
END_TEST

START_TEST(value_written_on_one_path_only_is_unassigned_after_the_join)
{
	struct sock_filter insns[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 60, 0, 1),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_MEM, 3),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	auto_classic_facts facts = { 0 };

	ck_assert_ptr_null(analyse(insns, G_N_ELEMENTS(insns), &facts));
	ck_assert_uint_eq(facts.unassigned, 1u << 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tcase = tcase_create("filter");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, no_expression_matches_everything_and_has_no_programs);
	tcase_add_test(tcase, an_expression_is_compiled_for_both_link_types);
	tcase_add_test(tcase, one_link_type_is_enough);
	tcase_add_test(tcase, impossible_filter_is_refused_with_the_error_of_libpcap);
	tcase_add_test(tcase, names_of_hosts_and_networks_are_refused_at_once_and_never_resolved);
	tcase_add_test(tcase, the_refused_name_is_in_the_sentence);
	tcase_add_test(tcase, numbers_and_names_of_ports_and_protocols_are_understood);
	tcase_add_test(tcase, every_expression_of_the_tests_is_accepted_without_a_resolver);
	tcase_add_test(tcase, control_characters_are_refused);
	tcase_add_test(tcase, an_expression_that_is_too_long_is_refused);
	tcase_add_test(tcase, a_filter_over_the_instruction_limit_is_refused);
	tcase_add_test(tcase, a_compiler_that_dies_is_replaced_once_and_not_called_slow);
	tcase_add_test(tcase, a_compiler_that_is_stopped_is_killed_and_replaced);
	tcase_add_test(tcase, the_fork_server_does_not_stay_as_a_zombie);
	tcase_add_test(tcase, the_fork_server_is_replaced_when_it_was_killed);
	tcase_add_test(tcase, the_fork_server_is_replaced_when_it_is_stopped);
	tcase_add_test(tcase, a_filter_just_below_the_instruction_limit_is_accepted);
	tcase_add_test(tcase, a_loop_is_refused);
	tcase_add_test(tcase, a_load_with_a_meaning_of_the_kernels_own_is_refused);
	tcase_add_test(tcase, the_view_is_as_far_as_the_filter_can_look);
	tcase_add_test(tcase, the_view_behind_a_header_of_variable_length_ends_with_the_longest);
	tcase_add_test(tcase, the_view_is_what_a_filter_asks_for_though_no_frame_holds_as_much);
	tcase_add_test(tcase, a_program_that_is_not_whole_is_refused);
	tcase_add_test(tcase, value_written_on_one_path_only_is_unassigned_after_the_join);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
