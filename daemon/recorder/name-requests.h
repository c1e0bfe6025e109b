/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name requests: rules, stack addresses and network namespaces of a session's events that its
 * current segment does not explain yet. The recorder thread adds them to a ring without locks, at
 * the cost of a few instructions for names that are not new, and the name writer takes them. A
 * request that finds no room is counted, and added with the next event that needs the same name.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H
#define NFTTRACED_DAEMON_RECORDER_NAME_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#define NAME_REQUESTS_MAX 1024 /* in the ring at a time */

#define NAME_REQUESTS_SESSION_BYTES (64U << 10) /* memory per session */

enum name_request_kind {
	NAME_REQUEST_RULE = 1,
	NAME_REQUEST_SYMBOL,
	NAME_REQUEST_NETNS,
};

/* Compared as bytes: no padding. */
struct name_request {
	uint64_t generation; /* of the session that had the bit */
	uint64_t segment; /* of its journal */
	uint64_t cookie; /* of the namespace; 0 for a symbol */
	uint64_t table; /* handles; 0 unless it is a rule */
	uint64_t rule;
	uint64_t address; /* 0 unless it is a symbol */
	uint32_t inode;
	uint8_t family;
	uint8_t kind; /* enum name_request_kind */
	uint8_t bit;
	uint8_t reserved;
};

struct name_requests;

int name_requests_new(struct name_requests **ret);

/* Functions of the recorder thread. */

/* Gives the bit to a session, which has requested nothing yet, and takes it back. */
void name_requests_begin(struct name_requests *requests, unsigned int bit, uint64_t generation);
void name_requests_end(struct name_requests *requests, unsigned int bit);

/* Sets the segment that the session's journal is written to. Names are requested again for each
 * segment. */
void name_requests_segment(struct name_requests *requests, unsigned int bit, uint64_t segment);

/* Adds requests for the new names in a record, for the sessions `bits`. */
void name_requests_event(
	struct name_requests *requests, uint64_t bits, const void *record, uint32_t size);

/* Wakes the name writer if requests were added since the last call. */
void name_requests_wake(struct name_requests *requests);

/* Functions of the name writer. */

/* An eventfd, readable after name_requests_wake has woken the name writer. */
int name_requests_fd(const struct name_requests *requests);

/* Takes the next request; false: there is none. */
bool name_requests_take(struct name_requests *requests, struct name_request *ret);

/* Addresses may have other names now: has all symbols requested again. */
void name_requests_renew_symbols(struct name_requests *requests);

/* The numbers of requests that the recorder thread has added, that the name writer has taken, and
 * that found no room. Any thread. */
uint64_t name_requests_written(const struct name_requests *requests);
uint64_t name_requests_read(const struct name_requests *requests);
uint64_t name_requests_overflows(const struct name_requests *requests);

/* Accepts NULL; returns NULL. */
struct name_requests *name_requests_free(struct name_requests *requests);

#endif
