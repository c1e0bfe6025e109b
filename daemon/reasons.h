/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the reasons that the running kernel has for dropping a packet, from its BTF. */
#ifndef NFTTRACED_REASONS_H
#define NFTTRACED_REASONS_H

/* A JOURNAL_REASONS as JSON (g_free it); NULL: the kernel has no drop reasons, or does not tell. Takes
 * some megabytes of memory meanwhile. */
char *reasons_read(void);

#endif
