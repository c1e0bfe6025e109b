/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON renderer: the records of a journal as one object a line, with the sections, fields and
 * types of Retis's events, so that its tools read them. Data that Retis does not have is in fields
 * beside them and in a section "nfttraced". The first line of a journal is its start. Names are
 * made valid UTF-8.
 *
 * json_new() gives a renderer (journal/reader/renderer.h), which readers (client) and follow
 * streams (daemon) use; everything else in this folder belongs to it, except json-output.h. One
 * thread, no failures: the output keeps its error, and a record that can't be understood is
 * rendered as a loss.
 */
#ifndef NFTTRACED_JOURNAL_JSON_EVENT_JSON_H
#define NFTTRACED_JOURNAL_JSON_EVENT_JSON_H

#include "journal/reader/renderer.h"

/*
 * A renderer that writes to `output`. Names from `name_table` are members beside numbers; NULL: no
 * names. The event of a journey's step has its number. renderer_free() it.
 */
struct renderer *json_new(struct output *output, struct name_table *name_table);

#endif
