/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journeys: events by packet, of one journal or several, also when memory is scarce. The first
 * argument is the program. */
#include "client/print/show-events.h"
#include "client/read/external-sort.h"
#include "client/read/ordering.h"
#include "tests/unit/kit/reading-kit.h"
#include "tests/unit/kit/sample-full.h"

#define SECOND         UINT64_C(1000000000)
#define TINY           512 /* bytes: a few keys */
#define MANY           20000
#define PACKETS        700
#define NUMBERS        100000
#define BEYOND_BUFFERS (1 << 20) /* numbers */

static const char *program;

static int number_compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

/* Sorts made-up numbers; asserts that all of them come out, in order. */
static void sort_numbers(size_t memory, unsigned int count)
{
	struct external_sort *sort = external_sort_new(sizeof(uint64_t), number_compare, memory);
	g_autofree uint64_t *expected = g_new(uint64_t, count + 1);
	g_autoptr(GRand) random = g_rand_new_with_seed(count);
	uint64_t number;

	for (unsigned int i = 0; i < count; i++) {
		expected[i] = g_rand_int_range(random, 0, 1000);
		ck_assert_int_eq(external_sort_add(sort, &expected[i]), 0);
	}
	qsort(expected, count, sizeof(*expected), number_compare);
	for (unsigned int i = 0; i < count; i++) {
		ck_assert_int_eq(external_sort_next(sort, &number), 1);
		ck_assert_uint_eq(number, expected[i]);
	}
	ck_assert_int_eq(external_sort_next(sort, &number), 0);
	external_sort_free(sort);
}

START_TEST(small_input_is_sorted_in_memory)
{
	sort_numbers(1 << 20, NUMBERS / 10);
	sort_numbers(1 << 20, 1);
	sort_numbers(1 << 20, 0);
}
END_TEST

START_TEST(large_input_is_sorted_on_disk)
{
	sort_numbers(4096, NUMBERS);
	sort_numbers(1, 1000);
}
END_TEST

START_TEST(without_room_on_disk_sorting_fails)
{
	struct external_sort *sort = external_sort_new(sizeof(uint64_t), number_compare, TINY);
	uint64_t number = 0;
	int r = 0;

	g_setenv("TMPDIR", "/nonexistent", TRUE);
	for (unsigned int i = 0; i < BEYOND_BUFFERS && r == 0; i++)
		r = external_sort_add(sort, &number);
	ck_assert_int_eq(r, -ENOENT);
	external_sort_free(sort);
	g_unsetenv("TMPDIR");
}
END_TEST

/* The text of journals in an order, without their preambles. */
static char *show_text(char *const *paths, const struct show_order *order)
{
	g_autoptr(GString) text = NULL;
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	auto_output output = { 0 };
	auto_printer printer = { 0 };
	const struct print_form form = { .text.time = TEXT_TIME_MONOTONIC };
	auto_show *show = NULL;
	unsigned int journal = 0;
	g_autofree char *all = NULL;
	char *first;

	ck_assert_msg(journal_set_open(paths, &journals, &reason) == 0, "%s", reason);
	output_open(&output, OUTPUT_MEMORY);
	printer_open(&printer, &output, journals, &form);
	show = show_new(order, journals, &printer);
	ck_assert_int_eq(show_gather(show, &journal, &reason), 0);
	ck_assert_int_eq(show_print(show, &journal, &reason), 0);
	all = output_steal(&output);
	first = strstr(all, "verdicts drop\n");
	for (char *next = first; next; next = strstr(next + 1, "verdicts drop\n"))
		first = next;
	ck_assert_ptr_nonnull(first);
	first = strchr(first, '\n') + 1;
	return g_strdup(first + strspn(first, "\n"));
}

static const struct show_order by_packet = {
	.journeys = true,
	.last = UINT64_MAX,
	.memory = ORDERING_MEMORY,
};

