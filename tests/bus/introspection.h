/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Introspection XML as a sorted list of its declarations, to compare two of them. */
#ifndef NFTTRACED_TESTS_BUS_INTROSPECTION_H
#define NFTTRACED_TESTS_BUS_INTROSPECTION_H

/* One line for each member, argument and annotation of `interface`; g_free it. NULL if the text is
 * not XML. */
char *introspection_digest(const char *xml, const char *interface);

#endif
