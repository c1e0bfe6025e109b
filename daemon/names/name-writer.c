/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scribe's thread, see name-writer.h. Everything belongs to it but the requests, which the worker leaves
 * under the lock and waits for.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "daemon/names/names-private.h"
#include "journal/base/cleanup.h"

#define BEGIN_USEC (500 * 1000) /* a session that starts waits so long for rulesets to be read */
#define END_USEC   (2 * G_USEC_PER_SEC) /* and one that ends for what is missing */

static void session_begin(struct scribe *scribe, unsigned int bit, struct request *request)
{
	request->begun = true;
	page_turn(&scribe->pages[bit], data_tenure(scribe->data, bit));
	if (!scribe->sessions)
		ask_watch(scribe);
	scribe->sessions |= 1ULL << bit;
	if (request->reasons == SCRIBE_REASONS_WRITE) {
		scribe->reasons |= 1ULL << bit;
		ask_reasons(scribe, bit);
	}
}

static gboolean is_of_page(gpointer key, gpointer value, gpointer context)
{
	const struct question *question = value;

	return question->note.tenure == ((const struct page *)context)->tenure;
}

/* What is not answered by now will not be. */
static void session_give_up(struct scribe *scribe, struct page *page)
{
	GHashTableIter iter;
	gpointer question;
	GList *link = scribe->waiting.head;

	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &question))
		if (is_of_page(NULL, question, page))
			give_up(scribe, question);
	g_hash_table_foreach_remove(scribe->asked, is_of_page, page);
	while (link) {
		GList *next = link->next;

		if (is_of_page(NULL, link->data, page)) {
			give_up(scribe, link->data);
			g_free(link->data);
			g_queue_delete_link(&scribe->waiting, link);
		}
		link = next;
	}
}

/* What the page has lost is told to who asks, any thread. */
static void count_lost(struct scribe *scribe, struct page *page)
{
	atomic_fetch_add(&scribe->lost, page->lost);
	page->lost = 0;
}

static void session_end(struct scribe *scribe, unsigned int bit)
{
	page_turn(&scribe->pages[bit], 0);
	count_lost(scribe, &scribe->pages[bit]);
	scribe->sessions &= ~(1ULL << bit);
	scribe->reasons &= ~(1ULL << bit);
}

/* True when the request is carried out. */
static bool request_serve(struct scribe *scribe, unsigned int bit, struct request *request)
{
	struct page *page = &scribe->pages[bit];
	bool late = g_get_monotonic_time() >= request->deadline;

	if (request->wish == WISH_BEGIN) {
		if (!request->begun)
			session_begin(scribe, bit, request);
		return scribe->watched || !scribe->resolver || late;
	}
	if (!late &&
		(notes_read(scribe->notes) < request->noted || page->asked > 0 ||
			!page_is_written(page)))
		return false;
	if (page->asked > 0)
		session_give_up(scribe, page);
	page_write(page, scribe->data, bit);
	session_end(scribe, bit);
	return true;
}

static void serve(struct scribe *scribe)
{
	g_mutex_lock(&scribe->lock);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct request *request = &scribe->requests[bit];

		if (request->wish != WISH_NONE && request_serve(scribe, bit, request)) {
			request->wish = WISH_NONE;
			g_cond_broadcast(&scribe->done);
		}
	}
	g_mutex_unlock(&scribe->lock);
}

/* When the next thing is due, us. */
static int64_t due(struct scribe *scribe)
{
	int64_t next = scribe->resolver ? resolver_check_due(scribe) : scribe->revive_due;

	next = MIN(next, watch_end(scribe));
	if (scribe->look_due > g_get_monotonic_time())
		next = MIN(next, scribe->look_due);
	g_mutex_lock(&scribe->lock);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (scribe->requests[bit].wish != WISH_NONE)
			next = MIN(next, scribe->requests[bit].deadline);
		if (!page_is_written(&scribe->pages[bit]))
			next = MIN(next, scribe->pages[bit].retry);
	}
	g_mutex_unlock(&scribe->lock);
	return next;
}

