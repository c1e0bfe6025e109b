/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A renderer: writes the records of one journal to an output, as text (client/text/text.h) or as
 * JSON (journal/json/event-json.h). It has the interface that printers, follow streams and the
 * daemon use, and the state that every renderer keeps of its journal. Owned by its caller, as are
 * the output and the name table; one thread. Rendering does not fail: the output keeps its error.
 */
#ifndef NFTTRACED_JOURNAL_READER_RENDERER_H
#define NFTTRACED_JOURNAL_READER_RENDERER_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/base/cleanup.h"
#include "journal/base/output.h"
#include "journal/event/session-view.h"
#include "journal/reader/name-table.h"
#include "journal/reader/reader.h"

/* Waits for the text of an event's rule, which may still come; NULL if it does not. */
typedef const struct rule_name *(*renderer_await)(void *context, const struct event *event);

struct renderer;

struct renderer_ops {
	void (*render)(struct renderer *renderer, const struct journal_entry *entry);
	/* Renders the event of a journey's step; `number` in the renderer is set. */
	void (*render_step)(struct renderer *renderer, const struct journal_entry *entry);
	/* Frees the renderer's data beyond this struct; NULL: nothing. */
	void (*close)(struct renderer *renderer);
};

/* The first member of every renderer's own struct. */
struct renderer {
	const struct renderer_ops *ops;
	struct output *output;
	struct name_table *name_table; /* names, or NULL */
	renderer_await await; /* of a journal that is still being written, or NULL */
	void *await_context;
	struct session_view view; /* which parts of events are the session's */

	bool several; /* other journals have the same output: a remark names its session */
	bool started; /* something was written to the output, also by another renderer */
	bool ended; /* the final totals were rendered */
	bool incomplete; /* the journal says that events are missing, or is damaged */
	uint64_t session; /* id, 0 before any record */
	bool numbered; /* the event is a step of a journey */
	uint64_t number; /* of the step, from 0 */
};

/* Renders one record. Records of names are passed over, as the name table has them. */
void renderer_render(struct renderer *renderer, const struct journal_entry *entry);

/* Renders an event as a step of a packet's journey, `number` counted from 0. */
void renderer_render_step(
	struct renderer *renderer, const struct journal_entry *entry, uint64_t number);

/* Frees a renderer. Accepts NULL; returns NULL. */
struct renderer *renderer_free(struct renderer *renderer);

DEFINE_FREEP(renderer)

#define auto_renderer __attribute__((cleanup(renderer_freep))) struct renderer

/* For renderers. */

/* Decodes an event and removes the sections that the session did not ask for. Errors as of
 * event_decode. */
int renderer_event(struct renderer *renderer, const struct journal_entry *entry, struct event *ret);

/* The rule of an event: from the name table, or waited for. NULL: it is not known, or there is
 * none. */
const struct rule_name *renderer_rule(struct renderer *renderer, const struct event *event);

#endif
