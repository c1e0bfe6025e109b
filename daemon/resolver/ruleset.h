/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the texts of all rules of a network namespace. libnftables may end the process, take long,
 * or use much memory, and works in one namespace only. So each reading is done by a process of its
 * own, which ends with it (rule-reader.h).
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULESET_H
#define NFTTRACED_DAEMON_RESOLVER_RULESET_H

#include <stddef.h>
#include <stdint.h>

#define RULESET_TEXT_MAX    8192 /* bytes of a rule's text; longer ones are cut */
#define RULESET_SIZE_MAX    (128U << 20) /* bytes of all of a namespace's texts */
#define RULESET_SECONDS_MAX 60 /* of CPU time */
#define RULESET_MEMORY_MAX \
	(1ULL << 30) /* bytes of address space, beyond what it has at the start */
#define RULESET_USER_MEMORY_MAX \
	(512ULL << 20) /* for namespaces that are neither the host's nor root's */

/* The exit status of the process. */
enum ruleset_status {
	RULESET_READ = 0,
	RULESET_UNREACHABLE =
		10, /* the namespace does not exist (any more), or may not be entered */
	RULESET_UNREADABLE = 11,
};

/* The output: one for each rule; the text follows, without a NUL. */
struct ruleset_rule {
	uint64_t table;
	uint64_t rule;
	uint32_t length; /* of the text; 0: it was not found */
	uint8_t family;
	uint8_t reserved[3];
};

/*
 * Enters the namespace that `path` leads to and writes its rules to `fd`. `cookie`, `inode`: of the
 * expected namespace; 0: any. `memory`: RULESET_MEMORY_MAX or less. Returns enum ruleset_status,
 * with which the process has to exit.
 */
int ruleset_read(const char *path, uint64_t cookie, uint32_t inode, uint64_t memory, int fd);

#endif
