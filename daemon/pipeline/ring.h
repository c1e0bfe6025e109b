/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A consumer of one BPF ring buffer. Unlike libbpf's it reports positions, which the checkpoint
 * stores. The layout is the kernel's (kernel/bpf/ringbuf.c): a consumer page, a producer page, the
 * data; a record that wraps around the end is copied. Owned by the recorder thread.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_RING_H
#define NFTTRACED_DAEMON_PIPELINE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring;

/* Maps the ring of map `fd`, which is duplicated. Negative errno. */
int ring_new(int fd, struct ring **ret);

/* A descriptor for epoll, readable when there are records; owned by the ring. */
int ring_fd(const struct ring *ring);

/* Called for each record in order. `position` is the record's; `data` is valid until it returns. */
typedef void (*ring_handler)(void *context, uint64_t position, const void *data, uint32_t size);

/*
 * Hands over records, each once: at most `max`, and no more than an eighth of the ring before the
 * next ring_release, so that the kernel does not run out of room. Returns their number.
 */
unsigned int ring_drain(struct ring *ring, unsigned int max, ring_handler handler, void *context);

/*
 * Returns the room of the records that were handed over to the kernel. The next reader of the ring
 * gets those that were not released.
 */
void ring_release(struct ring *ring);

/* The position of the next record. */
uint64_t ring_position(const struct ring *ring);

/* Bytes that the kernel has written, and that were released, since the ring was created. */
uint64_t ring_producer_position(const struct ring *ring);
uint64_t ring_consumer_position(const struct ring *ring);

/* Accepts NULL; returns NULL. */
struct ring *ring_free(struct ring *ring);

#endif
