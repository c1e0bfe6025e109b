/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counters as text for a person, as JSON lines, and as OpenMetrics for a collector.
 *
 * This folder prints the daemon's answers (client/bus/) to an output: status, configuration, drop
 * counters, and the rounds of top. Answers and output are the command's; stateless but for top.h;
 * one thread. Printing does not fail: the output keeps its error. Only configuration.h calls the
 * daemon itself, and fails as that call does.
 */
#ifndef NFTTRACED_CLIENT_REPORT_DROP_TEXT_H
#define NFTTRACED_CLIENT_REPORT_DROP_TEXT_H

#include "client/bus/drop-counters.h"
#include "journal/base/output.h"

#define DROP_COLUMNS_ANY SIZE_MAX /* lines of any length */

/* A table and the totals. Texts that do not fit into `columns` get lines of their own. `now`: us,
 * CLOCK_REALTIME. */
void drop_text_print(
	const struct drop_list *list, uint64_t now, size_t columns, struct output *output);

/* "inet firewalld filter_INPUT handle 284", "... policy", and " in netns NAME" if the
 * namespace has a name or is gone. */
void drop_place_text(const struct drop *drop, GString *text);

/* One line: the drops of all rules, and those that are not counted by rule. */
void drop_totals_text(const struct drop_list *list, GString *text);

/* An object a line for each counter, then one with the totals. */
void drop_json_print(const struct drop_list *list, struct output *output);

/* What a session lost, for the metrics. */
struct session;

/* The text of OpenMetrics 1.0. `sessions`: of struct session, or NULL if the caller may not list
 * them. */
void drop_metrics_print(
	const struct drop_list *list, const GPtrArray *sessions, struct output *output);

#endif
