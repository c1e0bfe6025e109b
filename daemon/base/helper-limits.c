/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of helper processes, see helper-limits.h. */
#include "daemon/base/helper-limits.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/memory-limit.h"
#include "journal/base/cleanup.h"

#define SCORE_PATH "/proc/self/oom_score_adj"
#define SCORE      500
#define SIZE_PATH  "/proc/self/statm"

/* One process gets at most this part of its control group's limit: the rest is for those that it
 * works for. */
#define GROUP_SHARE 3

void helper_yield_memory(void)
{
	auto_fd fd = open(SCORE_PATH, O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		dprintf(fd, "%d\n", SCORE);
}

/* Bytes of address space; 0: unknown. */
static uint64_t address_space(void)
{
	auto_fd fd = open(SIZE_PATH, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void helper_limit_memory(uint64_t bytes)
{
	const uint64_t share = memory_limit(NULL, NULL) / GROUP_SHARE;
	const rlim_t most = address_space() + MIN(bytes, share);
	const struct rlimit limit = { most, most };

	/* AddressSanitizer takes terabytes of address space for itself. */
#ifndef __SANITIZE_ADDRESS__
	setrlimit(RLIMIT_AS, &limit);
#else
	(void)limit;
#endif
}
