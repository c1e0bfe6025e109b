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
 * Names `count` addresses: *ret, a g_strfreev'able list of "symbol+0x…" with " [module]" behind it,
 * "" where there is none (or the kernel does not tell: that needs CAP_SYSLOG). -errno if `path`
 * can't be read.
 */
int symbols_find(const char *path, const uint64_t *addresses, size_t count, char ***ret);

#define SYMBOLS_PATH "/proc/kallsyms"

#endif
