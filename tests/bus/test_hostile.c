/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers that mean harm, or just leave: whatever they send, the daemon answers, stays as small as it
 * was, and ends when it is told to. NFTTRACED_TEST_CYCLES says how often sessions start and stop,
 * and how many have streams; NFTTRACED_TEST_ALONE, that programs and maps in the kernel are counted, too.
 */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus_fixture.h"

#define DEFAULT_CYCLES 200
#define WARM_UP        4 /* cycles, until all is allocated that is kept */
#define NONSENSE       1000 /* calls */
#define SESSIONS_MAX   64
#define FOLLOWERS_MAX  16
#define PATIENCE_USEC  (60 * G_USEC_PER_SEC)
#define QUEUE_USEC     (240 * G_USEC_PER_SEC)
#define REASON_MAX     2048 /* bytes of a sentence for a person, whatever it quotes */

static sd_bus *bus;

static void connect_bus(void)
{
	bus = fixture_connect();
	/* Calls that wait behind 64 starts take longer than the usual 25 s in a guest. */
	ck_assert_int_ge(sd_bus_set_method_call_timeout(bus, QUEUE_USEC), 0);
}

static void disconnect_bus(void)
{
	bus = sd_bus_flush_close_unref(bus);
}

static unsigned int cycles(void)
{
	const char *text = getenv("NFTTRACED_TEST_CYCLES");

	return text ? strtoul(text, NULL, 10) : DEFAULT_CYCLES;
}

/* What the daemon holds. */
struct holdings {
	unsigned long memory; /* KiB, anonymous */
	unsigned int descriptors, programs, maps;
};

/* Of the whole machine: tells something where nobody else loads programs. */
static unsigned int count_objects(enum bpf_cmd command)
{
	union bpf_attr attr = { 0 };
	unsigned int count = 0;

	if (!getenv("NFTTRACED_TEST_ALONE"))
		return 0;
	while (syscall(SYS_bpf, command, &attr, sizeof(attr)) == 0) {
		attr.start_id = attr.next_id;
		count++;
	}
	return count;
}

static void hold(struct holdings *ret)
{
	g_autofree char *descriptors = g_strdup_printf("/proc/%d/fd", (int)fixture.daemon);
	g_autofree char *status = g_strdup_printf("/proc/%d/status", (int)fixture.daemon);
	g_autofree char *text = NULL;
	g_autoptr(GDir) directory = g_dir_open(descriptors, 0, NULL);
	const char *line;

	*ret = (struct holdings){
		.programs = count_objects(BPF_PROG_GET_NEXT_ID),
		.maps = count_objects(BPF_MAP_GET_NEXT_ID),
	};
	ck_assert_ptr_nonnull(directory);
	while (g_dir_read_name(directory))
		ret->descriptors++;
	ck_assert(g_file_get_contents(status, &text, NULL, NULL));
	line = strstr(text, "RssAnon:");
	ck_assert_ptr_nonnull(line);
	ret->memory = strtoul(line + strlen("RssAnon:"), NULL, 10);
}

/* AddressSanitizer keeps what was freed for a while: what the daemon holds then says nothing. */
#ifdef __SANITIZE_ADDRESS__
static const bool memory_is_its_own = false;
#else
static const bool memory_is_its_own = true;
#endif

/* Waits until the daemon holds no more than `before`: the kernel frees programs in its own time. */
static void assert_no_more(const struct holdings *before, unsigned long memory_allowed)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	struct holdings now;

	for (;;) {
		hold(&now);
		if (now.descriptors <= before->descriptors && now.programs <= before->programs &&
			now.maps <= before->maps)
			break;
		ck_assert_msg(g_get_monotonic_time() < end,
			"descriptors %u programs %u maps %u became %u %u %u", before->descriptors,
			before->programs, before->maps, now.descriptors, now.programs, now.maps);
		g_usleep(20 * 1000);
	}
	printf("# RssAnon %lu KiB, was %lu KiB\n", now.memory, before->memory);
	if (memory_is_its_own)
		ck_assert_uint_le(now.memory, before->memory + memory_allowed);
}

static void stop_all(void)
{
	for (;;) {
		sd_bus_message *reply =
			call(bus, MANAGER_PATH, MANAGER_INTERFACE, "ListSessions", "");
		const char *path;

		ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(ota{sv})"), 0);
		if (sd_bus_message_enter_container(reply, 'r', "ota{sv}") <= 0) {
			sd_bus_message_unref(reply);
			return;
		}
		ck_assert_int_gt(sd_bus_message_read(reply, "o", &path), 0);
		stop(bus, path);
		sd_bus_message_unref(reply);
	}
}

