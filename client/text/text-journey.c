/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event as a step of a journey: numbered, and indented below the first one; see text.h. */
#include <string.h>

#include "client/text/text-sections.h"

#define STEP_FIRST "  \u21b3 " /* before a step's header line */
#define STEP_OTHER "    " /* before its other lines, which are indented already */

/* Copies lines, each with its indentation. */
static void lines_indent(struct output *output, const char *lines, const char *end)
{
	const char *before = STEP_FIRST;

	while (lines < end) {
		const char *next = memchr(lines, '\n', (size_t)(end - lines));

		next = next ? next + 1 : end;
		output_text(output, before);
		output_bytes(output, lines, (size_t)(next - lines));
		lines = next;
		before = STEP_OTHER;
	}
}

static void render_indented(struct text *text, const struct journal_entry *entry)
{
	struct output *output = text->renderer.output, *step = &text->step;
	bool started = text->renderer.started;

	if (!step->bytes)
		output_open(step, OUTPUT_MEMORY);
	text->renderer.output = step;
	text->renderer.started = false;
	text->renderer.ops->render(&text->renderer, entry);
	text->renderer.output = output;
	text->renderer.started = started;
	lines_indent(output, step->bytes, step->bytes + step->used);
	step->used = 0;
}

void text_render_step(struct renderer *renderer, const struct journal_entry *entry)
{
	if (renderer->number == 0)
		renderer->ops->render(renderer, entry);
	else
		render_indented((struct text *)renderer, entry);
}
