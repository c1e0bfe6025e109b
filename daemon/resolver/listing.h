/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the listing that libnftables prints of a ruleset apart into the texts of its rules. Names,
 * comments and log prefixes in it are text that somebody chose, and may look like a listing
 * themselves: so what there is to find, and the words that are somebody's, come from the kernel's
 * own dump, and are only looked for in the listing. Owned by its user.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_LISTING_H
#define NFTTRACED_DAEMON_RESOLVER_LISTING_H

#include <stddef.h>
#include <stdint.h>

struct listing;

struct listing *listing_new(void);

/* A table that the kernel has. */
void listing_add_table(struct listing *listing, uint8_t family, const char *name, uint64_t handle);

/*
 * A rule that the kernel has, in the order of its chain. `words`: its comment and log prefixes, a
 * NULL-terminated list or NULL. Of a table that was not added: passed over.
 */
void listing_add_rule(struct listing *listing, uint8_t family, const char *table, const char *chain,
	uint64_t handle, const char *const *words);

/* `text` (not terminated) without the handle, or NULL: it can't be told from the listing. */
typedef void (*listing_found)(void *context, uint8_t family, uint64_t table, uint64_t rule,
	const char *text, size_t length);

/* Calls `found` for each rule that was added, with its text in `text`, which is what
 * `nft --handle --stateless --terse list ruleset` prints. */
void listing_match(
	struct listing *listing, const char *text, size_t size, listing_found found, void *context);

/* Accepts NULL; returns NULL. */
struct listing *listing_free(struct listing *listing);

#endif
