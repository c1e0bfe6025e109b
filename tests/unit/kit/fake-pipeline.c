/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel side for tests of the daemon; see fake-pipeline.h. Everything is under one lock. */
#include "tests/unit/kit/fake-pipeline.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/pipeline/ring.h"

#define RINGS      2
#define NEWS       RINGS /* the ring of new slots of drop counters */
#define DROP_SLOTS 8192

struct ring {
	unsigned int index;
	int fd;
};

struct fake_ring {
	GQueue records; /* of GBytes: from `consumed` on */
	unsigned int handed; /* of these: were drained */
	uint64_t produced, drained, consumed;
};

static struct {
	GMutex lock;
	int fail_new, fail_swap;
	uint32_t refused; /* verdicts */
	bool held;
	GCond released;
	unsigned int swaps; /* begun */
	bool empty;
	uint32_t epoch;
	unsigned int next_ring;
	struct fake_ring rings[RINGS + 1];
	bool counting;
	struct drop_slot drop_slots[DROP_SLOTS];
	struct drop_words drop_words[DROP_SLOTS];
	struct drop_control drop_control;
	enum drop_share share; /* of new slots */
	unsigned int graces;
	uint64_t missed, uncounted, uncounted_bytes;
	struct pipeline_config config;
	struct pipeline_probe probes[EVENT_PROBES_MAX];
	struct session_stats sessions[EVENT_SESSIONS_MAX];
	struct suppressed_slot suppressed[SUPPRESSED_SLOTS];
	uint64_t calls;
	bool unreleased; /* ring_release does nothing */
} fake = { .empty = true };

struct pipeline {
	enum attach_mode attach;
};

static void count(uint64_t sessions, size_t offset)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (sessions & 1ULL << bit)
			++*(__u64 *)((char *)&fake.sessions[bit] + offset);
	}
}

void fake_event(uint64_t sessions)
{
	struct event_head head = {
		.size = sizeof(head),
		.version = EVENT_VERSION,
		.probe = EVENT_PROBE_NFT,
		.attach = EVENT_ATTACH_KPROBE,
		.sessions = sessions,
	};
	struct fake_ring *ring;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	head.time = now.tv_sec * 1000000000ULL + now.tv_nsec;
	g_mutex_lock(&fake.lock);
	fake.calls++;
	head.epoch = fake.epoch;
	count(sessions, offsetof(struct session_stats, matched));
	ring = &fake.rings[fake.next_ring++ % RINGS];
	g_queue_push_tail(&ring->records, g_bytes_new(&head, sizeof(head)));
	ring->produced += sizeof(head);
	g_mutex_unlock(&fake.lock);
}

void fake_ring_full(uint64_t sessions)
{
	g_mutex_lock(&fake.lock);
	count(sessions, offsetof(struct session_stats, matched));
	count(sessions, offsetof(struct session_stats, ring_full));
	g_mutex_unlock(&fake.lock);
}

void fake_suppressed(uint64_t sessions)
{
	g_mutex_lock(&fake.lock);
	count(sessions, offsetof(struct session_stats, matched));
	count(sessions, offsetof(struct session_stats, suppressed));
	g_mutex_unlock(&fake.lock);
}

void fake_suppressed_by(unsigned int bit, uint64_t rule, uint64_t time)
{
	struct suppressed_slot *slot = fake.suppressed;

	fake_suppressed(1ULL << bit);
	while (slot->state != SUPPRESSED_FREE && (slot->bit != bit || slot->rule.rule != rule))
		slot++;
	if (slot->state == SUPPRESSED_FREE)
		*slot = (struct suppressed_slot){
			.state = SUPPRESSED_COUNTING,
			.bit = bit,
			.rule = { .netns = 1, .table = 2, .chain = 3, .rule = rule, .family = 1 },
			.first = time,
			.table = "filter",
			.chain = "input",
		};
	slot->count++;
	slot->last = time;
}

void fake_fail_new(int error)
{
	fake.fail_new = error;
}

void fake_fail_swap(int error)
{
	fake.fail_swap = error;
}

void fake_refuse_verdicts(uint32_t verdicts)
{
	fake.refused = verdicts;
}

void fake_hold(void)
{
	g_mutex_lock(&fake.lock);
	fake.held = true;
	g_mutex_unlock(&fake.lock);
}

void fake_release(void)
{
	g_mutex_lock(&fake.lock);
	fake.held = false;
	g_cond_signal(&fake.released);
	g_mutex_unlock(&fake.lock);
}

unsigned int fake_swaps(void)
{
	unsigned int swaps;

	g_mutex_lock(&fake.lock);
	swaps = fake.swaps;
	g_mutex_unlock(&fake.lock);
	return swaps;
}

void fake_keep_unreleased(bool unreleased)
{
	fake.unreleased = unreleased;
}

const struct pipeline_config *fake_config(void)
{
	return &fake.config;
}

const struct pipeline_probe *fake_probe(unsigned int number)
{
	return &fake.probes[number];
}

bool fake_is_empty(void)
{
	return fake.empty;
}

