/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits on the memory of helper processes. They can be replaced, so that they are killed before
 * the daemon is. Called by the helper itself, after fork.
 */
#ifndef NFTTRACED_DAEMON_BASE_HELPER_LIMITS_H
#define NFTTRACED_DAEMON_BASE_HELPER_LIMITS_H

#include <stdint.h>

/* Makes the kernel kill this process before others when memory is short. Failure does no harm. */
void helper_yield_memory(void);

/* Limits the address space to `bytes` more than now, and to a third of its control group's limit
 * more than now. */
void helper_limit_memory(uint64_t bytes);

#endif
