/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts over time; see timeline.h. */
#include "client/stats/timeline.h"

#include <glib.h>

#define LEVELS 8

static void timeline_widen(struct timeline *timeline)
{
	for (size_t i = 0; i < TIMELINE_BUCKETS / 2; i++)
		timeline->counts[i] = timeline->counts[2 * i] + timeline->counts[2 * i + 1];
	memset(timeline->counts + TIMELINE_BUCKETS / 2, 0, sizeof(timeline->counts) / 2);
	timeline->width *= 2;
	timeline->used = (timeline->used + 1) / 2;
}

void timeline_count(struct timeline *timeline, uint64_t time)
{
	size_t bucket;

	if (!timeline->begun) {
		timeline->begun = true;
		timeline->start = time;
		timeline->width = TIMELINE_WIDTH_MIN;
	}
	time = time > timeline->start ? time - timeline->start : 0;
	while (time / timeline->width >= TIMELINE_BUCKETS)
		timeline_widen(timeline);
	bucket = (size_t)(time / timeline->width);
	timeline->counts[bucket]++;
	timeline->used = MAX(timeline->used, bucket + 1);
}

/* Level 0 is a space, for 0 only; the lowest bar is for the lowest other count. */
static void draw_level(
	uint64_t count, uint64_t highest, enum timeline_letters letters, struct output *output)
{
	static const char *const bars[LEVELS] = { "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
		"\u2586", "\u2587", "\u2588" };
	static const char *const signs[LEVELS] = { ".", ":", "-", "=", "+", "*", "#", "@" };
	size_t level;

	if (count == 0) {
		output_char(output, ' ');
		return;
	}
	/* Counts of events are small enough for a product in 64 bits. */
	level = (size_t)((count * LEVELS - 1) / highest);
	output_text(output, letters == TIMELINE_UTF8 ? bars[level] : signs[level]);
}

struct timeline_line timeline_draw(const struct timeline *timeline, size_t columns,
	enum timeline_letters letters, struct output *output)
{
	size_t each = MAX((timeline->used + columns - 1) / columns, 1);
	g_autofree uint64_t *counts = g_new0(uint64_t, columns);
	struct timeline_line line = { .width = each * timeline->width };

	for (size_t i = 0; i < timeline->used; i++) {
		counts[i / each] += timeline->counts[i];
		line.highest = MAX(line.highest, counts[i / each]);
		line.columns = i / each + 1;
	}
	for (size_t i = 0; i < line.columns; i++)
		draw_level(counts[i], line.highest, letters, output);
	return line;
}
