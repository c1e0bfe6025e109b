/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that a person lists on the command line, separated by commas. Stateless. */
#ifndef NFTTRACED_CLIENT_INPUT_NAME_LIST_H
#define NFTTRACED_CLIENT_INPUT_NAME_LIST_H

/* The names of "drop, accept" as a NULL-terminated list (g_strfreev it). -EINVAL if one is empty,
 * and *ret is untouched. */
int name_list_parse(const char *text, char ***ret);

#endif
