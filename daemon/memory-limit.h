/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own accounts of this process's memory: those of its control group, version 2. Stateless. */
#ifndef NFTTRACED_MEMORY_LIMIT_H
#define NFTTRACED_MEMORY_LIMIT_H

#include <stdint.h>

#define MEMORY_UNLIMITED UINT64_MAX

/* Bytes. */
struct memory_usage {
	uint64_t
		limit; /* the least of the group and those that it is in; MEMORY_UNLIMITED: none, or not known */
	uint64_t used; /* by the group, without pages of files; 0: it can't be told */
};

/* `root` is where control groups are mounted, `self` the file that says which one it is: NULL for the
 * system's and this process's. */
void memory_usage(const char *root, const char *self, struct memory_usage *ret);

#endif
