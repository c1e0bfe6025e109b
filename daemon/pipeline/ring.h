/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A consumer of one BPF ring buffer that knows positions: libbpf's tells none, and the journal stores
 * them. The layout is the kernel's (kernel/bpf/ringbuf.c): a consumer page, a producer page, the data,
 * of which it would map a second copy behind the first for records that go over the end. Owned by the
 * recorder thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_RING_H
#define NFTTRACED_DAEMON_PIPELINE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Maps the ring of map `fd` (duplicated: ring_fd is for epoll). */
int ring_new(int fd, struct ring **ret);

/* The descriptor that is readable when there are records; the ring's. */
int ring_fd(const struct ring *ring);

/* Called for each record in order; `position` is the record's; `data` may be looked at until it
 * returns. */
typedef void (*ring_handler)(void *context, uint64_t position, const void *data, uint32_t size);

/*
 * Hands over records, each once: at most `max`, and no more than an eighth of the ring before the
 * next ring_release, so that the kernel does not run out of room meanwhile. Returns how many.
 */
unsigned int ring_drain(struct ring *ring, unsigned int max, ring_handler handler, void *context);

/* Gives the kernel back the room of what was handed over: until then a reader that comes after this
 * one sees it again. */
void ring_release(struct ring *ring);

/* Where the record begins that is handed over next. */
uint64_t ring_position(const struct ring *ring);

/* Bytes that the kernel has written, and that were released, since the ring began. */
uint64_t ring_producer_position(const struct ring *ring);
uint64_t ring_consumer_position(const struct ring *ring);

/* Accepts NULL; returns NULL. */
struct ring *ring_free(struct ring *ring);

#endif