/* Any argument, of any type. */
static void append_nonsense(sd_bus_message *message, GRand *random)
{
	static const char *const strings[] = { "", "Name", "Filter", "udp", "\001\033[2J", "all",
		"/org/nfttraced1", "((((((((", "\xe2\x80\xae", "drop", "%s%n%n%n" };
	const char *string = strings[g_rand_int_range(random, 0, G_N_ELEMENTS(strings))];

	switch (g_rand_int_range(random, 0, 9)) {
	case 0:
		sd_bus_message_append(message, "s", string);
		break;
	case 1:
		sd_bus_message_append(message, "as", 2, string, "drop");
		break;
	case 2:
		sd_bus_message_append(message, "a{sv}", 1, string, "t", (uint64_t)-1);
		break;
	case 3:
		sd_bus_message_append(
			message, "a{sv}", 2, "Filter", "s", string, "BindToCaller", "b", 1);
		break;
	case 4:
		sd_bus_message_append(message, "o", "/org/nfttraced1/session/18446744073709551616");
		break;
	case 5:
		sd_bus_message_append(message, "h", STDIN_FILENO);
		break;
	case 6:
		sd_bus_message_append(message, "v", "a{sv}", 1, string, "s", string);
		break;
	case 7:
		sd_bus_message_append(message, "a{sv}", 1, "Verdicts", "as", 1, string);
		break;
	default:
		sd_bus_message_append(message, "");
		break;
	}
}

START_TEST(nonsense_is_answered_and_leaves_nothing_behind)
{
	static const char *const members[] = { "StartSession", "StopSession", "ListSessions",
		"Stop", "SetVerdicts", "SetFilter", "Describe", "Follow", "OpenJournal", "Get",
		"Set", "GetAll", "Introspect", "GetManagedObjects", "Nothing" };
	static const char *const interfaces[] = { MANAGER_INTERFACE, SESSION_INTERFACE,
		"org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager", NULL };
	g_autoptr(GRand) random = g_rand_new_with_seed(20);
	const char *const paths[] = { MANAGER_PATH, "/org/nfttraced1/session/1",
		"/org/nfttraced1/session/2", "/", "/org/nfttraced1/session",
		"/org/nfttraced1/session/0" };
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < NONSENSE; i++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		sd_bus_message *message = NULL, *reply = NULL;
		const char *path = paths[g_rand_int_range(random, 0, G_N_ELEMENTS(paths))];
		const char *interface =
			interfaces[g_rand_int_range(random, 0, G_N_ELEMENTS(interfaces))];
		const char *member = members[g_rand_int_range(random, 0, G_N_ELEMENTS(members))];

		ck_assert_int_ge(sd_bus_message_new_method_call(
					 bus, &message, "org.nfttraced1", path, interface, member),
			0);
		append_nonsense(message, random);
		if (sd_bus_call(bus, message, 0, &error, &reply) < 0) {
			ck_assert_ptr_nonnull(error.name);
			ck_assert_str_ne(error.name, "org.freedesktop.DBus.Error.NoReply");
			ck_assert_str_ne(error.name, "org.freedesktop.DBus.Error.ServiceUnknown");
		}
		sd_bus_error_free(&error);
		sd_bus_message_unref(reply);
		sd_bus_message_unref(message);
		if (i % SESSIONS_MAX == 0) {
			stop_all();
		}
	}
	stop_all();
	assert_no_more(&before, 4096);
}
END_TEST

/* Sends StartSession with one option, which is refused in few words. */
static void refused_briefly(const char *error_name, const char *key, const char *value)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	ck_assert_int_lt(sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
				 "StartSession", &error, NULL, "a{sv}", 1, key, "s", value),
		0);
	ck_assert_str_eq(error.name, error_name);
	ck_assert_uint_le(strlen(error.message), REASON_MAX);
	sd_bus_error_free(&error);
}

