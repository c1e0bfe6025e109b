/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that all renderers share; see renderer.h. */
#include "journal/reader/renderer.h"

#include <glib.h>

void renderer_render(struct renderer *renderer, const struct journal_entry *entry)
{
	if (entry->segment)
		renderer->session = entry->segment->session;
	renderer->ops->render(renderer, entry);
}

void renderer_render_step(
	struct renderer *renderer, const struct journal_entry *entry, uint64_t number)
{
	if (entry->segment)
		renderer->session = entry->segment->session;
	renderer->numbered = true;
	renderer->number = number;
	renderer->ops->render_step(renderer, entry);
	renderer->numbered = false;
}

struct renderer *renderer_free(struct renderer *renderer)
{
	if (!renderer)
		return NULL;
	if (renderer->ops->close)
		renderer->ops->close(renderer);
	session_view_clear(&renderer->view);
	g_free(renderer);
	return NULL;
}

int renderer_event(struct renderer *renderer, const struct journal_entry *entry, struct event *ret)
{
	bool swapped = entry->byte_order != JOURNAL_BYTE_ORDER;
	int r = event_decode(entry->data, entry->size, swapped, ret);

	if (r < 0)
		return r;
	session_view_narrow(&renderer->view, ret);
	return 0;
}

const struct rule_name *renderer_rule(struct renderer *renderer, const struct event *event)
{
	const struct rule_name *rule;

	if (!(event->nft.flags & EVENT_NFT_RULE))
		return NULL;
	rule = name_table_rule(renderer->name_table, event);
	if (!rule && renderer->await)
		rule = renderer->await(renderer->await_context, event);
	return rule;
}
