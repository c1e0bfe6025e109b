/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scribe's thread, see scribe.h. Everything belongs to it but the requests, which the worker leaves
 * under the lock and waits for.
 */
#include "scribe.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bpf/event.h"
#include "../journal/cleanup.h"
#include "keeper.h"
#include "page.h"

#define BEGIN_USEC   (500 * 1000) /* a session that starts waits so long for rulesets to be read */
#define END_USEC     (2 * G_USEC_PER_SEC) /* and one that ends for what is missing */
#define RESTART_USEC (10 * G_USEC_PER_SEC) /* between two starts of a keeper that ends */
#define QUEUE_MAX    16384 /* notes that wait for the keeper */
#define NEVER        INT64_MAX

/* Ids of questions that are no notes'. */
enum {
	ID_WATCH = 1,
	ID_REASONS = 64, /* and the bit */
	ID_NOTES = 256,
};

enum wish {
	WISH_NONE,
	WISH_BEGIN,
	WISH_END,
};

struct request {
	enum wish wish;
	enum scribe_reasons reasons;
	uint64_t noted; /* notes_written when it was made */
	int64_t deadline;
	bool begun; /* the thread has seen it */
};

struct scribe {
	struct data *data;
	struct notes *notes;
	_Atomic enum scribe_ids ids;
	pthread_t thread;
	bool started;
	int wake_fd;

	GMutex lock;
	GCond done;
	struct request requests[EVENT_SESSIONS_MAX];
	bool ending;

	uint64_t sessions; /* bits */
	bool watched; /* the keeper has read what there was */
	bool keeper; /* it runs */
	int64_t begun; /* us: when it was started last */
	uint32_t next_id;
	GHashTable *asked; /* of struct note by id */
	GQueue waiting; /* of struct note */
	struct page pages[EVENT_SESSIONS_MAX];
	char *text; /* of an answer */
	_Atomic uint64_t lost;
};

static void keeper_lost(struct scribe *scribe);

static void ask(struct scribe *scribe, const struct keeper_ask *ask)
{
	/* The window is such that it fits. */
	if (scribe->keeper && send(keeper_fd(), ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		keeper_lost(scribe);
}

static void ask_watch(struct scribe *scribe)
{
	const struct keeper_ask question = {
		.kind = KEEPER_WATCH,
		.id = ID_WATCH,
		.assign = scribe->ids == SCRIBE_IDS_ASSIGN,
	};

	scribe->watched = false;
	ask(scribe, &question);
}

static void ask_note(struct scribe *scribe, uint32_t id, const struct note *note)
{
	static const uint32_t kinds[] = {
		[NOTE_RULE] = KEEPER_RULE,
		[NOTE_SYMBOL] = KEEPER_SYMBOL,
		[NOTE_NETNS] = KEEPER_NETNS,
	};
	const struct keeper_ask question = {
		.kind = kinds[note->kind],
		.id = id,
		.rule = { .netns = note->cookie ? note->cookie : note->inode,
			.table = note->table,
			.rule = note->rule,
			.family = note->family, },
		.cookie = note->cookie,
		.inode = note->inode,
		.address = note->address,
	};

	ask(scribe, &question);
}

static void give_up(struct scribe *scribe, const struct note *note)
{
	const struct keeper_answer answer = { .fate = RULE_UNREADABLE };

	page_answer(&scribe->pages[note->bit], note, &answer, "");
}

/* The keeper is gone, and with it the answers that were asked for. */
static void keeper_lost(struct scribe *scribe)
{
	GHashTableIter iter;
	gpointer note;

	keeper_stop();
	scribe->keeper = false;
	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &note))
		give_up(scribe, note);
	g_hash_table_remove_all(scribe->asked);
}

static void keeper_revive(struct scribe *scribe)
{
	if (scribe->keeper || g_get_monotonic_time() < scribe->begun + RESTART_USEC)
		return;
	scribe->begun = g_get_monotonic_time();
	scribe->keeper = keeper_start() == 0;
	if (scribe->keeper && scribe->sessions)
		ask_watch(scribe);
}

