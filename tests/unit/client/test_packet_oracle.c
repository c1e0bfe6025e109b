/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares packets as text with tcpdump's output for the same bytes: the same endpoints, outer and
 * inner, in the same order, and the same judgement of invalid headers. */
#include <check.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/text/packet-text.h"
#include "tests/unit/kit/packet-samples.h"

#define TEST_TIMEOUT  60 /* seconds */
#define PCAP_MAGIC    0xa1b2c3d4U
#define PCAP_SNAPSHOT 65535
#define LINK_ETHERNET 1

#define ENDPOINT "[0-9a-f]*[.:][0-9a-f.:]*"

static size_t from_hex(const char *hex, uint8_t *ret)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++)
		ret[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
			g_ascii_xdigit_value(hex[2 * i + 1]));
	return length;
}

static void write_u32s(FILE *file, const uint32_t *numbers, size_t count)
{
	ck_assert_uint_eq(fwrite(numbers, sizeof(*numbers), count, file), count);
}

static void write_capture(const char *path)
{
	const uint32_t head[] = { PCAP_MAGIC, 4 << 16 | 2, 0, 0, PCAP_SNAPSHOT, LINK_ETHERNET };
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	write_u32s(file, head, G_N_ELEMENTS(head));
	for (size_t i = 0; i < G_N_ELEMENTS(packet_samples); i++) {
		g_autofree uint8_t *bytes = g_malloc(strlen(packet_samples[i].hex));
		uint32_t length = (uint32_t)from_hex(packet_samples[i].hex, bytes);
		const uint32_t record[] = { 0, 0, length, length };

		write_u32s(file, record, G_N_ELEMENTS(record));
		ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	}
	ck_assert_int_eq(fclose(file), 0);
}

/* tcpdump's output for each packet, one string each: it numbers them. */
static GPtrArray *ask_tcpdump(const char *path)
{
	g_autofree char *command =
		g_strdup_printf("tcpdump -# -t -nn -r - <'%s' 2>/dev/null", path);
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	FILE *pipe = popen(command, "re");
	char *line = NULL;
	size_t size = 0;

	ck_assert_ptr_nonnull(pipe);
	while (getline(&line, &size, pipe) >= 0) {
		char *end;
		unsigned long number = strtoul(line, &end, 10);

		g_strchomp(line);
		if (number == lines->len + 1 && g_str_has_prefix(end, "  ")) {
			g_ptr_array_add(lines, g_strdup(end));
		} else {
			char **last = (char **)&lines->pdata[lines->len - 1];
			char *joined = g_strconcat(*last, " ", line, NULL);

			g_free(*last);
			*last = joined;
		}
	}
	free(line);
	ck_assert_msg(WEXITSTATUS(pclose(pipe)) == 0, "tcpdump failed; is it installed?");
	return lines;
}

/* "A > B, C > D": all endpoints that are named. */
static char *endpoints(const char *line)
{
	g_autoptr(GRegex) regex =
		g_regex_new("(" ENDPOINT ") > (" ENDPOINT ")", G_REGEX_DEFAULT, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	GString *all = g_string_new(NULL);

	for (g_regex_match(regex, line, 0, &match); g_match_info_matches(match);
		g_match_info_next(match, NULL)) {
		g_autofree char *source = g_match_info_fetch(match, 1);
		g_autofree char *destination = g_match_info_fetch(match, 2);

		g_strdelimit(destination + strlen(destination) - 1, ":", '\0');
		g_string_append_printf(all, "%s > %s\n", source, destination);
	}
	return g_string_free(all, FALSE);
}

static bool complains(const char *line, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		if (strstr(line, words[i]))
			return true;
	}
	return false;
}

static char *render(const char *hex)
{
	g_autofree uint8_t *bytes = g_malloc(strlen(hex));
	size_t length = from_hex(hex, bytes);
	const struct event_packet packet = {
		.length = (uint32_t)length,
		.captured = (uint16_t)length,
		.link = EVENT_LINK_ETHERNET,
	};
	struct output output;
	char *line;

	output_open(&output, OUTPUT_MEMORY);
	packet_text(&output, &packet, bytes);
	line = output_steal(&output);
	output_close(&output);
	return line;
}

START_TEST(endpoints_match_tcpdump_and_wrong_lengths_are_reported)
{
	static const char *const its[] = { "bad", "missing", "invalid", "ERROR", "error",
		"truncated", "[|", "bogus", "not supported", "> 34!", NULL };
	static const char *const ours[] = { "(bad ", "missing)", "(truncated", NULL };
	char path[] = "/tmp/packet-oracle-XXXXXX";
	g_autoptr(GPtrArray) lines = NULL;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	write_capture(path);
	lines = ask_tcpdump(path);
	unlink(path);
	ck_assert_uint_eq(lines->len, G_N_ELEMENTS(packet_samples));
	for (size_t i = 0; i < lines->len; i++) {
		const char *theirs = g_ptr_array_index(lines, i);
		g_autofree char *line = render(packet_samples[i].hex);
		g_autofree char *expected = endpoints(theirs);
		g_autofree char *got = endpoints(line);

		/* An invalid header before the addresses hides them from tcpdump. */
		if (*expected)
			ck_assert_msg(g_str_equal(expected, got), "%s\n%s", theirs, line);
		if (complains(theirs, its))
			ck_assert_msg(complains(line, ours), "%s\n%s", theirs, line);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("packet oracle");
	TCase *tcase = tcase_create("tcpdump");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TEST_TIMEOUT);
	tcase_add_test(tcase, endpoints_match_tcpdump_and_wrong_lengths_are_reported);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