static bool wait_for_news(struct scribe *scribe)
{
	struct pollfd fds[] = {
		{ .fd = scribe->wake_fd, .events = POLLIN },
		{ .fd = notes_fd(scribe->notes), .events = POLLIN },
		{ .fd = scribe->resolver ? resolver_fd() : -1, .events = POLLIN },
		{ .fd = scribe->look_due > g_get_monotonic_time() ? -1 : drops_fd(scribe->drops),
			.events = POLLIN },
	};
	int64_t next = due(scribe), left = next - g_get_monotonic_time();
	uint64_t count;
	bool ending;

	poll(fds, G_N_ELEMENTS(fds), next == NEVER ? -1 : (int)MAX(0, (left + 999) / 1000));
	if (read(scribe->wake_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	if (fds[3].revents)
		look_at_drops(scribe);
	g_mutex_lock(&scribe->lock);
	ending = scribe->ending;
	g_mutex_unlock(&scribe->lock);
	return !ending;
}

static void *scribe_main(void *context)
{
	struct scribe *scribe = context;

	pthread_setname_np(pthread_self(), "nfttraced-names");
	while (wait_for_news(scribe)) {
		resolver_revive(scribe);
		take_notes(scribe);
		ask_waiting(scribe);
		take_answers(scribe);
		/* After it was heard, so that our own slowness is not taken for its. */
		resolver_check(scribe);
		for (uint64_t bits = scribe->sessions; bits; bits &= bits - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(bits);

			page_write(&scribe->pages[bit], scribe->data, bit);
			count_lost(scribe, &scribe->pages[bit]);
		}
		serve(scribe);
		if (watch_end(scribe) <= g_get_monotonic_time())
			unwatch(scribe);
	}
	return NULL;
}

static void wake(struct scribe *scribe)
{
	uint64_t one = 1;

	if (write(scribe->wake_fd, &one, sizeof(one)) < 0)
		g_assert(errno == EAGAIN);
}

int scribe_new(struct data *data, struct drops *drops, enum scribe_ids ids, struct scribe **ret)
{
	struct scribe *scribe = g_new0(struct scribe, 1);
	int r;

	scribe->data = data;
	scribe->notes = data_notes(data);
	scribe->drops = drops;
	scribe->ids = ids;
	scribe->resolver = resolver_fd() >= 0;
	scribe->begun = g_get_monotonic_time();
	scribe->revive_due = scribe->begun + RESTART_USEC;
	scribe->texts_size = RULE_TEXTS_BYTES_MAX;
	g_mutex_init(&scribe->counts_lock);
	scribe->text = g_malloc(RESOLVER_TEXT_MAX);
	scribe->asked = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_queue_init(&scribe->waiting);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		page_init(&scribe->pages[bit]);
	g_mutex_init(&scribe->lock);
	g_cond_init(&scribe->done);
	scribe->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = scribe->wake_fd < 0 ? -errno
				: -pthread_create(&scribe->thread, NULL, scribe_main, scribe);
	if (r < 0) {
		scribe_free(scribe);
		return r;
	}
	scribe->started = true;
	*ret = scribe;
	return 0;
}

static void request(
	struct scribe *scribe, unsigned int bit, enum wish wish, enum scribe_reasons reasons)
{
	struct request *request = &scribe->requests[bit];

	g_mutex_lock(&scribe->lock);
	*request = (struct request){
		.wish = wish,
		.reasons = reasons,
		.noted = notes_written(scribe->notes),
		.deadline = g_get_monotonic_time() + (wish == WISH_BEGIN ? BEGIN_USEC : END_USEC),
	};
	wake(scribe);
	while (request->wish != WISH_NONE)
		g_cond_wait(&scribe->done, &scribe->lock);
	g_mutex_unlock(&scribe->lock);
}

void scribe_allow_ids(struct scribe *scribe, enum scribe_ids ids)
{
	if (scribe)
		scribe->ids = ids;
}

void scribe_begin(struct scribe *scribe, unsigned int bit, enum scribe_reasons reasons)
{
	if (scribe)
		request(scribe, bit, WISH_BEGIN, reasons);
}

void scribe_end(struct scribe *scribe, unsigned int bit)
{
	if (!scribe)
		return;
	/* So that all there is to note has been noted. */
	data_settle(scribe->data);
	request(scribe, bit, WISH_END, SCRIBE_REASONS_NONE);
}

void scribe_set_texts_size(struct scribe *scribe, uint64_t bytes)
{
	if (scribe)
		scribe->texts_size = bytes;
}

uint64_t scribe_lost(const struct scribe *scribe)
{
	return scribe ? atomic_load(&scribe->lost) : 0;
}

struct scribe *scribe_free(struct scribe *scribe)
{
	if (!scribe)
		return NULL;
	if (scribe->started) {
		g_mutex_lock(&scribe->lock);
		scribe->ending = true;
		g_mutex_unlock(&scribe->lock);
		wake(scribe);
		pthread_join(scribe->thread, NULL);
	}
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		page_clear(&scribe->pages[bit]);
	g_queue_clear_full(&scribe->waiting, g_free);
	g_hash_table_unref(scribe->asked);
	fd_close(&scribe->wake_fd);
	g_cond_clear(&scribe->done);
	g_mutex_clear(&scribe->lock);
	g_mutex_clear(&scribe->counts_lock);
	g_free(scribe->text);
	g_free(scribe);
	return NULL;
}