/* Notes to questions, as many as may be open. */
static void take_notes(struct scribe *scribe)
{
	uint64_t count;
	struct note note;

	if (read(notes_fd(scribe->notes), &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	while (scribe->waiting.length < QUEUE_MAX && notes_take(scribe->notes, &note)) {
		struct page *page = &scribe->pages[note.bit];

		if (!page_takes(page, &note))
			continue;
		page->asked++;
		g_queue_push_tail(&scribe->waiting, g_memdup2(&note, sizeof(note)));
	}
}

static void ask_waiting(struct scribe *scribe)
{
	while (scribe->waiting.length > 0 &&
		(!scribe->keeper || g_hash_table_size(scribe->asked) < KEEPER_WINDOW)) {
		struct note *note = g_queue_pop_head(&scribe->waiting);
		uint32_t id = ID_NOTES + scribe->next_id++ % (UINT32_MAX - ID_NOTES);

		if (!scribe->keeper) {
			give_up(scribe, note);
			g_free(note);
			continue;
		}
		g_hash_table_insert(scribe->asked, GUINT_TO_POINTER(id), note);
		ask_note(scribe, id, note);
	}
}

static void renew_symbols(struct scribe *scribe)
{
	notes_renew_symbols(scribe->notes);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		page_renew_symbols(&scribe->pages[bit]);
}

static void take_answer(struct scribe *scribe, const struct keeper_answer *answer, const char *text)
{
	const struct note *note;

	if (answer->kind == KEEPER_WATCH) {
		scribe->watched = true;
	} else if (answer->kind == KEEPER_MODULES) {
		renew_symbols(scribe);
	} else if (answer->kind == KEEPER_REPLACED) {
		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
			page_replace(&scribe->pages[bit], answer, text);
	} else if (answer->kind == KEEPER_REASONS) {
		struct page *page = &scribe->pages[(answer->id - ID_REASONS) % EVENT_SESSIONS_MAX];

		if (answer->length > 0)
			page_set_reasons(page, text, answer->length);
	} else {
		note = g_hash_table_lookup(scribe->asked, GUINT_TO_POINTER(answer->id));
		if (note)
			page_answer(&scribe->pages[note->bit], note, answer, text);
		if (!answer->more)
			g_hash_table_remove(scribe->asked, GUINT_TO_POINTER(answer->id));
	}
}

/* What the keeper says: it deals with strangers' rules, so lengths are checked. */
static void take_answers(struct scribe *scribe)
{
	while (scribe->keeper) {
		struct keeper_answer answer;
		struct iovec parts[] = {
			{ .iov_base = &answer, .iov_len = sizeof(answer) },
			{ .iov_base = scribe->text, .iov_len = KEEPER_TEXT_MAX },
		};
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };
		ssize_t n = recvmsg(keeper_fd(), &message, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < (ssize_t)sizeof(answer) || answer.length != (size_t)n - sizeof(answer)) {
			keeper_lost(scribe);
			return;
		}
		take_answer(scribe, &answer, scribe->text);
		/* So that the window is full while a journal is told of thousands. */
		ask_waiting(scribe);
	}
}

static void session_begin(struct scribe *scribe, unsigned int bit, struct request *request)
{
	const struct keeper_ask reasons = { .kind = KEEPER_REASONS, .id = ID_REASONS + bit };

	request->begun = true;
	page_turn(&scribe->pages[bit], data_tenure(scribe->data, bit));
	if (!scribe->sessions)
		ask_watch(scribe);
	scribe->sessions |= 1ULL << bit;
	if (request->reasons == SCRIBE_REASONS_WRITE)
		ask(scribe, &reasons);
}

static gboolean is_of_page(gpointer key, gpointer value, gpointer context)
{
	return ((const struct note *)value)->tenure == ((const struct page *)context)->tenure;
}

/* What is not answered by now will not be. */
static void session_give_up(struct scribe *scribe, struct page *page)
{
	GHashTableIter iter;
	gpointer note;

	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &note))
		if (is_of_page(NULL, note, page))
			give_up(scribe, note);
	g_hash_table_foreach_remove(scribe->asked, is_of_page, page);
	for (GList *link = scribe->waiting.head; link; link = link->next)
		if (is_of_page(NULL, link->data, page))
			give_up(scribe, link->data);
}

/* What the page has lost is told to who asks, any thread. */
static void count_lost(struct scribe *scribe, struct page *page)
{
	atomic_fetch_add(&scribe->lost, page->lost);
	page->lost = 0;
}

static void session_end(struct scribe *scribe, unsigned int bit)
{
	const struct keeper_ask unwatch = { .kind = KEEPER_UNWATCH };

	page_turn(&scribe->pages[bit], 0);
	count_lost(scribe, &scribe->pages[bit]);
	scribe->sessions &= ~(1ULL << bit);
	if (!scribe->sessions)
		ask(scribe, &unwatch);
}

/* True when the request is carried out. */
static bool request_serve(struct scribe *scribe, unsigned int bit, struct request *request)
{
	struct page *page = &scribe->pages[bit];
	bool late = g_get_monotonic_time() >= request->deadline;

	if (request->wish == WISH_BEGIN) {
		if (!request->begun)
			session_begin(scribe, bit, request);
		return scribe->watched || !scribe->keeper || late;
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
	int64_t next = scribe->keeper ? NEVER : scribe->begun + RESTART_USEC;

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
		{ .fd = scribe->keeper ? keeper_fd() : -1, .events = POLLIN },
	};
	int64_t next = due(scribe), left = next - g_get_monotonic_time();
	uint64_t count;
	bool ending;

	poll(fds, G_N_ELEMENTS(fds), next == NEVER ? -1 : (int)MAX(0, (left + 999) / 1000));
	if (read(scribe->wake_fd, &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
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
		keeper_revive(scribe);
		take_notes(scribe);
		ask_waiting(scribe);
		take_answers(scribe);
		for (uint64_t bits = scribe->sessions; bits; bits &= bits - 1) {
			unsigned int bit = (unsigned int)__builtin_ctzll(bits);

			page_write(&scribe->pages[bit], scribe->data, bit);
			count_lost(scribe, &scribe->pages[bit]);
		}
		serve(scribe);
	}
	return NULL;
}

static void wake(struct scribe *scribe)
{
	uint64_t one = 1;

	if (write(scribe->wake_fd, &one, sizeof(one)) < 0)
		g_assert(errno == EAGAIN);
}

int scribe_new(struct data *data, enum scribe_ids ids, struct scribe **ret)
{
	struct scribe *scribe = g_new0(struct scribe, 1);
	int r;

	scribe->data = data;
	scribe->notes = data_notes(data);
	scribe->ids = ids;
	scribe->keeper = keeper_fd() >= 0;
	scribe->begun = g_get_monotonic_time();
	scribe->text = g_malloc(KEEPER_TEXT_MAX);
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
	g_free(scribe->text);
	g_free(scribe);
	return NULL;
}
