/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of sections that have lines of their own, as the reference prints them: each function
 * writes whole lines, indented, newline included, or nothing if the event has nothing to tell. Private
 * to the text renderer (text.h).
 */
#ifndef NFTTRACED_CLIENT_TEXT_TEXT_SECTIONS_H
#define NFTTRACED_CLIENT_TEXT_TEXT_SECTIONS_H

#include <glib.h>

#include "client/text/text.h"

/* The stack, one line for each address: its name, or the number where the journal has no name. */
void text_stack(struct text *text, const struct event *event);

/* The skb's own fields. */
void text_skb(struct output *output, const struct event *event);

/* The connection, and the one that expected it. */
void text_ct(struct output *output, const struct event *event);

/* The network namespace, a space before it: its cookie, its inode, and its name if there is one. */
void text_netns(struct text *text, uint64_t cookie, uint32_t inode);

/* What the session's rate held back, an array of struct suppressed_rule, at least one, which it sorts: the
 * first line is the sum, and not indented. */
void text_suppressed(struct text *text, GArray *rules);

#endif
