/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The space that a file takes on disk. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_DISK_USAGE_H
#define NFTTRACED_DAEMON_BASE_DISK_USAGE_H

#include <stdint.h>
#include <sys/stat.h>

/* In bytes; st_blocks counts blocks of 512 bytes on every filesystem. */
static inline uint64_t disk_usage(const struct stat *status)
{
	return (uint64_t)status->st_blocks * 512;
}

#endif
