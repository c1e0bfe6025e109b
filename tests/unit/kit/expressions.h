/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several hundred pcap expressions, the same on every run: at least one of each kind that libpcap
 * has for Ethernet or raw IP, and series of generated ones. All are accepted by filter_new().
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_EXPRESSIONS_H
#define NFTTRACED_TESTS_UNIT_KIT_EXPRESSIONS_H

#include <glib.h>

/* A GPtrArray of strings; g_ptr_array_unref() frees all. */
GPtrArray *expressions_new(void);

/* `count` terms made by `format` from the numbers 0 to count - 1, joined with " or ". */
char *expression_list(const char *format, unsigned int count);

#endif
