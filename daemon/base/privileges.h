/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drops the privileges of a process that handles input of others. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_PRIVILEGES_H
#define NFTTRACED_DAEMON_BASE_PRIVILEGES_H

/* Drops all capabilities for good, for this process and its children. Negative errno. */
int privileges_drop(void);

#endif
