/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes, see name-requests.h. Each session has a cache of hashes of what was noted: one that forgets costs a
 * second note, which the name writer knows to ignore; two things with one hash of 64 bits do not happen.
 */
#include "daemon/recorder/name-requests.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "journal/base/cleanup.h"

#define CACHE_WAYS  4
#define CACHE_BITS  11
#define CACHE_SETS  (1U << CACHE_BITS)
#define SYMBOL_SEED 0x8ebc6af09c88c6e3ULL
#define STACK_SEED  0x589965cc75374cc3ULL
#define NETNS_SEED  0x1d8e4e27c47d124fULL
#define RULE_SEED   0xeb44accab455d165ULL
#define FACTOR      0xa0761d6478bd642fULL

struct cache {
	uint64_t hashes[CACHE_SETS][CACHE_WAYS]; /* 0: none */
};

_Static_assert(
	sizeof(struct cache) == NOTES_SESSION_BYTES, "the stated memory of a session is its size");

struct tenant {
	uint64_t generation;
	uint64_t segment;
	struct cache *cache; /* NULL: nobody has the bit */
};

struct notes {
	struct tenant tenants[EVENT_SESSIONS_MAX];
	/* The namespace of the last event, and who knows of it: most often that is the next one's. */
	uint64_t netns_cookie, netns_known;
	uint32_t netns_inode;
	int fd;
	bool news; /* since the last wake */
	_Atomic uint32_t symbols_age;
	_Atomic uint64_t written, read, overflows;
	struct note ring[NOTES_MAX];
};