static void add_event(struct kit_recording *recording, uint64_t time, uint64_t packet)
{
	const struct event_nft nft = {
		.table_handle = 5,
		.chain_handle = 1,
		.rule_handle = 8,
		.flags = EVENT_NFT_CHAIN | EVENT_NFT_RULE,
	};
	struct event_head head = kit_head(time, packet);
	struct synthetic event;

	synthetic_begin(&event, &head);
	synthetic_nft(&event, &nft, "t", "c", NULL);
	kit_add(recording, 0, &event);
}

/* Packets 1 and 2 take turns, and an event that is not tracked is between them. */
static struct kit_recording record_two_packets(void)
{
	struct kit_recording recording = kit_record(3, "web");

	add_event(&recording, 10, 2);
	add_event(&recording, 20, 1);
	add_event(&recording, 30, 0);
	add_event(&recording, 40, 2);
	add_event(&recording, 50, 1);
	add_event(&recording, 60, 2);
	kit_recorded(&recording, &kit_here);
	return recording;
}

#define HEAD(time) #time " (0) [nc] 12 [k] __nft_trace_packet"
#define NFT        "  table t (5) chain c (1) handle 8 drop\n"
#define ONE        " #3e9000000000000b001 (skb a0)"
#define TWO        " #3ea000000000000b002 (skb a0)"

START_TEST(the_events_of_a_packet_are_together)
{
	struct kit_recording recording = record_two_packets();
	char *paths[] = { recording.path, NULL };
	g_autofree char *text = show_text(paths, &by_packet);

	ck_assert_str_eq(text,
		HEAD(10) TWO " n 0\n" NFT "  ↳ " HEAD(40) TWO " n 1\n"
							      "    " NFT "  ↳ " HEAD(60) TWO
		" n 2\n"
		"    " NFT "\n" HEAD(20) ONE " n 0\n" NFT "  ↳ " HEAD(50) ONE
		" n 1\n"
		"    " NFT "\n" HEAD(30) " (skb a0)\n" NFT);
	kit_recording_remove(&recording);
}
END_TEST

START_TEST(the_newest_packets_come_first_if_asked_for)
{
	struct kit_recording recording = record_two_packets();
	const struct show_order order = { true, true, 2, ORDERING_MEMORY };
	char *paths[] = { recording.path, NULL };
	g_autofree char *text = show_text(paths, &order);

	ck_assert_str_eq(text,
		HEAD(30) " (skb a0)\n" NFT "\n" HEAD(20) ONE " n 0\n" NFT "  ↳ " HEAD(50) ONE
		" n 1\n"
		"    " NFT);
	kit_recording_remove(&recording);
}
END_TEST

START_TEST(the_last_packets_are_whole)
{
	struct kit_recording recording = record_two_packets();
	const struct show_order order = { true, false, 2, ORDERING_MEMORY };
	char *paths[] = { recording.path, NULL };
	g_autofree char *text = show_text(paths, &order);

	ck_assert_str_eq(text,
		HEAD(20) ONE " n 0\n" NFT "  ↳ " HEAD(50) ONE " n 1\n"
							      "    " NFT
							      "\n" HEAD(30) " (skb a0)\n" NFT);
	kit_recording_remove(&recording);
}
END_TEST

START_TEST(events_can_be_read_backwards)
{
	struct kit_recording recording = record_two_packets();
	const struct show_order all = { false, true, UINT64_MAX, TINY };
	const struct show_order two = { false, true, 2, TINY };
	char *paths[] = { recording.path, NULL };
	g_autofree char *backwards = show_text(paths, &all);
	g_autofree char *last = show_text(paths, &two);

	ck_assert_str_eq(last, HEAD(60) TWO "\n" NFT "\n" HEAD(50) ONE "\n" NFT);
	ck_assert(g_str_has_prefix(backwards, last));
	ck_assert(g_str_has_suffix(backwards, HEAD(20) ONE "\n" NFT "\n" HEAD(10) TWO "\n" NFT));
	kit_recording_remove(&recording);
}
END_TEST

