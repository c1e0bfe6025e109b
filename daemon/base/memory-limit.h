/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory limits and use of this process's control group (version 2), as the kernel has them.
 * Stateless.
 */
#ifndef NFTTRACED_DAEMON_BASE_MEMORY_LIMIT_H
#define NFTTRACED_DAEMON_BASE_MEMORY_LIMIT_H

#include <stdint.h>

#define MEMORY_UNLIMITED UINT64_MAX

/*
 * Both return bytes. `root`: where control groups are mounted; `self`: the file that names the
 * group; NULL: the system's and this process's.
 */

/* The lowest limit of the group and its parents; MEMORY_UNLIMITED: no limit, or unknown. */
uint64_t memory_limit(const char *root, const char *self);

/* The memory that the group uses, without the page cache; 0: unknown. */
uint64_t memory_used(const char *root, const char *self);

#endif