int pipeline_new(const struct pipeline_options *options, struct pipeline **ret, char **ret_reason)
{
	struct pipeline *pipeline;

	if (fake.fail_new) {
		*ret_reason = g_strdup("the test says no");
		return fake.fail_new;
	}
	pipeline = g_new0(struct pipeline, 1);
	pipeline->attach = options->attach == ATTACH_FENTRY ? ATTACH_FENTRY : ATTACH_KPROBE;
	memset(fake.sessions, 0, sizeof(fake.sessions));
	fake.epoch = 0;
	fake.drop_control.shares[DROP_SHARE_HOST].max = options->drops_max;
	*ret = pipeline;
	return 0;
}

void pipeline_release(struct pipeline *pipeline)
{
}

struct pipeline *pipeline_free(struct pipeline *pipeline)
{
	g_free(pipeline);
	return NULL;
}

void pipeline_traits_read(const struct pipeline *pipeline, struct pipeline_traits *ret)
{
	*ret = (struct pipeline_traits){ 0 };
}

void pipeline_keep(const struct pipeline *pipeline, GArray *stored_fds)
{
}

int pipeline_adopt(const struct pipeline_options *options, const struct pipeline_traits *traits,
	struct pipeline_probe *probes, GArray *stored_fds, struct pipeline **ret, char **ret_reason)
{
	*ret_reason = g_strdup("the test has none");
	return -ESTALE;
}

int pipeline_adopt_programs(struct pipeline *pipeline, char **ret_reason)
{
	return 0;
}

struct pipeline *pipeline_leave(struct pipeline *pipeline)
{
	g_free(pipeline);
	return NULL;
}

enum attach_mode pipeline_attach_mode(const struct pipeline *pipeline)
{
	return pipeline->attach;
}

const char *pipeline_layout_name(const struct pipeline *pipeline)
{
	return "a layout for tests";
}

int pipeline_swap(struct pipeline *pipeline, const struct matcher *matcher, bool empty,
	const struct pipeline_config *config, const struct pipeline_probe *probes,
	char **ret_reason)
{
	bool refused;

	g_mutex_lock(&fake.lock);
	fake.swaps++;
	while (fake.held)
		g_cond_wait(&fake.released, &fake.lock);
	refused = config->verdicts & fake.refused;
	g_mutex_unlock(&fake.lock);
	if (refused) {
		*ret_reason = g_strdup("the test refuses a verdict");
		return -EINVAL;
	}
	if (fake.fail_swap) {
		*ret_reason = g_strdup("the test says no");
		return fake.fail_swap;
	}
	fake.empty = empty;
	fake.config = *config;
	memcpy(fake.probes, probes, sizeof(fake.probes));
	fake.epoch++;
	return 0;
}

uint32_t pipeline_next_epoch(const struct pipeline *pipeline)
{
	return fake.epoch + 1;
}

uint64_t pipeline_count(const struct pipeline *pipeline, enum pipeline_count which)
{
	switch (which) {
	case COUNT_CALLS:
		return fake.calls;
	case COUNT_DROPS_UNCOUNTED:
		return fake.uncounted;
	case COUNT_DROP_BYTES_UNCOUNTED:
		return fake.uncounted_bytes;
	default:
		return 0;
	}
}

int pipeline_drops_begin(struct pipeline *pipeline, char **ret_reason)
{
	const char *drops = getenv(FAKE_DROPS);

	fake.counting = true;
	for (unsigned int i = 0; drops && i < (unsigned int)atoi(drops); i++) {
		const struct drop_key key = {
			.netns = 1,
			.table = 2,
			.chain = 3,
			.rule = i,
			.family = 1,
		};
		const struct drop_example example = { .protocol = 0x88cc, .device = "eth0" };

		fake_drop(i, &key, "filter", "input", i + 1)->netns_inode = 4026531840;
		fake_drop_example(i, &example);
	}
	return 0;
}

void pipeline_drops_end(struct pipeline *pipeline)
{
	fake.counting = false;
}

void pipeline_drops(const struct pipeline *pipeline, struct pipeline_drops *ret)
{
	*ret = (struct pipeline_drops){
		.slots = fake.drop_slots,
		.words = fake.drop_words,
		.control = &fake.drop_control,
		.count = DROP_SLOTS,
		.news = NEWS,
	};
}

void pipeline_grace(const struct pipeline *pipeline)
{
	fake.graces++;
}

int pipeline_stub_missed(struct pipeline *pipeline, uint64_t *ret)
{
	if (fake.missed == FAKE_UNTOLD)
		return -EOPNOTSUPP;
	*ret = fake.missed;
	return 0;
}

void fake_drops_share(enum drop_share share, uint32_t max)
{
	fake.share = share;
	fake.drop_control.shares[share].max = max;
}

void fake_drops_reset(void)
{
	fake.share = DROP_SHARE_HOST;
	memset(fake.drop_slots, 0, sizeof(fake.drop_slots));
	memset(fake.drop_words, 0, sizeof(fake.drop_words));
	memset(&fake.drop_control, 0, sizeof(fake.drop_control));
	fake.missed = fake.uncounted = fake.uncounted_bytes = fake.graces = 0;
}

