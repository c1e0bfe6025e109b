/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts in words; see amounts.h. */
#include "journal/base/amounts.h"

#include <glib.h>
#include <inttypes.h>

#include "journal/base/clock.h"

#define TENTHS_BELOW    10 /* seconds: from here on nobody looks at fractions */
#define SEC_PER_MIN     60ULL
#define SEC_PER_HOUR    3600ULL
#define SEC_PER_DAY     86400ULL
#define TENTHS_PER_UNIT 10

const char *quantity_bytes(uint64_t bytes, char out[QUANTITY_SIZE])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1000, tenths;
	size_t i = 0;

	if (bytes < unit) {
		g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 " B", bytes);
		return out;
	}
	for (;;) {
		uint64_t tenth = unit / TENTHS_PER_UNIT;

		/* Rounded without a sum that could overflow. */
		tenths = bytes / tenth + (bytes % tenth >= tenth / 2);
		if (tenths < 1000 * TENTHS_PER_UNIT || i + 1 == G_N_ELEMENTS(units))
			break;
		unit *= 1000;
		i++;
	}
	g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 ".%" PRIu64 " %s", tenths / TENTHS_PER_UNIT,
		tenths % TENTHS_PER_UNIT, units[i]);
	return out;
}

/* Two units, the smaller one only if there is something of it. */
static void two_units(char out[QUANTITY_SIZE], uint64_t large, const char *large_name,
	uint64_t small, const char *small_name)
{
	if (small == 0)
		g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 " %s", large, large_name);
	else
		g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", large, large_name,
			small, small_name);
}

const char *quantity_span(uint64_t usec, char out[QUANTITY_SIZE])
{
	uint64_t seconds = usec / USEC_PER_SEC + (usec % USEC_PER_SEC >= USEC_PER_SEC / 2);
	uint64_t tenths =
		(usec + USEC_PER_SEC / TENTHS_PER_UNIT / 2) / (USEC_PER_SEC / TENTHS_PER_UNIT);

	if (usec < TENTHS_BELOW * USEC_PER_SEC && tenths % TENTHS_PER_UNIT != 0)
		g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 ".%" PRIu64 " s",
			tenths / TENTHS_PER_UNIT, tenths % TENTHS_PER_UNIT);
	else if (seconds < SEC_PER_MIN)
		g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 " s", seconds);
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

const char *quantity_count(uint64_t number, const char *noun, char out[QUANTITY_SIZE])
{
	g_snprintf(out, QUANTITY_SIZE, "%" PRIu64 " %s%s", number, noun, number == 1 ? "" : "s");
	return out;
}
