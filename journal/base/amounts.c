/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts, printed and parsed; see amounts.h. */
#include "journal/base/amounts.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "journal/base/clock.h"

#define TENTHS_BELOW    10 /* seconds: longer durations are printed without a fraction */
#define SEC_PER_MIN     UINT64_C(60)
#define SEC_PER_HOUR    UINT64_C(3600)
#define SEC_PER_DAY     UINT64_C(86400)
#define TENTHS_PER_UNIT 10
#define KIB             UINT64_C(1024)
#define FRACTION_DIGITS 6 /* at most: their product with a unit fits into 64 bits */

struct unit {
	const char *name;
	uint64_t factor;
};

/* Of names that begin alike the longer one comes first. */
static const struct unit duration_units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "sec", USEC_PER_SEC },
	{ "s", USEC_PER_SEC },
	{ "min", SEC_PER_MIN *USEC_PER_SEC },
	{ "m", SEC_PER_MIN *USEC_PER_SEC },
	{ "hr", SEC_PER_HOUR *USEC_PER_SEC },
	{ "h", SEC_PER_HOUR *USEC_PER_SEC },
	{ "d", SEC_PER_DAY *USEC_PER_SEC },
};

static const struct unit size_units[] = {
	{ "K", KIB },
	{ "M", KIB *KIB },
	{ "G", KIB *KIB *KIB },
	{ "T", KIB *KIB *KIB *KIB },
};

const char *amount_bytes(uint64_t bytes, char out[AMOUNT_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t unit = KIB, tenths;
	size_t i = 0;

	if (bytes < unit) {
		g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 " B", bytes);
		return out;
	}
	for (;;) {
		/* The rest is less than 2^60, so ten of it fit into 64 bits. */
		tenths = bytes / unit * TENTHS_PER_UNIT +
			(bytes % unit * TENTHS_PER_UNIT + unit / 2) / unit;
		if (tenths < KIB * TENTHS_PER_UNIT || i + 1 == G_N_ELEMENTS(units))
			break;
		unit *= KIB;
		i++;
	}
	g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 ".%" PRIu64 " %s", tenths / TENTHS_PER_UNIT,
		tenths % TENTHS_PER_UNIT, units[i]);
	return out;
}

/* Two units, the smaller one only if there is something of it. */
static void two_units(char out[AMOUNT_SIZE], uint64_t large, const char *large_name, uint64_t small,
	const char *small_name)
{
	if (small == 0)
		g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 " %s", large, large_name);
	else
		g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", large, large_name,
			small, small_name);
}

const char *amount_duration(uint64_t usec, char out[AMOUNT_SIZE])
{
	uint64_t seconds = usec / USEC_PER_SEC + (usec % USEC_PER_SEC >= USEC_PER_SEC / 2);
	uint64_t tenths =
		(usec + USEC_PER_SEC / TENTHS_PER_UNIT / 2) / (USEC_PER_SEC / TENTHS_PER_UNIT);

	if (usec < TENTHS_BELOW * USEC_PER_SEC && tenths % TENTHS_PER_UNIT != 0)
		g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 ".%" PRIu64 " s", tenths / TENTHS_PER_UNIT,
			tenths % TENTHS_PER_UNIT);
	else if (seconds < SEC_PER_MIN)
		g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 " s", seconds);
	else if (seconds < SEC_PER_HOUR)
		two_units(out, seconds / SEC_PER_MIN, "min", seconds % SEC_PER_MIN, "s");
	else if (seconds < SEC_PER_DAY)
		two_units(out, seconds / SEC_PER_HOUR, "h", seconds % SEC_PER_HOUR / SEC_PER_MIN,
			"min");
	else
		two_units(
			out, seconds / SEC_PER_DAY, "d", seconds % SEC_PER_DAY / SEC_PER_HOUR, "h");
	return out;
}

const char *amount_count(uint64_t number, const char *noun, char out[AMOUNT_SIZE])
{
	g_snprintf(out, AMOUNT_SIZE, "%" PRIu64 " %s%s", number, noun, number == 1 ? "" : "s");
	return out;
}

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
	bool first = true;
	uint64_t total = 0;

	do {
		const struct unit *unit;
		uint64_t number;
		int r = number_at(&text, &number);

		if (r < 0)
			return r;
		skip_spaces(&text);
		unit = unit_at(&text, duration_units, G_N_ELEMENTS(duration_units));
		if (!unit && (*text || !first))
			return -EINVAL;
		if (!g_uint64_checked_mul(&number, number, unit ? unit->factor : USEC_PER_SEC) ||
			!g_uint64_checked_add(&total, total, number))
			return -ERANGE;
		skip_spaces(&text);
		first = false;
	} while (*text);
	*ret_usec = total;
	return 0;
}

/* Reads the digits behind a point at *text, if there is one, as `*ret / *ret_scale`. */
static int fraction_at(const char **text, uint64_t *ret, uint64_t *ret_scale)
{
	const char *digits = *text + 1;
	int r;

	*ret = 0;
	*ret_scale = 1;
	if (**text != '.')
		return 0;
	*text = digits;
	r = number_at(text, ret);
	if (r < 0 || *text - digits > FRACTION_DIGITS)
		return -EINVAL;
	while (digits++ < *text)
		*ret_scale *= 10;
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	uint64_t number, fraction, scale;
	const struct unit *unit;
	int r = number_at(&text, &number);

	if (r >= 0)
		r = fraction_at(&text, &fraction, &scale);
	if (r < 0)
		return r;
	skip_spaces(&text);
	unit = unit_at(&text, size_units, G_N_ELEMENTS(size_units));
	if (*text && !g_str_equal(text, "B") && !(unit && g_str_equal(text, "iB")))
		return -EINVAL;
	if (!unit && scale > 1)
		return -EINVAL;
	if (unit &&
		(!g_uint64_checked_mul(&number, number, unit->factor) ||
			!g_uint64_checked_add(&number, number, fraction * unit->factor / scale)))
		return -ERANGE;
	*ret = number;
	return 0;
}
