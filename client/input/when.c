/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments from the command line; see when.h. */
#include "client/input/when.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/input/parse.h"
#include "journal/base/clock.h"

#define FRACTION_DIGITS 9 /* of a second: nanoseconds */
#define TM_YEAR_BASE    1900

/* Steps behind a number of exactly `digits` digits between `min` and `max`. */
static bool field_at(const char **text, unsigned int digits, int min, int max, int *ret)
{
	int number = 0;

	for (unsigned int i = 0; i < digits; i++) {
		if (!g_ascii_isdigit((*text)[i]))
			return false;
		number = number * 10 + ((*text)[i] - '0');
	}
	if (number < min || number > max)
		return false;
	*text += digits;
	*ret = number;
	return true;
}

static bool char_at(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* ".25" as nanoseconds, or nothing. */
static bool fraction_at(const char **text, uint64_t *ret_nsec)
{
	unsigned int digits = 0;
	uint64_t nsec = 0;

	*ret_nsec = 0;
	if (!char_at(text, '.'))
		return true;
	for (; digits < FRACTION_DIGITS && g_ascii_isdigit(**text); digits++, (*text)++)
		nsec = nsec * 10 + (uint64_t)(**text - '0');
	if (digits == 0)
		return false;
	for (; digits < FRACTION_DIGITS; digits++)
		nsec *= 10;
	*ret_nsec = nsec;
	return true;
}

static bool date_at(const char **text, struct tm *tm)
{
	const char *at = *text;
	int year, month, day;

	if (!field_at(&at, 4, 1970, 9999, &year) || !char_at(&at, '-') ||
		!field_at(&at, 2, 1, 12, &month) || !char_at(&at, '-') ||
		!field_at(&at, 2, 1, 31, &day))
		return false;
	tm->tm_year = year - TM_YEAR_BASE;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	*text = at;
	return true;
}

static bool clock_at(const char **text, struct tm *tm, uint64_t *ret_nsec)
{
	const char *at = *text;

	*ret_nsec = 0;
	tm->tm_sec = 0;
	if (!field_at(&at, 2, 0, 23, &tm->tm_hour) || !char_at(&at, ':') ||
		!field_at(&at, 2, 0, 59, &tm->tm_min))
		return false;
	if (char_at(&at, ':') &&
		(!field_at(&at, 2, 0, 59, &tm->tm_sec) || !fraction_at(&at, ret_nsec)))
		return false;
	*text = at;
	return true;
}

static void today(enum when_zone zone, uint64_t now, struct tm *ret)
{
	time_t second = (time_t)(now / NSEC_PER_SEC);

	switch (zone) {
	case WHEN_LOCAL:
		localtime_r(&second, ret);
		break;
	case WHEN_UTC:
		gmtime_r(&second, ret);
		break;
	}
	ret->tm_hour = 0;
	ret->tm_min = 0;
	ret->tm_sec = 0;
	ret->tm_isdst = -1;
}

/* The moment of a date, which must be one: there is no 31st of February. */
static int moment_of(struct tm *tm, enum when_zone zone, uint64_t nsec, uint64_t *ret)
{
	int day = tm->tm_mday;
	time_t second = zone == WHEN_UTC ? timegm(tm) : mktime(tm);

	if (tm->tm_mday != day)
		return -EINVAL;
	if (second < 0 || (uint64_t)second > UINT64_MAX / NSEC_PER_SEC - 1)
		return -ERANGE;
	*ret = (uint64_t)second * NSEC_PER_SEC + nsec;
	return 0;
}

static int parse_date(const char *text, enum when_zone zone, uint64_t now, uint64_t *ret)
{
	const char *end = strstr(text, "UTC");
	uint64_t nsec = 0;
	struct tm tm;
	bool date;

	if (end && end[strlen("UTC")] == '\0')
		zone = WHEN_UTC;
	today(zone, now, &tm);
	date = date_at(&text, &tm);
	if (date && char_at(&text, ' ') && *text != 'U' && !clock_at(&text, &tm, &nsec))
		return -EINVAL;
	if (!date && !clock_at(&text, &tm, &nsec))
		return -EINVAL;
	text += strspn(text, " ");
	if (*text && text != end)
		return -EINVAL;
	return moment_of(&tm, zone, nsec, ret);
}

/* "today" and its neighbours: midnight, so many days from now. */
static bool parse_day(const char *text, enum when_zone zone, uint64_t now, uint64_t *ret)
{
	static const struct {
		const char *name;
		int days;
	} names[] = { { "yesterday", -1 }, { "today", 0 }, { "tomorrow", 1 } };
	struct tm tm;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!g_str_equal(text, names[i].name))
			continue;
		today(zone, now, &tm);
		tm.tm_mday += names[i].days;
		*ret = (uint64_t)(zone == WHEN_UTC ? timegm(&tm) : mktime(&tm)) * NSEC_PER_SEC;
		return true;
	}
	return false;
}

enum direction {
	BACK,
	FORTH,
};

static int parse_span(const char *span, enum direction direction, uint64_t now, uint64_t *ret)
{
	uint64_t usec, nsec;
	int r = parse_duration(span, &usec);

	if (r < 0)
		return r;
	if (!g_uint64_checked_mul(&nsec, usec, NSEC_PER_USEC))
		return -ERANGE;
	if (direction == FORTH)
		return g_uint64_checked_add(ret, now, nsec) ? 0 : -ERANGE;
	if (nsec > now)
		return -ERANGE;
	*ret = now - nsec;
	return 0;
}

static int parse_seconds(const char *text, uint64_t *ret)
{
	g_autofree char *whole = g_strndup(text, strcspn(text, "."));
	uint64_t seconds, nsec;
	int r = parse_count(whole, &seconds);

	if (r < 0)
		return r;
	text += strlen(whole);
	if (!fraction_at(&text, &nsec) || *text)
		return -EINVAL;
	if (seconds > UINT64_MAX / NSEC_PER_SEC - 1)
		return -ERANGE;
	*ret = seconds * NSEC_PER_SEC + nsec;
	return 0;
}

static int parse_realtime(const char *text, enum when_zone zone, uint64_t now, uint64_t *ret)
{
	g_autofree char *span = NULL;

	if (g_str_equal(text, "now")) {
		*ret = now;
		return 0;
	}
	if (parse_day(text, zone, now, ret))
		return 0;
	if (*text == '@')
		return parse_seconds(text + 1, ret);
	if (*text == '-' || *text == '+')
		return parse_span(text + 1, *text == '-' ? BACK : FORTH, now, ret);
	if (!g_str_has_suffix(text, " ago"))
		return parse_date(text, zone, now, ret);
	span = g_strndup(text, strlen(text) - strlen(" ago"));
	return parse_span(span, BACK, now, ret);
}

int when_parse(const char *text, enum when_zone zone, uint64_t now, struct when *ret)
{
	struct when when = { .clock = WHEN_REALTIME };
	g_autofree char *number = NULL;
	int r;

	if (g_ascii_isdigit(*text) && g_str_has_suffix(text, "ns")) {
		when.clock = WHEN_MONOTONIC;
		number = g_strndup(text, strlen(text) - strlen("ns"));
		r = parse_count(number, &when.time);
	} else {
		r = parse_realtime(text, zone, now, &when.time);
	}
	if (r < 0)
		return r;
	*ret = when;
	return 0;
}
