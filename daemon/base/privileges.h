/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process that handles what strangers wrote does without. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_PRIVILEGES_H
#define NFTTRACED_DAEMON_BASE_PRIVILEGES_H

/* Gives up every capability, for this process and those that it begins, for good. Negative
 * errno. */
int privileges_drop(void);

#endif
