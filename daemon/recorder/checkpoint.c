/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checkpoint, see checkpoint.h. */
#include "daemon/recorder/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

#define CHECKPOINT_FILE    "ledger"
#define CHECKPOINT_MAGIC   "nftledg\n"
#define CHECKPOINT_VERSION 1

struct checkpoint_slot {
	_Atomic uint64_t session; /* id; 0: none */
	_Atomic uint64_t written; /* entries so far; the last one is entries[written % 2] */
	struct checkpoint_entry entries[2];
};

/* The file. */
struct checkpoint_pages {
	char magic[8];
	uint32_t version;
	uint32_t size; /* of all of it */
	struct checkpoint_slot slots[EVENT_SESSIONS_MAX];
};

struct checkpoint {
	struct checkpoint_pages *pages;
};

static bool pages_valid(const struct checkpoint_pages *pages)
{
	return memcmp(pages->magic, CHECKPOINT_MAGIC, sizeof(pages->magic)) == 0 &&
		pages->version == CHECKPOINT_VERSION && pages->size == sizeof(*pages);
}

static void pages_begin(struct checkpoint_pages *pages)
{
	memset(pages, 0, sizeof(*pages));
	memcpy(pages->magic, CHECKPOINT_MAGIC, sizeof(pages->magic));
	pages->version = CHECKPOINT_VERSION;
	pages->size = sizeof(*pages);
}

int checkpoint_open(int dir_fd, struct checkpoint **ret)
{
	auto_fd fd =
		openat(dir_fd, CHECKPOINT_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct checkpoint_pages *pages;
	int r;

	if (fd < 0)
		return -errno;
	/* Without room on the disk, touching the page later would raise SIGBUS. */
	r = posix_fallocate(fd, 0, sizeof(*pages));
	if (r != 0)
		return -r;
	pages = mmap(NULL, sizeof(*pages), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (pages == MAP_FAILED)
		return -errno;
	if (!pages_valid(pages))
		pages_begin(pages);
	*ret = g_new(struct checkpoint, 1);
	(*ret)->pages = pages;
	return 0;
}

struct checkpoint_slot *checkpoint_slot(struct checkpoint *checkpoint, unsigned int bit)
{
	return &checkpoint->pages->slots[bit];
}

void checkpoint_slot_begin(struct checkpoint_slot *slot, uint64_t id)
{
	if (slot->session == id)
		return;
	atomic_store(&slot->session, 0);
	atomic_store(&slot->written, 0);
	atomic_store(&slot->session, id);
}

void checkpoint_slot_write(struct checkpoint_slot *slot, const struct checkpoint_entry *entry)
{
	uint64_t next = atomic_load_explicit(&slot->written, memory_order_relaxed) + 1;

	slot->entries[next % 2] = *entry;
	atomic_store_explicit(&slot->written, next, memory_order_release);
}

bool checkpoint_slot_read(
	const struct checkpoint_slot *slot, uint64_t id, struct checkpoint_entry *ret)
{
	uint64_t written = atomic_load(&slot->written);

	if (slot->session != id || !written)
		return false;
	*ret = slot->entries[written % 2];
	return true;
}

struct checkpoint *checkpoint_free(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return NULL;
	munmap(checkpoint->pages, sizeof(*checkpoint->pages));
	g_free(checkpoint);
	return NULL;
}
