/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selecting recorded events: moments, packet filters, names and handles; and the progress line. */
#include "client/input/when.h"
#include "client/read/event-filter.h"
#include "client/terminal/progress.h"
#include "tests/unit/kit/reading-kit.h"

#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define DAY    (86400 * SECOND)
/* 2026-11-22 05:30:17 UTC, a Sunday. */
#define NOW      (UINT64_C(1795325417) * SECOND)
#define MIDNIGHT (NOW - 5 * 60 * MINUTE - 30 * MINUTE - 17 * SECOND)

START_TEST(moments_are_understood)
{
	static const struct {
		const char *text;
		uint64_t time;
	} moments[] = {
		{ "now", NOW },
		{ "today", MIDNIGHT },
		{ "yesterday", MIDNIGHT - DAY },
		{ "tomorrow", MIDNIGHT + DAY },
		{ "-5min", NOW - 5 * MINUTE },
		{ "+1h 30min", NOW + 90 * MINUTE },
		{ "5min ago", NOW - 5 * MINUTE },
		{ "-30", NOW - 30 * SECOND },
		{ "2026-11-22 05:30:17", NOW },
		{ "2026-11-22 05:30:17.25", NOW + SECOND / 4 },
		{ "2026-11-22 05:30:17.000000001", NOW + 1 },
		{ "2026-11-22 05:30", NOW - 17 * SECOND },
		{ "2026-11-22", MIDNIGHT },
		{ "2026-11-22 UTC", MIDNIGHT },
		{ "05:30:17", NOW },
		{ "05:30", NOW - 17 * SECOND },
		{ "@1795325417", NOW },
		{ "@1795325417.5", NOW + SECOND / 2 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
		struct when when = { 0 };

		ck_assert_msg(when_parse(moments[i].text, WHEN_UTC, NOW, &when) == 0, "%s",
			moments[i].text);
		ck_assert_int_eq(when.clock, WHEN_REALTIME);
		ck_assert_msg(when.time == moments[i].time, "%s", moments[i].text);
	}
}
END_TEST

START_TEST(invalid_time_is_refused)
{
	static const char *const wrong[] = { "", "-", "soon", "2026-13-01", "2026-02-31",
		"2026-11-22 25:00", "2026-11-22 05:30:61", "2026-11-22 05:30:17.",
		"2026-11-22 05:30:17 CET", "2026-11-22x", "1:30", "@", "@1x", "ns", "-5ns", "ago",
		" ago", "5min" };
	struct when when = { .time = 42 };

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		ck_assert_msg(
			when_parse(wrong[i], WHEN_UTC, NOW, &when) == -EINVAL, "%s", wrong[i]);
	ck_assert_uint_eq(when.time, 42);
	ck_assert_int_eq(when_parse("-99999d", WHEN_UTC, NOW, &when), -ERANGE);
	ck_assert_int_eq(when_parse("@18446744073709551615", WHEN_UTC, NOW, &when), -ERANGE);
}
END_TEST

START_TEST(dates_are_of_the_local_zone_unless_utc_is_said)
{
	struct when local, utc;

	g_setenv("TZ", "XYZ-2", TRUE);
	ck_assert_int_eq(when_parse("2026-11-22 07:30:17", WHEN_LOCAL, NOW, &local), 0);
	ck_assert_uint_eq(local.time, NOW);
	ck_assert_int_eq(when_parse("2026-11-22 05:30:17 UTC", WHEN_LOCAL, NOW, &utc), 0);
	ck_assert_uint_eq(utc.time, NOW);
	ck_assert_int_eq(when_parse("today", WHEN_LOCAL, NOW, &local), 0);
	ck_assert_uint_eq(local.time, MIDNIGHT - 120 * MINUTE);
}
END_TEST

START_TEST(nanoseconds_are_of_the_monotonic_clock)
{
	struct when when;

	ck_assert_int_eq(when_parse("34533864095ns", WHEN_LOCAL, NOW, &when), 0);
	ck_assert_int_eq(when.clock, WHEN_MONOTONIC);
	ck_assert_uint_eq(when.time, 34533864095);
}
END_TEST

/* UDP to port 8080 in IPv4, with and without an Ethernet header; the latter is cut in the UDP
 * header. */
static const uint8_t udp_ethernet[] = { 0x12, 0x60, 0xb2, 0x9e, 0x36, 0xf5, 0x0e, 0x3f, 0x6a, 0x22,
	0xfd, 0x1a, 0x08, 0x00, 0x45, 0x00, 0x00, 0x1f, 0xe5, 0x26, 0x40, 0x00, 0x40, 0x11, 0xed,
	0xa4, 0x0a, 0x00, 0x2a, 0x01, 0x0a, 0x00, 0x2a, 0x02, 0xb4, 0x59, 0x1f, 0x90, 0x00, 0x0b,
	0x68, 0x1f, 0x68, 0x69, 0x0a };

#define ETHERNET_HEADER 14
#define CUT_LENGTH      21 /* behind the first byte of the UDP header */

static void add_packet(struct kit_recording *recording, const struct event_head *head,
	const struct event_nft *nft, const char *table, const char *chain,
	const struct event_packet *packet, const uint8_t *bytes)
{
	struct synthetic event;

	synthetic_begin(&event, head);
	if (nft)
		synthetic_nft(&event, nft, table, chain, NULL);
	if (packet)
		synthetic_packet(&event, packet, bytes);
	kit_add(recording, 0, &event);
}

/*
 * Events a second apart: 0 dropped by rule 5 of filter's input; 1 accepted by rule 6 of nat's pre,
 * in another namespace; 2 by the policy of a chain with a space in its name, raw IP; 3 raw IP cut
 * short; 4 of another probe, without a section of nf_tables.
 */
static struct kit_recording record_five(void)
{
	const struct event_packet ethernet = { .length = sizeof(udp_ethernet),
		.captured = sizeof(udp_ethernet),
		.link = EVENT_LINK_ETHERNET };
	const struct event_packet raw = { .length = sizeof(udp_ethernet) - ETHERNET_HEADER,
		.captured = sizeof(udp_ethernet) - ETHERNET_HEADER };
	const struct event_packet cut = { .length = raw.length, .captured = CUT_LENGTH };
	const struct event_nft drop = { .rule_handle = 5,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_RULE };
	const struct event_nft accept = {
		.verdict = 1, .rule_handle = 6, .flags = EVENT_NFT_CHAIN | EVENT_NFT_RULE
	};
	const struct event_nft policy = { .verdict = 1,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_POLICY };
	const struct netns_name blue = { .cookie = 0x1002, .inode = 4026532197, .name = "blue" };
	g_autofree char *netns_json = names_netns_new(&blue, 1);
	struct kit_recording recording = kit_record(3, "web");
	struct event_head head = kit_head(kit_here.monotonic, 0);

	head.netns_cookie = 0x1002;
	head.netns_inode = 4026532197;
	add_packet(&recording, &head, &drop, "filter", "input", &ethernet, udp_ethernet);
	head.time += SECOND;
	head.netns_cookie = 1;
	head.netns_inode = 4026531833;
	add_packet(&recording, &head, &accept, "nat", "pre", &ethernet, udp_ethernet);
	head.time += SECOND;
	add_packet(&recording, &head, &policy, "nat", "a b", &raw, udp_ethernet + ETHERNET_HEADER);
	head.time += SECOND;
	add_packet(&recording, &head, &drop, "nat", "a b", &cut, udp_ethernet + ETHERNET_HEADER);
	head.time += SECOND;
	add_packet(&recording, &head, NULL, NULL, NULL, NULL, NULL);
	journal_writer_append_json(recording.writer, JOURNAL_NETNS, netns_json);
	kit_recorded(&recording, &kit_here);
	return recording;
}

/* The numbers of the events that are selected. */
static char *selected(const struct event_filter_options *wanted)
{
	struct kit_recording recording = record_five();
	char *paths[] = { recording.path, NULL };
	g_autoptr(GString) numbers = g_string_new(NULL);
	struct journal_set_record record;
	auto_journal_set *journals = NULL;
	g_autofree char *reason = NULL;
	auto_event_filter *filter = NULL;

	ck_assert_msg(event_filter_new(wanted, WHEN_UTC, &filter, &reason) == 0, "%s", reason);
	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	journal_set_select(journals, filter, -1);
	while (journal_set_next(journals, &record) > 0) {
		const struct event_head *head = record.entry.data;

		if (record.entry.type == JOURNAL_EVENT)
			g_string_append_printf(numbers, "%u",
				(unsigned int)((head->time - kit_here.monotonic) / SECOND));
	}
	kit_recording_remove(&recording);
	return g_strdup(numbers->str);
}

#define ONE(text)       ((char *[]){ (char *)(text), NULL })
#define TWO(one, other) ((char *[]){ (char *)(one), (char *)(other), NULL })

static void assert_selected(struct event_filter_options wanted, const char *expected)
{
	g_autofree char *numbers = selected(&wanted);

	ck_assert_str_eq(numbers, expected);
}

START_TEST(without_options_every_event_is_read)
{
	assert_selected((struct event_filter_options){ 0 }, "01234");
}
END_TEST

START_TEST(verdicts_select)
{
	assert_selected((struct event_filter_options){ .verdicts = (char *)"drop" }, "03");
	assert_selected((struct event_filter_options){ .verdicts = (char *)"accept, jump" }, "12");
	assert_selected((struct event_filter_options){ .verdicts = (char *)"all" }, "0123");
	assert_selected((struct event_filter_options){ .verdicts = (char *)"stolen" }, "");
}
END_TEST

START_TEST(tables_chains_and_handles_select)
{
	assert_selected((struct event_filter_options){ .tables = ONE("nat") }, "123");
	assert_selected((struct event_filter_options){ .tables = TWO("nat", "filter") }, "0123");
	assert_selected((struct event_filter_options){ .chains = ONE("a b") }, "23");
	assert_selected((struct event_filter_options){ .chains = ONE("a\\x20b") }, "23");
	assert_selected((struct event_filter_options){ .handles = TWO("6", "7") }, "1");
	assert_selected(
		(struct event_filter_options){ .handles = ONE("5"), .tables = ONE("nat") }, "3");
	assert_selected((struct event_filter_options){ .handles = ONE("0") }, "");
}
END_TEST

START_TEST(namespaces_select_by_inode_cookie_and_name)
{
	assert_selected((struct event_filter_options){ .netns = ONE("4026532197") }, "0");
	assert_selected((struct event_filter_options){ .netns = ONE("0x1002") }, "0");
	assert_selected((struct event_filter_options){ .netns = TWO("0x1", "0x1002") }, "01234");
	assert_selected((struct event_filter_options){ .netns = ONE("blue") }, "0");
	assert_selected((struct event_filter_options){ .netns = ONE("red") }, "");
}
END_TEST

START_TEST(packets_select)
{
	assert_selected((struct event_filter_options){ .filter = (char *)"udp port 8080" }, "012");
	assert_selected((struct event_filter_options){ .filter = (char *)"ip" }, "0123");
	assert_selected((struct event_filter_options){ .filter = (char *)"tcp" }, "");
	assert_selected(
		(struct event_filter_options){ .filter = (char *)"ether src 0e:3f:6a:22:fd:1a" },
		"01");
	/* A test beyond the stored bytes does not match, nor does its negation. */
	assert_selected((struct event_filter_options){ .filter = (char *)"not udp port 8080" }, "");
	assert_selected((struct event_filter_options){ .filter = (char *)"len = 31" }, "23");
}
END_TEST

START_TEST(times_select)
{
	assert_selected(
		(struct event_filter_options){ .since = (char *)"2026-11-22 05:30:18" }, "1234");
	assert_selected(
		(struct event_filter_options){ .until = (char *)"2026-11-22 05:30:18" }, "01");
	assert_selected((struct event_filter_options){ .since = (char *)"35000000000ns",
				.until = (char *)"2026-11-22 05:30:19" },
		"12");
	assert_selected((struct event_filter_options){ .since = (char *)"tomorrow" }, "");
}
END_TEST

static void assert_refused(struct event_filter_options wanted, const char *reason)
{
	g_autofree char *real = NULL;
	struct event_filter *filter = NULL;

	ck_assert_int_lt(event_filter_new(&wanted, WHEN_UTC, &filter, &real), 0);
	ck_assert_ptr_nonnull(real);
	ck_assert_msg(strstr(real, reason), "%s", real);
	ck_assert_ptr_null(filter);
}

START_TEST(invalid_options_are_refused)
{
	assert_refused((struct event_filter_options){ .verdicts = (char *)"drop,frob" },
		"unknown verdict \"frob\"");
	assert_refused(
		(struct event_filter_options){ .verdicts = (char *)"," }, "separated by commas");
	assert_refused((struct event_filter_options){ .handles = ONE("x") }, "--handle takes");
	assert_refused((struct event_filter_options){ .netns = ONE("0x") }, "--netns takes");
	assert_refused(
		(struct event_filter_options){ .since = (char *)"soon" }, "--since takes a time");
	assert_refused(
		(struct event_filter_options){ .since = (char *)"now", .until = (char *)"-5min" },
		"later than --until");
	assert_refused(
		(struct event_filter_options){ .filter = (char *)"udp porrt 1" }, "syntax error");
	assert_refused((struct event_filter_options){ .filter = (char *)"host example.org" },
		"names of hosts and networks are not resolved: give an address in place of "
		"\"example.org\"");
}
END_TEST

START_TEST(progress_is_shown_on_long_reads_and_erased)
{
	struct progress progress;
	char told[200] = "";
	int ends[2];
	ssize_t length;

	ck_assert_int_eq(pipe(ends), 0);
	progress_begin(&progress, ends[1]);
	progress_update(&progress, 1, 4);
	progress.begun -= PROGRESS_FIRST_USEC;
	progress_update(&progress, 1 << 20, 4 << 20);
	progress_update(&progress, 2 << 20, 4 << 20);
	progress_end(&progress);
	progress_update(&progress, 3 << 20, 4 << 20);
	length = read(ends[0], told, sizeof(told) - 1);
	ck_assert_int_gt(length, 0);
	ck_assert_str_eq(told, "\r\x1b[K25% of 4.0 MiB read, 2 s left\r\x1b[K");
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(progress_is_not_shown_without_a_terminal)
{
	struct progress progress;

	progress_begin(&progress, -1);
	progress.begun -= PROGRESS_FIRST_USEC;
	progress_update(&progress, 1, 2);
	ck_assert(!progress.shown);
	progress_end(&progress);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("event_filter");
	TCase *tcase = tcase_create("events");

	tcase_add_test(tcase, moments_are_understood);
	tcase_add_test(tcase, invalid_time_is_refused);
	tcase_add_test(tcase, dates_are_of_the_local_zone_unless_utc_is_said);
	tcase_add_test(tcase, nanoseconds_are_of_the_monotonic_clock);
	tcase_add_test(tcase, without_options_every_event_is_read);
	tcase_add_test(tcase, verdicts_select);
	tcase_add_test(tcase, tables_chains_and_handles_select);
	tcase_add_test(tcase, namespaces_select_by_inode_cookie_and_name);
	tcase_add_test(tcase, packets_select);
	tcase_add_test(tcase, times_select);
	tcase_add_test(tcase, invalid_options_are_refused);
	tcase_add_test(tcase, progress_is_shown_on_long_reads_and_erased);
	tcase_add_test(tcase, progress_is_not_shown_without_a_terminal);
	suite_add_tcase(suite, tcase);
	return kit_main(suite);
}
