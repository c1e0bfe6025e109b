/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Introspection XML as a sorted list; see introspection.h. */
#include "tests/bus/introspection.h"

#include <glib.h>
#include <string.h>

struct digest {
	const char *wanted;
	gboolean inside; /* the interface that is wanted */
	GString *member; /* the line of the member that is being read */
	GPtrArray *lines;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The attributes in the order of their names; a direction that is left out is added. */
static void append(GString *line, const char *element, const char **names, const char **values)
{
	g_autoptr(GPtrArray) attributes = g_ptr_array_new_with_free_func(g_free);

	for (unsigned int i = 0; names[i]; i++)
		g_ptr_array_add(attributes, g_strdup_printf(" %s=%s", names[i], values[i]));
	g_ptr_array_sort(attributes, compare);
	g_string_append_printf(line, " <%s", element);
	for (unsigned int i = 0; i < attributes->len; i++)
		g_string_append(line, attributes->pdata[i]);
}

static void begin(GMarkupParseContext *context, const char *element, const char **names,
	const char **values, gpointer userdata, GError **error)
{
	struct digest *digest = userdata;

	if (g_str_equal(element, "interface"))
		digest->inside = g_str_equal(values[0], digest->wanted);
	else if (digest->inside)
		append(digest->member, element, names, values);
}

static void end(
	GMarkupParseContext *context, const char *element, gpointer userdata, GError **error)
{
	struct digest *digest = userdata;

	if (g_str_equal(element, "interface"))
		digest->inside = FALSE;
	if (!digest->inside || g_str_equal(element, "arg") || g_str_equal(element, "annotation"))
		return;
	g_ptr_array_add(digest->lines, g_strdup(digest->member->str));
	g_string_truncate(digest->member, 0);
}

char *introspection_digest(const char *xml, const char *interface)
{
	static const GMarkupParser parser = { .start_element = begin, .end_element = end };
	struct digest digest = {
		.wanted = interface,
		.member = g_string_new(NULL),
		.lines = g_ptr_array_new_with_free_func(g_free),
	};
	GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &digest, NULL);
	char *text = NULL;

	if (g_markup_parse_context_parse(context, xml, strlen(xml), NULL)) {
		g_ptr_array_sort(digest.lines, compare);
		g_ptr_array_add(digest.lines, NULL);
		text = g_strjoinv("\n", (char **)digest.lines->pdata);
	}
	g_markup_parse_context_free(context);
	g_string_free(digest.member, TRUE);
	g_ptr_array_unref(digest.lines);
	return text;
}