/* Of its own pages, which take memory where they are used: most sessions tell of a few things. */
static struct cache *cache_new(void)
{
	void *pages = mmap(NULL, sizeof(struct cache), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		g_error("no memory for what a session's journal has told of");
	return pages;
}

static void cache_free(struct cache *cache)
{
	munmap(cache, sizeof(*cache));
}

int notes_new(struct notes **ret)
{
	struct notes *notes = g_new0(struct notes, 1);

	notes->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (notes->fd < 0) {
		int r = -errno;

		g_free(notes);
		return r;
	}
	*ret = notes;
	return 0;
}

struct notes *notes_free(struct notes *notes)
{
	if (!notes)
		return NULL;
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		notes_end(notes, bit);
	fd_close(&notes->fd);
	g_free(notes);
	return NULL;
}

void notes_begin(struct notes *notes, unsigned int bit, uint64_t generation)
{
	notes_end(notes, bit);
	notes->netns_known = 0;
	notes->tenants[bit] = (struct tenant){
		.generation = generation,
		.cache = cache_new(),
	};
}

void notes_end(struct notes *notes, unsigned int bit)
{
	g_clear_pointer(&notes->tenants[bit].cache, cache_free);
}

void notes_segment(struct notes *notes, unsigned int bit, uint64_t segment)
{
	struct tenant *tenant = &notes->tenants[bit];

	if (G_LIKELY(tenant->segment == segment) || !tenant->cache)
		return;
	notes->netns_known = 0;
	/* Gives the pages back: they are zeros when they are used again. */
	if (tenant->segment != 0 &&
		madvise(tenant->cache, sizeof(*tenant->cache), MADV_DONTNEED) < 0)
		memset(tenant->cache, 0, sizeof(*tenant->cache));
	tenant->segment = segment;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Never 0. */
static uint64_t hash(uint64_t seed, uint64_t a, uint64_t b)
{
	return mix(mix(a ^ seed, b ^ FACTOR) ^ FACTOR, seed) | 1;
}

static bool cache_has(const struct cache *cache, uint64_t hash)
{
	const uint64_t *set = cache->hashes[hash >> (64 - CACHE_BITS)];

	return set[0] == hash || set[1] == hash || set[2] == hash || set[3] == hash;
}

static void cache_add(struct cache *cache, uint64_t hash)
{
	uint64_t *set = cache->hashes[hash >> (64 - CACHE_BITS)];

	/* The one that came last goes to the front, the oldest goes. */
	memmove(set + 1, set, (CACHE_WAYS - 1) * sizeof(*set));
	set[0] = hash;
}

static bool note_write(struct notes *notes, const struct note *note)
{
	uint64_t written = atomic_load_explicit(&notes->written, memory_order_relaxed);

	if (written - atomic_load_explicit(&notes->read, memory_order_acquire) >= NOTES_MAX) {
		atomic_fetch_add_explicit(&notes->overflows, 1, memory_order_relaxed);
		return false;
	}
	notes->ring[written % NOTES_MAX] = *note;
	atomic_store_explicit(&notes->written, written + 1, memory_order_release);
	notes->news = true;
	return true;
}

/* Notes it for those of the sessions to which it is new; false if there was no room for some. */
static bool note_new(struct notes *notes, uint64_t bits, uint64_t hash, struct note *note)
{
	bool noted = true;

	for (; bits; bits &= bits - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(bits);
		struct tenant *tenant = &notes->tenants[bit];

		if (!tenant->cache || G_LIKELY(cache_has(tenant->cache, hash)))
			continue;
		note->bit = (uint8_t)bit;
		note->generation = tenant->generation;
		note->segment = tenant->segment;
		if (note_write(notes, note))
			cache_add(tenant->cache, hash);
		else
			noted = false;
	}
	return noted;
}

static void note_rule(struct notes *notes, uint64_t bits, const struct event_head *head,
	const struct event_nft *nft)
{
	uint64_t netns = head->netns_cookie ? head->netns_cookie : head->netns_inode;
	struct note note = {
		.kind = NOTE_RULE,
		.cookie = head->netns_cookie,
		.inode = head->netns_inode,
		.family = nft->family,
		.table = nft->table_handle,
		.rule = nft->rule_handle,
	};

	if ((nft->flags & (EVENT_NFT_RULE | EVENT_NFT_CHAIN)) != (EVENT_NFT_RULE | EVENT_NFT_CHAIN))
		return;
	note_new(notes, bits,
		hash(RULE_SEED, mix(nft->rule_handle + FACTOR, nft->table_handle ^ RULE_SEED),
			netns ^ (uint64_t)nft->family << 56),
		&note);
}

/* A stack as a whole is looked for first: there are few, and they are long. */
static void note_stack(
	struct notes *notes, uint64_t bits, const uint64_t *addresses, unsigned int depth)
{
	uint32_t age = atomic_load_explicit(&notes->symbols_age, memory_order_relaxed);
	struct note note = { .kind = NOTE_SYMBOL };
	uint64_t stack = STACK_SEED + age;

	for (unsigned int i = 0; i < depth; i++)
		stack = mix(stack ^ addresses[i], FACTOR);
	stack |= 1;
	for (; bits; bits &= bits - 1) {
		uint64_t bit = bits & -bits;
		struct cache *cache = notes->tenants[__builtin_ctzll(bit)].cache;
		bool noted = true;

		if (!cache || cache_has(cache, stack))
			continue;
		for (unsigned int i = 0; i < depth; i++) {
			note.address = addresses[i];
			noted &= note_new(notes, bit, hash(SYMBOL_SEED, addresses[i], age), &note);
		}
		if (noted)
			cache_add(cache, stack);
	}
}

static void note_netns(struct notes *notes, uint64_t bits, const struct event_head *head)
{
	struct note note = {
		.kind = NOTE_NETNS,
		.cookie = head->netns_cookie,
		.inode = head->netns_inode,
	};

	if (!head->netns_inode)
		return;
	if (G_LIKELY(head->netns_inode == notes->netns_inode &&
		    head->netns_cookie == notes->netns_cookie && !(bits & ~notes->netns_known)))
		return;
	notes->netns_inode = head->netns_inode;
	notes->netns_cookie = head->netns_cookie;
	notes->netns_known = 0;
	if (note_new(notes, bits, hash(NETNS_SEED, head->netns_cookie, head->netns_inode), &note))
		notes->netns_known = bits;
}

static void note_section(struct notes *notes, uint64_t bits, const struct event_head *head,
	const struct event_section *section)
{
	if (section->type == EVENT_SECTION_NFT && section->size >= sizeof(struct event_nft)) {
		note_rule(notes, bits, head, (const struct event_nft *)(const void *)section);
	} else if (section->type == EVENT_SECTION_STACK &&
		section->size > sizeof(struct event_stack)) {
		const struct event_stack *stack = (const void *)section;

		note_stack(notes, bits, (const uint64_t *)(const void *)(stack + 1),
			(section->size - sizeof(*stack)) / sizeof(uint64_t));
	}
}

void notes_event(struct notes *notes, uint64_t bits, const void *record, uint32_t size)
{
	const struct event_head *head = record;
	uint32_t at = sizeof(*head);

	note_netns(notes, bits, head);
	while (at + sizeof(struct event_section) <= size) {
		const struct event_section *section = (const void *)((const uint8_t *)record + at);

		/* The kernel side is ours, and still: a length that leads outside ends it. */
		if (section->size < sizeof(*section) || section->size > size - at)
			return;
		note_section(notes, bits, head, section);
		at += (section->size + EVENT_ALIGN - 1U) & ~(EVENT_ALIGN - 1U);
	}
}

void notes_wake(struct notes *notes)
{
	if (!notes->news)
		return;
	notes->news = false;
	/* A counter that is full wakes as well. */
	eventfd_write(notes->fd, 1);
}

int notes_fd(const struct notes *notes)
{
	return notes->fd;
}

bool notes_take(struct notes *notes, struct note *ret)
{
	uint64_t read = atomic_load_explicit(&notes->read, memory_order_relaxed);

	if (read == atomic_load_explicit(&notes->written, memory_order_acquire))
		return false;
	*ret = notes->ring[read % NOTES_MAX];
	atomic_store_explicit(&notes->read, read + 1, memory_order_release);
	return true;
}

void notes_renew_symbols(struct notes *notes)
{
	atomic_fetch_add_explicit(&notes->symbols_age, 1, memory_order_relaxed);
}

uint64_t notes_written(const struct notes *notes)
{
	return atomic_load(&notes->written);
}

uint64_t notes_read(const struct notes *notes)
{
	return atomic_load(&notes->read);
}

uint64_t notes_overflows(const struct notes *notes)
{
	return atomic_load(&notes->overflows);
}