START_TEST(what_is_too_long_is_refused_in_few_words)
{
	g_autofree char *name = g_strnfill(100000, 'a'), *filter = g_strnfill(65537, '('),
			*key = g_strnfill(20 << 20, '\001');
	sd_bus_error error = SD_BUS_ERROR_NULL;

	refused_briefly(ERROR("InvalidOption"), "Name", name);
	refused_briefly(ERROR("FilterTooComplex"), "Filter", filter);
	refused_briefly(ERROR("InvalidOption"), key, "");
	ck_assert_int_lt(
		sd_bus_call_method(bus, "org.nfttraced1", MANAGER_PATH, MANAGER_INTERFACE,
			"StartSession", &error, NULL, "a{sv}", 1, "Verdicts", "as", 1, key),
		0);
	ck_assert_str_eq(error.name, ERROR("InvalidVerdict"));
	ck_assert_uint_le(strlen(error.message), REASON_MAX);
	sd_bus_error_free(&error);
	start_and_stop(bus);
}
END_TEST

START_TEST(a_thousand_options_are_as_good_as_their_worst)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;

	for (unsigned int wrong = 0; wrong < 2; wrong++) {
		ck_assert_int_ge(sd_bus_message_new_method_call(bus, &message, "org.nfttraced1",
					 MANAGER_PATH, MANAGER_INTERFACE, "StartSession"),
			0);
		ck_assert_int_ge(sd_bus_message_open_container(message, 'a', "{sv}"), 0);
		for (unsigned int i = 0; i < 1000; i++)
			sd_bus_message_append(message, "{sv}", "Filter", "s", "udp");
		if (wrong)
			sd_bus_message_append(message, "{sv}", "Colour", "s", "blue");
		ck_assert_int_ge(sd_bus_message_close_container(message), 0);
		ck_assert_int_eq(
			sd_bus_call(bus, message, 0, &error, &reply) < 0 ? 1 : 0, (int)wrong);
		sd_bus_error_free(&error);
		message = sd_bus_message_unref(message);
		reply = sd_bus_message_unref(reply);
	}
	stop_all();
}
END_TEST

struct answers {
	unsigned int waiting, good, full, other;
};

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct answers *answers = userdata;

	answers->waiting--;
	if (!sd_bus_message_is_method_error(message, NULL))
		answers->good++;
	else if (sd_bus_message_is_method_error(message, ERROR("TooManySessions")))
		answers->full++;
	else if (answers->other++ == 0)
		printf("# %s: %s\n", sd_bus_message_get_error(message)->name,
			sd_bus_message_get_error(message)->message);
	return 0;
}

#define ORDINARY "tcp port 80 or udp portrange 1000-2000"

/* Sends `count` StartSession without waiting for an answer. */
static void start_many(
	sd_bus *from, unsigned int count, const char *filter, int bound, struct answers *answers)
{
	for (unsigned int i = 0; i < count; i++) {
		ck_assert_int_ge(sd_bus_call_method_async(from, NULL, "org.nfttraced1",
					 MANAGER_PATH, MANAGER_INTERFACE, "StartSession",
					 answers ? on_answer : NULL, answers, "a{sv}", 2, "Filter",
					 "s", "tcp port 80 or udp portrange 1000-2000",
					 "BindToCaller", "b", bound),
			0);
		if (answers)
			answers->waiting++;
	}
}

static void await_answers(struct answers *answers)
{
	int64_t end = g_get_monotonic_time() + QUEUE_USEC;

	while (answers->waiting) {
		ck_assert_msg(
			g_get_monotonic_time() < end, "%u calls have no answer", answers->waiting);
		ck_assert_int_ge(sd_bus_wait(bus, G_USEC_PER_SEC), 0);
		while (sd_bus_process(bus, NULL) > 0)
			;
	}
}

START_TEST(of_200_starts_at_once_as_many_succeed_as_there_may_be)
{
	struct answers answers = { 0 };
	struct holdings before;

	hold(&before);
	start_many(bus, 200, ORDINARY, 0, &answers);
	await_answers(&answers);
	ck_assert_uint_eq(answers.good, SESSIONS_MAX);
	ck_assert_uint_eq(answers.full, 200 - SESSIONS_MAX);
	ck_assert_uint_eq(answers.other, 0);
	stop_all();
	assert_no_more(&before, 8192);
}
END_TEST

START_TEST(starts_and_stops_leave_the_daemon_as_it_was)
{
	struct holdings before;

	for (unsigned int i = 0; i < WARM_UP; i++)
		start_and_stop(bus);
	hold(&before);
	for (unsigned int i = 0; i < cycles(); i++) {
		g_autofree char *path = start(bus);

		stop(bus, path);
	}
	assert_no_more(&before, 256);
}
END_TEST

