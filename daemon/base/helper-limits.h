/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process beside the daemon's may take of this machine's memory. It can be had again, so it
 * goes before the daemon does. For a process to call for itself.
 */
#ifndef NFTTRACED_DAEMON_BASE_HELPER_LIMITS_H
#define NFTTRACED_DAEMON_BASE_HELPER_LIMITS_H

#include <stdint.h>

/* Where memory is short, the kernel ends processes with a higher score first. Failure does no
 * harm. */
void helper_yield_memory(void);

/* At most so many bytes of address space more than now, and no more than a third of what its
 * control group may have. */
void helper_limit_memory(uint64_t bytes);

#endif
