/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drops per second by rule: the rates between two readings of the drop counters, and a frame of
 * text that shows them. It knows no terminal and no bus. Owned by the command.
 */
#ifndef NFTTRACED_CLIENT_REPORT_TOP_H
#define NFTTRACED_CLIENT_REPORT_TOP_H

#include "client/bus/drop-counters.h"
#include "client/terminal/terminal.h"
#include "journal/base/output.h"

struct top;

struct top *top_new(void);

/* Takes over the next reading, made at `now` (ns, CLOCK_MONOTONIC). Rates need two readings. */
void top_take(struct top *top, struct drop_list *list, uint64_t now);

/* True after the first reading, and after the second. */
bool top_has_reading(const struct top *top);
bool top_has_rates(const struct top *top);

/* A frame with as many lines as the terminal has rows, at most, none longer than it has columns,
 * each with a line feed. `title` stands at its beginning. */
void top_frame(const struct top *top, const char *title, const struct terminal_size *size,
	struct output *output);

/*
 * Prints a round for an output that is no terminal: the rules that dropped, in lines of any length.
 */
void top_round(const struct top *top, const char *title, struct output *output);

/* Accepts NULL; returns NULL. */
struct top *top_free(struct top *top);

#endif
