/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of kernel addresses from /proc/kallsyms, which is read once for many addresses and not
 * kept.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_SYMBOLS_H
#define NFTTRACED_DAEMON_RESOLVER_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Names `count` addresses: *ret (g_strfreev it) has "symbol+0x…" for each, with " [module]" for
 * those of modules; "" if there is none, or if the kernel hides addresses, as it does without
 * CAP_SYSLOG. Negative errno if `path` can't be read.
 */
int symbols_find(const char *path, const uint64_t *addresses, size_t count, char ***ret);

#define SYMBOLS_PATH "/proc/kallsyms"

#endif