/* MANY events of PACKETS packets, in an order that is independent of the packets. */
static struct kit_recording record_many(void)
{
	struct kit_recording recording = kit_record(3, "many");
	g_autoptr(GRand) random = g_rand_new_with_seed(7);

	for (uint64_t i = 1; i <= MANY; i++)
		add_event(&recording, i, (uint64_t)g_rand_int_range(random, 1, PACKETS + 1));
	kit_recorded(&recording, &kit_here);
	return recording;
}

/* Adds every record of a journal. */
static struct ordering *order_journal(const char *path, size_t memory)
{
	const struct ordering_options order = { .journeys = true, .last = UINT64_MAX };
	struct ordering *ordering = ordering_new(&order, memory);
	struct journal_set *journals = journal_set_new(kit_reader(AT_FDCWD, path));
	struct journal_set_record record;

	while (journal_set_next(journals, &record) > 0)
		ck_assert_int_eq(ordering_add(ordering, &record), 0);
	journal_set_free(journals);
	return ordering;
}

static void assert_journeys(struct ordering *ordering)
{
	uint64_t packet = 0, time = 0, first = 0, events = 0, journeys = 0;
	struct journal_set_record record;
	struct ordering_step step;

	while (ordering_next(ordering, &record, &step) > 0) {
		const struct event_head *head = record.entry.data;

		if (record.entry.type != JOURNAL_EVENT)
			continue;
		events++;
		ck_assert(step.tracked);
		if (step.number == 0) {
			ck_assert_uint_gt(head->time, first);
			first = head->time;
			packet = head->track_time;
			journeys++;
		} else {
			ck_assert_uint_eq(head->track_time, packet);
			ck_assert_uint_gt(head->time, time);
		}
		time = head->time;
	}
	ck_assert_uint_eq(events, MANY);
	ck_assert_uint_eq(journeys, PACKETS);
}

START_TEST(journeys_are_the_same_with_little_memory)
{
	static const size_t memories[] = { TINY, 64 << 10, ORDERING_MEMORY };
	struct kit_recording recording = record_many();

	for (size_t i = 0; i < G_N_ELEMENTS(memories); i++) {
		struct ordering *ordering = order_journal(recording.path, memories[i]);

		assert_journeys(ordering);
		ordering_free(ordering);
	}
	kit_recording_remove(&recording);
}
END_TEST

/* The times of the events that two journals give together, separated by spaces. */
static char *read_times(struct kit_recording *one, struct kit_recording *other)
{
	char *paths[] = { one->path, other->path, NULL };
	g_autoptr(GString) times = g_string_new(NULL);
	g_autofree char *reason = NULL;
	auto_journal_set *journals = NULL;
	struct journal_set_record record;

	ck_assert_int_eq(journal_set_open(paths, &journals, &reason), 0);
	while (journal_set_next(journals, &record) > 0) {
		const struct event_head *head = record.entry.data;

		if (record.entry.type == JOURNAL_EVENT)
			g_string_append_printf(times, "%u:%u ", record.journal,
				(unsigned int)(head->time % SECOND));
	}
	return g_strdup(times->str);
}

START_TEST(journals_of_two_machines_merge_on_real_time)
{
	/* The other machine was started a day earlier; its clock shows the same. */
	const struct kit_machine there = { 2, kit_here.realtime,
		kit_here.monotonic + 86400 * SECOND };
	struct kit_recording one = kit_record(3, "here"), other = kit_record(3, "there");
	g_autofree char *times = NULL;

	add_event(&one, kit_here.monotonic + 1, 1);
	add_event(&one, kit_here.monotonic + 3, 1);
	add_event(&other, there.monotonic + 2, 1);
	add_event(&other, there.monotonic + 4, 1);
	kit_recorded(&one, &kit_here);
	kit_recorded(&other, &there);
	times = read_times(&one, &other);
	ck_assert_str_eq(times, "0:1 1:2 0:3 1:4 ");
	kit_recording_remove(&one);
	kit_recording_remove(&other);
}
END_TEST

