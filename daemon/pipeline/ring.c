/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The consumer of one BPF ring buffer. */
#include "daemon/pipeline/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

#define RING_ALIGN 8 /* of a record and its header */
#define RING_SHARE 8 /* at most 1 / RING_SHARE of the ring is handed over before a release */

/* Precedes each record: struct bpf_ringbuf_hdr in the kernel's kernel/bpf/ringbuf.c. */
struct ring_header {
	uint32_t length; /* and BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT */
	uint32_t page;
};

struct ring {
	int fd;
	size_t page_size;
	size_t data_size;
	unsigned long *consumer; /* the consumer page, ours to write */
	const unsigned long *producer; /* the producer page, the data behind it */
	unsigned long position; /* of the next record to hand over */
	uint8_t *joined; /* a copy of a record that wraps around the end */
	uint32_t joined_size;
};

static int ring_map(struct ring *ring)
{
	void *consumer, *producer;

	consumer = mmap(NULL, ring->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	ring->consumer = consumer;
	ring->position = *ring->consumer;
	/* Without the second mapping of the data, which would count as memory of this process. */
	producer = mmap(NULL, ring->page_size + ring->data_size, PROT_READ, MAP_SHARED, ring->fd,
		(off_t)ring->page_size);
	if (producer == MAP_FAILED)
		return -errno;
	ring->producer = producer;
	return 0;
}

int ring_new(int fd, struct ring **ret)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	struct ring *ring;
	int r;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;

	ring = g_new0(struct ring, 1);
	ring->page_size = (size_t)sysconf(_SC_PAGESIZE);
	ring->data_size = info.max_entries;
	ring->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = ring->fd < 0 ? -errno : ring_map(ring);
	if (r < 0) {
		ring_free(ring);
		return r;
	}
	*ret = ring;
	return 0;
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

uint64_t ring_position(const struct ring *ring)
{
	return ring->position;
}

uint64_t ring_producer_position(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

uint64_t ring_consumer_position(const struct ring *ring)
{
	return __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
}

/* `size` contiguous bytes of the ring from offset `at`. */
static const void *ring_bytes(struct ring *ring, size_t at, uint32_t size)
{
	const uint8_t *data = (const uint8_t *)ring->producer + ring->page_size;
	size_t first = ring->data_size - at;

	if (G_LIKELY(size <= first))
		return data + at;
	if (ring->joined_size < size) {
		ring->joined = g_realloc(ring->joined, size);
		ring->joined_size = size;
	}
	memcpy(ring->joined, data + at, first);
	memcpy(ring->joined + first, data, size - first);
	return ring->joined;
}

unsigned int ring_drain(struct ring *ring, unsigned int max, ring_handler handler, void *context)
{
	const uint8_t *data = (const uint8_t *)ring->producer + ring->page_size;
	unsigned long mask = ring->data_size - 1;
	unsigned long end = *ring->consumer + ring->data_size / RING_SHARE;
	unsigned long produced = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	unsigned int count = 0;

	while (count < max && ring->position < produced && ring->position < end) {
		const struct ring_header *header = (const void *)(data + (ring->position & mask));
		uint32_t length = __atomic_load_n(&header->length, __ATOMIC_ACQUIRE);
		uint32_t size = length & ~BPF_RINGBUF_DISCARD_BIT;

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			size_t at = (ring->position + sizeof(*header)) & mask;

			handler(context, ring->position, ring_bytes(ring, at, size), size);
			count++;
		}
		ring->position += (sizeof(*header) + size + RING_ALIGN - 1) &
			~(unsigned long)(RING_ALIGN - 1);
	}
	return count;
}

void ring_release(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE);
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	if (ring->consumer)
		munmap(ring->consumer, ring->page_size);
	if (ring->producer)
		munmap((void *)ring->producer, ring->page_size + ring->data_size);
	fd_close(&ring->fd);
	g_free(ring->joined);
	g_free(ring);
	return NULL;
}
