/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wall clock over time, see clocks.h. */
#include "journal/format/clocks.h"

#include <glib.h>
#include <string.h>

struct point {
	uint64_t since; /* ns, CLOCK_MONOTONIC */
	uint64_t offset;
};

struct boot {
	uint8_t id[sizeof(((struct journal_segment *)NULL)->boot_id)];
	GArray *points; /* struct point, by time */
};

struct clocks {
	GArray *boots; /* struct boot */
};

static void boot_clear(gpointer data)
{
	g_array_unref(((struct boot *)data)->points);
}

struct clocks *clocks_new(void)
{
	struct clocks *clocks = g_new0(struct clocks, 1);

	clocks->boots = g_array_new(FALSE, TRUE, sizeof(struct boot));
	g_array_set_clear_func(clocks->boots, boot_clear);
	return clocks;
}

static const struct boot *boot_find(
	const struct clocks *clocks, const struct journal_segment *segment)
{
	for (guint i = clocks->boots->len; i > 0; i--) {
		const struct boot *boot = &g_array_index(clocks->boots, struct boot, i - 1);

		if (memcmp(boot->id, segment->boot_id, sizeof(boot->id)) == 0)
			return boot;
	}
	return NULL;
}

static const struct boot *boot_get(struct clocks *clocks, const struct journal_segment *segment)
{
	const struct boot *found = boot_find(clocks, segment);
	struct boot boot = { 0 };

	if (found)
		return found;
	memcpy(boot.id, segment->boot_id, sizeof(boot.id));
	boot.points = g_array_new(FALSE, TRUE, sizeof(struct point));
	g_array_append_val(clocks->boots, boot);
	return boot_find(clocks, segment);
}

static const struct point *point_at(const GArray *points, guint index)
{
	return &g_array_index(points, struct point, index);
}

/* The number of points at `monotonic` or before. Most look-ups are behind the last. */
static guint points_before(const GArray *points, uint64_t monotonic)
{
	guint low = 0, high = points->len;

	if (high > 0 && point_at(points, high - 1)->since <= monotonic)
		return high;
	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (point_at(points, middle)->since <= monotonic)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	uint64_t difference = a - b;

	return MIN(difference, -difference);
}

static void point_add(GArray *points, const struct point *point)
{
	guint at = points_before(points, point->since);

	if (at > 0 && point_at(points, at - 1)->since == point->since)
		return;
	if (points->len >= CLOCKS_MAX) {
		g_array_remove_index(points, 0);
		at -= at > 0;
	}
	g_array_insert_val(points, at, *point);
}

void clocks_note_segment(struct clocks *clocks, const struct journal_segment *segment)
{
	const struct point point = {
		.since = segment->monotonic,
		.offset = segment->realtime - segment->monotonic,
	};
	GArray *points;
	guint at;

	/* A record that the reader added has no clocks. */
	if (segment->realtime == 0)
		return;
	points = boot_get(clocks, segment)->points;
	at = points_before(points, point.since);
	if (at == 0 || distance(point_at(points, at - 1)->offset, point.offset) > CLOCKS_TOLERANCE)
		point_add(points, &point);
}

void clocks_note(struct clocks *clocks, const struct journal_segment *segment,
	const struct journal_clock *clock)
{
	const struct point point = {
		.since = clock->since,
		.offset = clock->realtime - clock->since,
	};

	point_add(boot_get(clocks, segment)->points, &point);
}

uint64_t clocks_offset(
	const struct clocks *clocks, const struct journal_segment *segment, uint64_t monotonic)
{
	const struct boot *boot = boot_find(clocks, segment);
	guint before;

	if (!boot || boot->points->len == 0)
		return segment->realtime - segment->monotonic;
	before = points_before(boot->points, monotonic);
	return point_at(boot->points, before > 0 ? before - 1 : 0)->offset;
}

struct clocks *clocks_free(struct clocks *clocks)
{
	if (!clocks)
		return NULL;
	g_array_unref(clocks->boots);
	g_free(clocks);
	return NULL;
}
