/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A strict checker of the text format of OpenMetrics 1.0, as far as counters use it. It rejects
 * everything that a reader may reject.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_OPENMETRICS_H
#define NFTTRACED_TESTS_UNIT_KIT_OPENMETRICS_H

/* NULL: the text is valid; else the error, with its line (g_free it). */
char *openmetrics_check(const char *text);

#endif
