/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Name requests, see name-requests.h. Each session has a cache of the hashes of its requests. An
 * entry that was replaced costs a second request, which the name writer ignores. Hashes of 64 bits
 * are taken to be unique.
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

_Static_assert(sizeof(struct cache) == NAME_REQUESTS_SESSION_BYTES,
	"the stated memory of a session is its size");

struct session_cache {
	uint64_t generation;
	uint64_t segment;
	struct cache *cache; /* NULL: no session has the bit */
};

struct name_requests {
	struct session_cache sessions[EVENT_SESSIONS_MAX];
	/* The namespace of the last event and the sessions that have requested it: most often the
	 * next event is from the same one. */
	uint64_t netns_cookie, netns_bits;
	uint32_t netns_inode;
	int fd;
	bool wake_pending; /* requests were added since the last wake */
	_Atomic uint32_t symbols_age;
	_Atomic uint64_t written, read, overflows;
	struct name_request ring[NAME_REQUESTS_MAX];
};

/* In pages of its own, which take memory only where they are used: most sessions request little. */
static struct cache *cache_new(void)
{
	void *pages = mmap(NULL, sizeof(struct cache), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		g_error("no memory for the name requests of a session");
	return pages;
}

static void cache_free(struct cache *cache)
{
	munmap(cache, sizeof(*cache));
}

int name_requests_new(struct name_requests **ret)
{
	struct name_requests *requests = g_new0(struct name_requests, 1);

	requests->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (requests->fd < 0) {
		int r = -errno;

		g_free(requests);
		return r;
	}
	*ret = requests;
	return 0;
}

struct name_requests *name_requests_free(struct name_requests *requests)
{
	if (!requests)
		return NULL;
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		name_requests_end(requests, bit);
	fd_close(&requests->fd);
	g_free(requests);
	return NULL;
}

void name_requests_begin(struct name_requests *requests, unsigned int bit, uint64_t generation)
{
	name_requests_end(requests, bit);
	requests->netns_bits = 0;
	requests->sessions[bit] = (struct session_cache){
		.generation = generation,
		.cache = cache_new(),
	};
}

void name_requests_end(struct name_requests *requests, unsigned int bit)
{
	g_clear_pointer(&requests->sessions[bit].cache, cache_free);
}

void name_requests_segment(struct name_requests *requests, unsigned int bit, uint64_t segment)
{
	struct session_cache *session = &requests->sessions[bit];

	if (G_LIKELY(session->segment == segment) || !session->cache)
		return;
	requests->netns_bits = 0;
	/* Gives the pages back: they are zeros when they are used again. */
	if (session->segment != 0 &&
		madvise(session->cache, sizeof(*session->cache), MADV_DONTNEED) < 0)
		memset(session->cache, 0, sizeof(*session->cache));
	session->segment = segment;
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

	/* The new one goes to the front, the oldest is dropped. */
	memmove(set + 1, set, (CACHE_WAYS - 1) * sizeof(*set));
	set[0] = hash;
}

static bool request_write(struct name_requests *requests, const struct name_request *request)
{
	uint64_t written = atomic_load_explicit(&requests->written, memory_order_relaxed);

	if (written - atomic_load_explicit(&requests->read, memory_order_acquire) >=
		NAME_REQUESTS_MAX) {
		atomic_fetch_add_explicit(&requests->overflows, 1, memory_order_relaxed);
		return false;
	}
	requests->ring[written % NAME_REQUESTS_MAX] = *request;
	atomic_store_explicit(&requests->written, written + 1, memory_order_release);
	requests->wake_pending = true;
	return true;
}

/* Adds a request for each of the sessions that have not made it; false: there was no room for
 * some. */
static bool request_add(
	struct name_requests *requests, uint64_t bits, uint64_t hash, struct name_request *request)
{
	bool requested = true;