START_TEST(events_of_two_machines_have_dates)
{
	const struct kit_machine there = { 2, kit_here.realtime, kit_here.monotonic + SECOND };
	struct kit_recording one = kit_record(3, "here"), other = kit_record(4, "there");
	char *argv[] = { (char *)program, (char *)"show", one.path, other.path, NULL };
	g_autofree char *output = NULL;

	add_event(&one, kit_here.monotonic, 1);
	add_event(&other, there.monotonic, 1);
	kit_recorded(&one, &kit_here);
	kit_recorded(&other, &there);
	ck_assert(g_spawn_sync(
		NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, NULL));
	ck_assert_ptr_nonnull(strstr(output, "\n2026-11-22 05:30:17.000000 (0) [nc] 12 [k] "));
	ck_assert_ptr_null(strstr(output, "\n34000000000 "));
	kit_recording_remove(&one);
	kit_recording_remove(&other);
}
END_TEST

START_TEST(one_id_on_two_machines_is_two_packets)
{
	const struct kit_machine there = { 2, kit_here.realtime, kit_here.monotonic };
	struct kit_recording one = kit_record(3, "here"), other = kit_record(4, "there");
	char *paths[] = { one.path, other.path, NULL };
	g_autofree char *text = NULL;

	add_event(&one, 10, 1);
	add_event(&other, 20, 1);
	kit_recorded(&one, &kit_here);
	kit_recorded(&other, &there);
	text = show_text(paths, &by_packet);
	ck_assert_str_eq(text, HEAD(10) ONE " n 0\n" NFT "\n" HEAD(20) ONE " n 0\n" NFT);
	kit_recording_remove(&one);
	kit_recording_remove(&other);
}
END_TEST

START_TEST(an_event_of_two_sessions_is_given_once)
{
	/* NTP moved the clock between the sessions' beginnings: the events are the same ones. */
	const struct kit_machine later = { 1, kit_here.realtime + 7, kit_here.monotonic + 3 };
	struct kit_recording one = kit_record(3, "one"), other = kit_record(4, "other");
	g_autofree char *times = NULL;

	add_event(&one, 1, 1);
	add_event(&one, 2, 1);
	add_event(&one, 2, 2);
	add_event(&one, 4, 1);
	other.position = 1; /* it was started after the first event */
	add_event(&other, 2, 1);
	add_event(&other, 2, 2);
	add_event(&other, 3, 9); /* another event at the same place of another ring's time */
	add_event(&other, 4, 1); /* at another place: another event */
	kit_recorded(&one, &kit_here);
	kit_recorded(&other, &later);
	times = read_times(&one, &other);
	ck_assert_str_eq(times, "0:1 0:2 0:2 1:3 0:4 1:4 ");
	kit_recording_remove(&one);
	kit_recording_remove(&other);
}
END_TEST

START_TEST(losses_name_their_journal_if_several_are_shown)
{
	const struct journal_loss loss = { .reason = LOSS_RING_FULL, .count = 2 };
	struct kit_recording one = kit_record(3, "web"), other = kit_record(4, "");
	const struct show_order order = { .last = UINT64_MAX };
	char *paths[] = { one.path, other.path, NULL };
	g_autofree char *text = NULL;

	add_event(&one, 10, 0);
	add_event(&other, 20, 0);
	journal_writer_append_loss(one.writer, &loss);
	journal_writer_append_loss(other.writer, &loss);
	kit_recorded(&one, &kit_here);
	kit_recorded(&other, &kit_here);
	text = show_text(paths, &order);
	ck_assert_ptr_nonnull(strstr(text, "-- session 3 \"web\": 2 events lost: ring full\n"));
	ck_assert_ptr_nonnull(strstr(text, "-- session 4: 2 events lost: ring full\n"));
	kit_recording_remove(&one);
	kit_recording_remove(&other);
}
END_TEST