struct drop_slot *fake_drop(unsigned int index, const struct drop_key *key, const char *table,
	const char *chain, uint64_t packets)
{
	struct drop_slot *slot = &fake.drop_slots[index];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (slot->state != DROP_COUNTING) {
		slot->key = *key;
		slot->first = now.tv_sec * 1000000000ULL + now.tv_nsec;
		slot->state = DROP_COUNTING;
		slot->named = 1 + fake.share;
		g_strlcpy(fake.drop_words[index].table, table, EVENT_NAME_MAX + 1);
		fake.drop_control.used++;
		fake.drop_control.shares[fake.share].used++;
	}
	/* A chain may be renamed. */
	if (*chain)
		g_strlcpy(fake.drop_words[index].chain, chain, EVENT_NAME_MAX + 1);
	slot->packets += packets;
	slot->bytes += packets * FAKE_DROP_BYTES;
	slot->last = now.tv_sec * 1000000000ULL + now.tv_nsec;
	return slot;
}

void fake_drop_example(unsigned int index, const struct drop_example *example)
{
	fake.drop_words[index].example = *example;
	fake.drop_slots[index].example = fake.drop_slots[index].last;
	fake.drop_slots[index].example_sequence += 2;
}

void fake_uncounted(uint64_t packets)
{
	fake.uncounted += packets;
	fake.uncounted_bytes += packets * FAKE_DROP_BYTES;
}

void fake_missed(uint64_t missed)
{
	fake.missed = missed;
}

unsigned int fake_graces(void)
{
	return fake.graces;
}

void pipeline_session_stats(
	const struct pipeline *pipeline, unsigned int bit, struct session_stats *ret)
{
	g_mutex_lock(&fake.lock);
	*ret = fake.sessions[bit];
	g_mutex_unlock(&fake.lock);
}

void pipeline_session_reset(struct pipeline *pipeline, unsigned int bit)
{
	g_mutex_lock(&fake.lock);
	fake.sessions[bit] = (struct session_stats){ 0 };
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		if (fake.suppressed[i].bit == bit)
			fake.suppressed[i] = (struct suppressed_slot){ 0 };
	}
	g_mutex_unlock(&fake.lock);
}

struct suppressed_slot *pipeline_suppressed(const struct pipeline *pipeline)
{
	return fake.suppressed;
}

char *pipeline_hooks_names(uint32_t which)
{
	return which ? g_strdup("skb_segment") : g_strdup("");
}

void pipeline_features(const struct pipeline *pipeline, struct pipeline_features *ret)
{
	*ret = (struct pipeline_features){ .hooks = pipeline->attach, .missed_known = true };
}

int pipeline_missed(struct pipeline *pipeline, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

bool pipeline_stale(const struct pipeline *pipeline)
{
	return false;
}

unsigned int pipeline_tracker_age(
	struct pipeline *pipeline, unsigned int age, unsigned int *ret_used)
{
	*ret_used = 0;
	return 0;
}

unsigned int pipeline_rings(const struct pipeline *pipeline)
{
	return RINGS;
}

int pipeline_ring_fd(const struct pipeline *pipeline, unsigned int ring)
{
	return ring;
}

int ring_new(int fd, struct ring **ret)
{
	struct ring *ring = g_new0(struct ring, 1);

	ring->index = fd;
	fake.rings[fd].handed = 0;
	fake.rings[fd].drained = fake.rings[fd].consumed;
	ring->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*ret = ring;
	return 0;
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

unsigned int ring_drain(struct ring *ring, unsigned int max, ring_handler handler, void *context)
{
	struct fake_ring *records = &fake.rings[ring->index];
	unsigned int n;

	for (n = 0; n < max; n++) {
		g_autoptr(GBytes) record = NULL;

		g_mutex_lock(&fake.lock);
		record = g_queue_peek_nth(&records->records, records->handed);
		g_mutex_unlock(&fake.lock);
		if (!record)
			break;
		g_bytes_ref(record);
		records->handed++;
		handler(context, records->drained, g_bytes_get_data(record, NULL),
			g_bytes_get_size(record));
		records->drained += g_bytes_get_size(record);
	}
	return n;
}

void ring_release(struct ring *ring)
{
	struct fake_ring *records = &fake.rings[ring->index];

	if (fake.unreleased)
		return;
	g_mutex_lock(&fake.lock);
	for (; records->handed; records->handed--)
		g_bytes_unref(g_queue_pop_head(&records->records));
	g_mutex_unlock(&fake.lock);
	records->consumed = records->drained;
}

uint64_t ring_position(const struct ring *ring)
{
	return fake.rings[ring->index].drained;
}

uint64_t ring_producer_position(const struct ring *ring)
{
	uint64_t position;

	g_mutex_lock(&fake.lock);
	position = fake.rings[ring->index].produced;
	g_mutex_unlock(&fake.lock);
	return position;
}

uint64_t ring_consumer_position(const struct ring *ring)
{
	return fake.rings[ring->index].consumed;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	close(ring->fd);
	g_free(ring);
	return NULL;
}
