/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name requests of what is new in a session's journal: rules, stack addresses and network namespaces that its
 * current segment has not told of yet. The recorder thread takes them, with a few instructions for what is
 * not new, and the name writer reads them. A name request that finds no room is counted, and taken again with the
 * next event that mentions the same.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H
#define NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#define NAME_REQUESTS_MAX 1024 /* that wait for the name writer */

#define NAME_REQUESTS_SESSION_BYTES (64U << 10) /* of memory that a session takes */

enum name_request_kind {
	NAME_REQUEST_RULE = 1,
	NAME_REQUEST_SYMBOL,
	NAME_REQUEST_NETNS,
};

/* All of it is compared: no padding. */
struct name_request {
	uint64_t generation; /* of the session that had the bit */
	uint64_t segment; /* of its journal */
	uint64_t cookie; /* of the namespace; 0 for a symbol */
	uint64_t table; /* handles; 0 if it is no rule */
	uint64_t rule;
	uint64_t address; /* 0 if it is no symbol */
	uint32_t inode;
	uint8_t family;
	uint8_t kind; /* enum name_request_kind */
	uint8_t bit;
	uint8_t reserved;
};

struct name_requests;

int name_requests_new(struct name_requests **ret);

/* The recorder thread's. */

/* The bit is a session's from now on, or nobody's: nothing of it has been told. */
void name_requests_begin(struct name_requests *requests, unsigned int bit, uint64_t generation);
void name_requests_end(struct name_requests *requests, unsigned int bit);

/* The journal of the session goes on in that segment: in another one, all is new again. */
void name_requests_segment(struct name_requests *requests, unsigned int bit, uint64_t segment);

/* Name requests what is new in a record for the sessions `bits`. */
void name_requests_event(
	struct name_requests *requests, uint64_t bits, const void *record, uint32_t size);

/* Wakes the name writer if there was anything new since the last call. */
void name_requests_wake(struct name_requests *requests);

/* The name writer's. */

/* An eventfd, readable when name_requests_wake had reason to. */
int name_requests_fd(const struct name_requests *requests);

/* The next name request; false: there is none. */
bool name_requests_take(struct name_requests *requests, struct name_request *ret);

/* Addresses mean something else from now on: all are new again. */
void name_requests_renew_symbols(struct name_requests *requests);

/* Any thread's: how many were taken by the recorder thread, and by the name writer; and found no room. */
uint64_t name_requests_written(const struct name_requests *requests);
uint64_t name_requests_read(const struct name_requests *requests);
uint64_t name_requests_overflows(const struct name_requests *requests);

/* Accepts NULL; returns NULL. */
struct name_requests *name_requests_free(struct name_requests *requests);

#endif