/* The packet's identity in the lines of an event: from its id to its skb. */
static char *packet_of(const char *text)
{
	const char *id = strstr(text, " #");

	return g_strndup(id, (size_t)(strstr(id, " (skb") - id));
}

/* Appends the lines of an event with its number, indented if it is not the first. */
static void append_step(GString *all, const char *text, unsigned int number)
{
	const char *skb = strstr(text, " (skb ");
	const char *behind = strchr(skb, ')') + 1;
	g_autofree char *head = g_strndup(text, (size_t)(behind - text));
	g_autofree char *numbered = g_strdup_printf("%s n %u%s", head, number, behind);
	g_auto(GStrv) lines = g_strsplit(numbered, "\n", -1);

	if (number == 0)
		g_string_append(all, all->len > 0 ? "\n" : "");
	for (char **line = lines; **line; line++) {
		const char *before = line == lines ? "  ↳ " : "    ";

		g_string_append_printf(all, "%s%s\n", number > 0 ? before : "", *line);
	}
}

/* Retis's lines of its events, brought into the form of its sorted ones. */
static char *sorted_samples(void)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (size_t i = 0; i < sample_full_count(); i++) {
		char *packet = packet_of(sample_full_get(i)->text);
		unsigned int number = 0;

		if (!g_hash_table_add(seen, packet))
			continue;
		for (size_t j = i; j < sample_full_count(); j++) {
			g_autofree char *other = packet_of(sample_full_get(j)->text);

			if (g_str_equal(other, packet))
				append_step(all, sample_full_get(j)->text, number++);
		}
	}
	return g_strdup(all->str);
}

START_TEST(the_incumbents_events_are_sorted_as_it_sorted_them)
{
	struct kit_recording recording = kit_record(3, "sample");
	char *paths[] = { recording.path, NULL };
	g_autofree char *settings = dictionary_settings_new(sample_full_settings());
	g_autofree char *reasons = sample_full_reasons();
	g_autofree char *expected = sorted_samples();
	g_autofree char *text = NULL;

	journal_writer_append_json(recording.writer, JOURNAL_SETTINGS, settings);
	journal_writer_append_json(recording.writer, JOURNAL_REASONS, reasons);
	for (size_t i = 0; i < sample_full_count(); i++) {
		struct synthetic event;

		sample_full_record(sample_full_get(i), &event);
		kit_add(&recording, 0, &event);
	}
	kit_recorded(&recording, &kit_here);
	text = show_text(paths, &by_packet);
	ck_assert(g_str_has_suffix(text, expected));
	kit_recording_remove(&recording);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("external_sort");
	TCase *tcase = tcase_create("journeys");

	if (argc < 2) {
		fputs("usage: test_sort NFTTRACECTL\n", stderr);
		return EXIT_FAILURE;
	}
	program = argv[1];

	tcase_add_test(tcase, small_input_is_sorted_in_memory);
	tcase_add_test(tcase, large_input_is_sorted_on_disk);
	tcase_add_test(tcase, without_room_on_disk_sorting_fails);
	tcase_add_test(tcase, the_events_of_a_packet_are_together);
	tcase_add_test(tcase, the_newest_packets_come_first_if_asked_for);
	tcase_add_test(tcase, the_last_packets_are_whole);
	tcase_add_test(tcase, events_can_be_read_backwards);
	tcase_add_test(tcase, journeys_are_the_same_with_little_memory);
	tcase_add_test(tcase, journals_of_two_machines_merge_on_real_time);
	tcase_add_test(tcase, events_of_two_machines_have_dates);
	tcase_add_test(tcase, one_id_on_two_machines_is_two_packets);
	tcase_add_test(tcase, an_event_of_two_sessions_is_given_once);
	tcase_add_test(tcase, losses_name_their_journal_if_several_are_shown);
	tcase_add_test(tcase, the_incumbents_events_are_sorted_as_it_sorted_them);
	suite_add_tcase(suite, tcase);
	return kit_main(suite);
}
