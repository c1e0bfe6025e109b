/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checker of OpenMetrics; see openmetrics.h. */
#include "tests/unit/kit/openmetrics.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

struct checker {
	char *family; /* the current one, or NULL */
	bool has_type, has_unit, has_help, has_samples;
	GHashTable *families; /* names of earlier ones */
	GHashTable *samples; /* names with labels so far */
};

static bool is_name(const char *text, size_t length, bool colon)
{
	if (length == 0 || g_ascii_isdigit(*text))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!g_ascii_isalnum(text[i]) && text[i] != '_' && !(colon && text[i] == ':'))
			return false;
	}
	return true;
}

/* Makes it the current family. */
static const char *family_begin(struct checker *checker, const char *name)
{
	if (g_strcmp0(checker->family, name) == 0)
		return NULL;
	if (!is_name(name, strlen(name), true))
		return "that is no name of a family";
	if (!g_hash_table_add(checker->families, g_strdup(name)))
		return "the lines of a family are not together";
	g_free(checker->family);
	checker->family = g_strdup(name);
	checker->has_type = checker->has_unit = checker->has_help = checker->has_samples = false;
	return NULL;
}

static const char *check_once(bool *there)
{
	if (*there)
		return "there are two of these lines";
	*there = true;
	return NULL;
}

static const char *check_descriptor(struct checker *checker, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	const char *wrong;

	if (g_strv_length(words) != 4 || !*words[3])
		return "a descriptor has a word, a name and a text";
	wrong = family_begin(checker, words[2]);
	if (wrong)
		return wrong;
	if (checker->has_samples)
		return "a descriptor comes after samples";
	if (g_str_equal(words[1], "TYPE")) {
		if (!g_str_equal(words[3], "counter"))
			return "that is no type of ours";
		return check_once(&checker->has_type);
	}
	if (g_str_equal(words[1], "UNIT")) {
		g_autofree char *suffix = g_strconcat("_", words[3], NULL);

		if (!g_str_has_suffix(words[2], suffix))
			return "the name does not end with the unit";
		return check_once(&checker->has_unit);
	}
	if (!g_str_equal(words[1], "HELP"))
		return "that is no descriptor";
	for (const char *c = words[3]; *c; c++) {
		if (*c == '"' || (*c == '\\' && !strchr("\\n\"", *++c)))
			return "the help is not escaped";
	}
	return check_once(&checker->has_help);
}

/* Behind the quotation mark that ends a value; NULL: it does not end, or is not escaped
 * correctly. */
static const char *value_end(const char *text)
{
	for (; *text && *text != '"'; text++) {
		if (*text != '\\')
			continue;
		text++;
		if (!*text || !strchr("\\n\"", *text))
			return NULL;
	}
	return *text ? text + 1 : NULL;
}

/* Behind the brace that ends the labels; NULL: they are invalid. */
static const char *labels_end(const char *text)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (*text == '}')
		return text + 1;
	for (;;) {
		size_t length = strcspn(text, "=,}\"");

		if (text[length] != '=' || text[length + 1] != '"' ||
			!is_name(text, length, false) ||
			!g_hash_table_add(names, g_strndup(text, length)))
			return NULL;
		text = value_end(text + length + 2);
		if (!text)
			return NULL;
		if (*text == '}')
			return text + 1;
		if (*text != ',')
			return NULL;
		text++;
	}
}

static const char *check_sample(struct checker *checker, const char *line)
{
	size_t length = strcspn(line, "{ ");
	const char *end = line + length;
	g_autofree char *name = g_strndup(line, length);

	if (!checker->family || !checker->has_type)
		return "a sample has no type";
	if (!g_str_has_prefix(name, checker->family) ||
		!g_str_equal(name + strlen(checker->family), "_total"))
		return "a sample of a counter is named after its family, with _total";
	checker->has_samples = true;
	if (*end == '{')
		end = labels_end(end + 1);
	if (!end)
		return "the labels are not well";
	if (!g_hash_table_add(checker->samples, g_strndup(line, (gsize)(end - line))))
		return "there are two samples with these labels";
	if (*end != ' ' || !g_ascii_isdigit(end[1]) || end[1 + strspn(end + 1, "0123456789")])
		return "the value is no number of a counter";
	return NULL;
}

static const char *check_line(struct checker *checker, const char *line, bool last)
{
	if (last != g_str_equal(line, "# EOF"))
		return "# EOF is the last line, and no other one is";
	if (last)
		return NULL;
	if (!*line)
		return "the line is empty";
	return *line == '#' ? check_descriptor(checker, line) : check_sample(checker, line);
}

char *openmetrics_check(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	unsigned int count = g_strv_length(lines);
	struct checker checker = {
		.families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.samples = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
	};
	const char *wrong = NULL;
	char *result = NULL;

	if (!g_utf8_validate(text, -1, NULL) || strchr(text, '\r'))
		wrong = "it is no UTF-8 with line feeds";
	else if (count < 2 || *lines[count - 1])
		wrong = "the last line has no line feed";
	for (unsigned int i = 0; !wrong && i + 1 < count; i++) {
		wrong = check_line(&checker, lines[i], i + 2 == count);
		if (wrong)
			result = g_strdup_printf("line %u: %s: %s", i + 1, wrong, lines[i]);
	}
	if (wrong && !result)
		result = g_strdup(wrong);
	g_free(checker.family);
	g_hash_table_unref(checker.families);
	g_hash_table_unref(checker.samples);
	return result;
}
