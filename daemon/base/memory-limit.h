/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own accounts of this process's memory: those of its control group, version 2.
 * Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_MEMORY_LIMIT_H
#define NFTTRACED_DAEMON_BASE_MEMORY_LIMIT_H

#include <stdint.h>

#define MEMORY_UNLIMITED UINT64_MAX

/*
 * Bytes. `root` is where control groups are mounted, `self` the file that says which one it is:
 * NULL for the system's and this process's.
 */

/* The least of what the group and those that it is in may have; MEMORY_UNLIMITED: no limit, or not
 * known. */
uint64_t memory_limit(const char *root, const char *self);

/* What the group has, without pages of files; 0: not known. */
uint64_t memory_used(const char *root, const char *self);

#endif