	for (; bits; bits &= bits - 1) {
		unsigned int bit = (unsigned int)__builtin_ctzll(bits);
		struct session_cache *session = &requests->sessions[bit];

		if (!session->cache || G_LIKELY(cache_has(session->cache, hash)))
			continue;
		request->bit = (uint8_t)bit;
		request->generation = session->generation;
		request->segment = session->segment;
		if (request_write(requests, request))
			cache_add(session->cache, hash);
		else
			requested = false;
	}
	return requested;
}

static void request_rule(struct name_requests *requests, uint64_t bits,
	const struct event_head *head, const struct event_nft *nft)
{
	uint64_t netns = head->netns_cookie ? head->netns_cookie : head->netns_inode;
	struct name_request request = {
		.kind = NAME_REQUEST_RULE,
		.cookie = head->netns_cookie,
		.inode = head->netns_inode,
		.family = nft->family,
		.table = nft->table_handle,
		.rule = nft->rule_handle,
	};

	if ((nft->flags & (EVENT_NFT_RULE | EVENT_NFT_CHAIN)) != (EVENT_NFT_RULE | EVENT_NFT_CHAIN))
		return;
	request_add(requests, bits,
		hash(RULE_SEED, mix(nft->rule_handle + FACTOR, nft->table_handle ^ RULE_SEED),
			netns ^ (uint64_t)nft->family << 56),
		&request);
}

/* Looks for the stack as a whole first: there are few different ones, and they are long. */
static void request_stack(struct name_requests *requests, uint64_t bits, const uint64_t *addresses,
	unsigned int depth)
{
	uint32_t age = atomic_load_explicit(&requests->symbols_age, memory_order_relaxed);
	struct name_request request = { .kind = NAME_REQUEST_SYMBOL };
	uint64_t stack = STACK_SEED + age;

	for (unsigned int i = 0; i < depth; i++)
		stack = mix(stack ^ addresses[i], FACTOR);
	stack |= 1;
	for (; bits; bits &= bits - 1) {
		uint64_t bit = bits & -bits;
		struct cache *cache = requests->sessions[__builtin_ctzll(bit)].cache;
		bool requested = true;

		if (!cache || cache_has(cache, stack))
			continue;
		for (unsigned int i = 0; i < depth; i++) {
			request.address = addresses[i];
			requested &= request_add(
				requests, bit, hash(SYMBOL_SEED, addresses[i], age), &request);
		}
		if (requested)
			cache_add(cache, stack);
	}
}

static void request_netns(
	struct name_requests *requests, uint64_t bits, const struct event_head *head)
{
	struct name_request request = {
		.kind = NAME_REQUEST_NETNS,
		.cookie = head->netns_cookie,
		.inode = head->netns_inode,
	};

	if (!head->netns_inode)
		return;
	if (G_LIKELY(head->netns_inode == requests->netns_inode &&
		    head->netns_cookie == requests->netns_cookie &&
		    !(bits & ~requests->netns_bits)))
		return;
	requests->netns_inode = head->netns_inode;
	requests->netns_cookie = head->netns_cookie;
	requests->netns_bits = 0;
	if (request_add(requests, bits, hash(NETNS_SEED, head->netns_cookie, head->netns_inode),
		    &request))
		requests->netns_bits = bits;
}

static void request_section(struct name_requests *requests, uint64_t bits,
	const struct event_head *head, const struct event_section *section)
{
	if (section->type == EVENT_SECTION_NFT && section->size >= sizeof(struct event_nft)) {
		request_rule(requests, bits, head, (const struct event_nft *)(const void *)section);
	} else if (section->type == EVENT_SECTION_STACK &&
		section->size > sizeof(struct event_stack)) {
		const struct event_stack *stack = (const void *)section;

		request_stack(requests, bits, (const uint64_t *)(const void *)(stack + 1),
			(section->size - sizeof(*stack)) / sizeof(uint64_t));
	}
}

void name_requests_event(
	struct name_requests *requests, uint64_t bits, const void *record, uint32_t size)
{
	const struct event_head *head = record;
	uint32_t at = sizeof(*head);

	request_netns(requests, bits, head);
	while (at + sizeof(struct event_section) <= size) {
		const struct event_section *section = (const void *)((const uint8_t *)record + at);

		/* Ends at a section that exceeds the record, whatever the kernel side has
		 * written. */
		if (section->size < sizeof(*section) || section->size > size - at)
			return;
		request_section(requests, bits, head, section);
		at += (section->size + EVENT_ALIGN - 1U) & ~(EVENT_ALIGN - 1U);
	}
}

void name_requests_wake(struct name_requests *requests)
{
	if (!requests->wake_pending)
		return;
	requests->wake_pending = false;
	/* A full counter wakes it, too. */
	eventfd_write(requests->fd, 1);
}

int name_requests_fd(const struct name_requests *requests)
{
	return requests->fd;
}

bool name_requests_take(struct name_requests *requests, struct name_request *ret)
{
	uint64_t read = atomic_load_explicit(&requests->read, memory_order_relaxed);

	if (read == atomic_load_explicit(&requests->written, memory_order_acquire))
		return false;
	*ret = requests->ring[read % NAME_REQUESTS_MAX];
	atomic_store_explicit(&requests->read, read + 1, memory_order_release);
	return true;
}

void name_requests_renew_symbols(struct name_requests *requests)
{
	atomic_fetch_add_explicit(&requests->symbols_age, 1, memory_order_relaxed);
}

uint64_t name_requests_written(const struct name_requests *requests)
{
	return atomic_load(&requests->written);
}

uint64_t name_requests_read(const struct name_requests *requests)
{
	return atomic_load(&requests->read);
}

uint64_t name_requests_overflows(const struct name_requests *requests)
{
	return atomic_load(&requests->overflows);
}
