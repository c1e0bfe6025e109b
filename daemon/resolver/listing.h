/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Splits the listing that libnftables prints of a ruleset into the texts of its rules. Names,
 * comments and log prefixes are chosen by users and may themselves look like a listing. So the
 * rules, and their comments and prefixes, are taken from the kernel's own dump, and are only
 * searched for in the listing. Owned by its user.
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
 * A rule that the kernel has; those of a chain are added in order. `words`: its comment and log
 * prefixes, a NULL-terminated list or NULL. Does nothing if the table was not added.
 */
void listing_add_rule(struct listing *listing, uint8_t family, const char *table, const char *chain,
	uint64_t handle, const char *const *words);

/* `text` is without the handle, and not terminated; NULL: it was not found in the listing. */
typedef void (*listing_found)(void *context, uint8_t family, uint64_t table, uint64_t rule,
	const char *text, size_t length);

/* Calls `found` for each rule that was added, with its part of `text`, the output of `nft --handle
 * --stateless --terse list ruleset`. */
void listing_match(
	struct listing *listing, const char *text, size_t size, listing_found found, void *context);

/* Accepts NULL; returns NULL. */
struct listing *listing_free(struct listing *listing);

#endif
