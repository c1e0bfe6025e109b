/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with units and lists from the command line; see parse.h. */
#include "client/input/parse.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "journal/base/clock.h"

struct unit {
	const char *name;
	uint64_t factor;
};

#define KIB UINT64_C(1024)

/* Names that begin alike: the longer one first. */
static const struct unit duration_units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "sec", USEC_PER_SEC },
	{ "s", USEC_PER_SEC },
	{ "min", 60 * USEC_PER_SEC },
	{ "m", 60 * USEC_PER_SEC },
	{ "hr", 3600 * USEC_PER_SEC },
	{ "h", 3600 * USEC_PER_SEC },
	{ "d", 86400 * USEC_PER_SEC },
};

static const struct unit size_units[] = {
	{ "K", KIB },
	{ "M", KIB *KIB },
	{ "G", KIB *KIB *KIB },
	{ "T", KIB *KIB *KIB *KIB },
};

/* Reads digits at *text and steps behind them. */
static int number_at(const char **text, uint64_t *ret)
{
	const char *end = *text;
	uint64_t number = 0;

	if (!g_ascii_isdigit(*end))
		return -EINVAL;
	for (; g_ascii_isdigit(*end); end++) {
		if (!g_uint64_checked_mul(&number, number, 10) ||
			!g_uint64_checked_add(&number, number, (uint64_t)(*end - '0')))
			return -ERANGE;
	}
	*text = end;
	*ret = number;
	return 0;
}

int parse_count(const char *text, uint64_t *ret)
{
	uint64_t number;
	int r = number_at(&text, &number);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	*ret = number;
	return 0;
}

/* The unit that *text begins with, stepped behind; NULL if there is none. */
static const struct unit *unit_at(const char **text, const struct unit *units, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (g_str_has_prefix(*text, units[i].name)) {
			*text += strlen(units[i].name);
			return &units[i];
		}
	}
	return NULL;
}

static void skip_spaces(const char **text)
{
	while (**text == ' ')
		(*text)++;
}

int parse_duration(const char *text, uint64_t *ret_usec)
{
	uint64_t total = 0;

	do {
		const struct unit *unit;
		uint64_t number;
		int r = number_at(&text, &number);

		if (r < 0)
			return r;
		skip_spaces(&text);
		unit = unit_at(&text, duration_units, G_N_ELEMENTS(duration_units));
		if (!unit && (*text || total > 0))
			return -EINVAL;
		if (!g_uint64_checked_mul(&number, number, unit ? unit->factor : USEC_PER_SEC) ||
			!g_uint64_checked_add(&total, total, number))
			return -ERANGE;
		skip_spaces(&text);
	} while (*text);
	if (total == 0)
		return -EINVAL;
	*ret_usec = total;
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	const struct unit *unit;
	uint64_t number;
	int r = number_at(&text, &number);

	if (r < 0)
		return r;
	skip_spaces(&text);
	unit = unit_at(&text, size_units, G_N_ELEMENTS(size_units));
	if (*text && !g_str_equal(text, "B") && !(unit && g_str_equal(text, "iB")))
		return -EINVAL;
	if (number == 0)
		return -EINVAL;
	if (unit && !g_uint64_checked_mul(&number, number, unit->factor))
		return -ERANGE;
	*ret = number;
	return 0;
}

int parse_names(const char *text, char ***ret)
{
	g_auto(GStrv) names = g_strsplit(text, ",", -1);

	if (!*names)
		return -EINVAL;
	for (size_t i = 0; names[i]; i++) {
		g_strstrip(names[i]);
		if (!*names[i])
			return -EINVAL;
	}
	*ret = g_steal_pointer(&names);
	return 0;
}