START_TEST(streams_that_nobody_reads_are_given_to_as_many_as_there_may_be)
{
	unsigned int count = MIN(SESSIONS_MAX, cycles());
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	sd_bus_message *replies[SESSIONS_MAX * FOLLOWERS_MAX];
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < count; i++)
		g_ptr_array_add(paths, start(bus));
	for (unsigned int i = 0; i < count * FOLLOWERS_MAX; i++)
		replies[i] = call(bus, paths->pdata[i % count], SESSION_INTERFACE, "Follow",
			"a{sv}", 1, "FromStart", "b", 1);
	refused(bus, "org.freedesktop.DBus.Error.LimitsExceeded", "16", paths->pdata[0],
		SESSION_INTERFACE, "Follow", "a{sv}", 0);
	for (unsigned int i = 0; i < count * FOLLOWERS_MAX; i++)
		sd_bus_message_unref(replies[i]);
	stop_all();
	assert_no_more(&before, 8192);
}
END_TEST

START_TEST(who_leaves_while_a_session_starts_leaves_none_that_is_bound)
{
	struct holdings before;

	hold(&before);
	for (unsigned int i = 0; i < 10; i++) {
		sd_bus *other = fixture_connect();

		start_many(other, 5, ORDINARY, 1, NULL);
		sd_bus_flush_close_unref(other);
	}
	/* Behind them in the daemon's queue. */
	start_and_stop(bus);
	await_sessions(bus, 0);
	assert_no_more(&before, 8192);
}
END_TEST

static bool table_exists(void)
{
	return system("nft list table inet nfttraced >/dev/null 2>&1") == 0;
}

/* How many sessions there were ever. */
static unsigned int count_journals(void)
{
	g_autoptr(GDir) directory = g_dir_open(fixture.state, 0, NULL);
	unsigned int count = 0;
	const char *name;

	ck_assert_ptr_nonnull(directory);
	while ((name = g_dir_read_name(directory)))
		count += g_ascii_isdigit(*name) != 0;
	return count;
}

static void signal_while_starting(int number, int expected)
{
	struct answers answers = { 0 };
	int status;

	start_many(bus, SESSIONS_MAX, ORDINARY, 0, &answers);
	ck_assert_int_ge(sd_bus_flush(bus), 0);
	/* Some have begun, most have not. */
	while (answers.good < 2) {
		ck_assert_int_ge(sd_bus_wait(bus, G_USEC_PER_SEC), 0);
		ck_assert_int_ge(sd_bus_process(bus, NULL), 0);
	}
	kill(fixture.daemon, number);
	status = fixture_wait(fixture.daemon);
	ck_assert_int_eq(status, expected);
	ck_assert(!table_exists());
	/* What had not begun does not begin any more. */
	ck_assert_uint_ge(count_journals(), 2);
	ck_assert_uint_lt(count_journals(), SESSIONS_MAX);
	fixture_daemon_start();
	ck_assert_uint_eq(sessions(bus), 0);
	start_and_stop(bus);
}

START_TEST(told_to_end_in_the_middle_of_starts_it_ends_well)
{
	signal_while_starting(SIGTERM, 0);
}
END_TEST

START_TEST(killed_in_the_middle_of_starts_it_starts_again)
{
	signal_while_starting(SIGKILL, SIGKILL);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("hostile");
	TCase *cases = tcase_create("hostile"), *ends = tcase_create("ends");

	tcase_set_timeout(cases, 300);
	tcase_add_unchecked_fixture(cases, fixture_start, fixture_stop);
	tcase_add_checked_fixture(cases, connect_bus, disconnect_bus);
	tcase_add_test(cases, nonsense_is_answered_and_leaves_nothing_behind);
	tcase_add_test(cases, what_is_too_long_is_refused_in_few_words);
	tcase_add_test(cases, a_thousand_options_are_as_good_as_their_worst);
	tcase_add_test(cases, of_200_starts_at_once_as_many_succeed_as_there_may_be);
	tcase_add_test(cases, starts_and_stops_leave_the_daemon_as_it_was);
	tcase_add_test(cases, streams_that_nobody_reads_are_given_to_as_many_as_there_may_be);
	tcase_add_test(cases, who_leaves_while_a_session_starts_leaves_none_that_is_bound);
	suite_add_tcase(suite, cases);

	tcase_set_timeout(ends, 300);
	tcase_add_checked_fixture(ends, fixture_start, fixture_stop);
	tcase_add_checked_fixture(ends, connect_bus, disconnect_bus);
	tcase_add_test(ends, told_to_end_in_the_middle_of_starts_it_ends_well);
	tcase_add_test(ends, killed_in_the_middle_of_starts_it_starts_again);
	suite_add_tcase(suite, ends);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
