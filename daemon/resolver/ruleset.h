/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the texts of all rules of a network namespace. libnftables may end the process, take long
 * or much memory, and knows one namespace only: so this is the work of a process of its own, one
 * for each reading, that ends with it.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULESET_H
#define NFTTRACED_DAEMON_RESOLVER_RULESET_H

#include <stddef.h>
#include <stdint.h>

#define RULESET_TEXT_MAX    8192 /* bytes of a rule's text; the rest is cut off */
#define RULESET_SIZE_MAX    (128U << 20) /* bytes of a namespace's texts, all of them */
#define RULESET_SECONDS_MAX 60 /* of CPU time */
#define RULESET_MEMORY_MAX \
	(1ULL << 30) /* bytes of address space, beside what it has as it begins */
#define RULESET_USER_MEMORY_MAX \
	(512ULL << 20) /* the same of namespaces that are neither the host's nor root's */

/* How a reading ended: its process's exit status. */
enum ruleset_status {
	RULESET_READ = 0,
	RULESET_UNREACHABLE = 10, /* the namespace is not there (any more), or may not be entered */
	RULESET_UNREADABLE = 11,
};

/* What is read, one after the other; the text follows, without a NUL. */
struct ruleset_rule {
	uint64_t table;
	uint64_t rule;
	uint32_t length; /* of the text; 0: it can't be told */
	uint8_t family;
	uint8_t reserved[3];
};

/*
 * Enters the namespace that `path` leads to and writes its rules to `fd`. `cookie`, `inode`: what
 * it has to be; 0: whatever it is. `memory`: RULESET_MEMORY_MAX or less. To be called in a process
 * that ends with enum ruleset_status, which it returns.
 */
int ruleset_read(const char *path, uint64_t cookie, uint32_t inode, uint64_t memory, int fd);

#endif
