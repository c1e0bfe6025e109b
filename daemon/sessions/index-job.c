/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the journal index up to date; see index-job.h. Journals are read in rounds, and a round
 * in slices: callers that ask for running sessions only are answered between two slices.
 */
#include "daemon/sessions/index-job.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "daemon/base/ids.h"
#include "daemon/base/log.h"
#include "daemon/sessions/manager-private.h"
#include "journal/base/cleanup.h"

#define SLICE       64 /* journals that are read at a time */
#define EVENTS_SIZE (16 << 10) /* bytes of inotify events that are read at a time */
#define COMES       (IN_CREATE | IN_MOVED_TO)
#define GOES        (IN_DELETE | IN_MOVED_FROM)

struct wait {
	manager_index_ready ready;
	void *context;
};

struct manager_index {
	struct manager *manager;
	struct journal_index *journals;
	struct worker *worker;
	int fd; /* of inotify; -1: none, the directory is listed for each round */
	sd_event_source *source;
	sd_event_source
		*settle_timer; /* runs while some journals had just changed when they were read */
	bool listed; /* the directory was listed since inotify last missed an event */
	int error; /* of the last listing */
	bool ending;

	bool reading; /* a slice is under way */
	bool round; /* a round is under way */
	bool settling; /* the next round reads journals that had just changed, too */
	GArray *due; /* uint64_t: the journals of the round */
	unsigned int done; /* as many of these were given to slices */
	GQueue waiting, current; /* of struct wait: wait for the next round; for this one */
	GQueue waiting_running, current_running; /* as these, for slices */
};

struct slice {
	struct manager_index *index;
	bool list; /* the directory, in place of journals */
	GArray *running, *ids; /* uint64_t */

	int error;
	GArray *found; /* uint64_t: journals in the directory */
	GArray *results; /* struct result */
};

struct result {
	struct archive_journal journal;
	int error; /* why it could not be read */
	bool changed;
};

static void result_clear(void *data)
{
	archive_journal_clear(&((struct result *)data)->journal);
}

static void slice_free(struct slice *slice)
{
	g_array_unref(slice->running);
	g_array_unref(slice->ids);
	g_array_unref(slice->results);
	g_clear_pointer(&slice->found, g_array_unref);
	g_free(slice);
}

/* On the worker's thread. */
static void slice_run(void *argument)
{
	struct slice *slice = argument;
	const struct state_directory *directory = slice->index->manager->state_directory;

	if (slice->list)
		slice->error = state_directory_session_ids(directory, &slice->found);
	for (unsigned int i = 0; i < slice->ids->len; i++) {
		struct result result = { .journal.id = g_array_index(slice->ids, uint64_t, i) };

		result.error = archive_examine(
			directory, slice->running, &result.journal, &result.changed);
		g_array_append_val(slice->results, result);
	}
}

static void queue_move(GQueue *from, GQueue *to)
{
	struct wait *wait;

	while ((wait = g_queue_pop_head(from)))
		g_queue_push_tail(to, wait);
}

static void queue_complete(GQueue *queue, int error)
{
	GQueue current = G_QUEUE_INIT;
	struct wait *wait;

	/* A caller may ask again. */
	queue_move(queue, &current);
	while ((wait = g_queue_pop_head(&current))) {
		wait->ready(wait->context, error);
		g_free(wait);
	}
}

static void event_take(struct manager_index *index, const struct inotify_event *event)
{
	uint64_t id;

	/* Events were dropped, or the directory was moved. */
	if (!(event->mask & (COMES | GOES)))
		index->listed = false;
	if (event->len == 0 || !state_directory_session_id(event->name, &id))
		return;
	if (event->mask & COMES)
		journal_index_add(index->journals, id);
	else
		journal_index_remove(index->journals, id);
}

static void events_take(struct manager_index *index)
{
	g_autofree char *bytes = NULL;
	ssize_t size;

	if (index->fd < 0)
		return;
	bytes = g_malloc(EVENTS_SIZE);
	while ((size = read(index->fd, bytes, EVENTS_SIZE)) > 0) {
		for (ssize_t i = 0; i < size;) {
			const struct inotify_event *event = (const void *)(bytes + i);

			event_take(index, event);
			i += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}

/* A known journal that was not found may have been created since: it is read again by its name. */
static void listing_take(struct manager_index *index, const GArray *found)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_int64_hash, g_int64_equal);
	const struct journal_query all = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX };
	g_autoptr(GArray) known = NULL;
	bool more;

	known = journal_index_query(index->journals, &all, &more);
	for (unsigned int i = 0; i < found->len; i++) {
		uint64_t id = g_array_index(found, uint64_t, i);

		g_hash_table_add(names, &g_array_index(found, uint64_t, i));
		if (!journal_index_find(index->journals, id))
			journal_index_add(index->journals, id);
	}
	for (unsigned int i = 0; i < known->len; i++) {
		uint64_t id = g_array_index(known, struct archive_journal, i).id;

		if (!g_hash_table_contains(names, &id))
			journal_index_add(index->journals, id);
	}
}

static void results_take(struct manager_index *index, GArray *results)
{
	for (unsigned int i = 0; i < results->len; i++) {
		struct result *result = &g_array_index(results, struct result, i);
		enum journal_known known = JOURNAL_SETTLED;

		if (result->error == -ENOENT || result->error == -ENOTDIR) {
			journal_index_remove(index->journals, result->journal.id);
			continue;
		}
		if (result->error < 0) {
			journal_index_keep(index->journals, result->journal.id);
			continue;
		}
		if (result->journal.running)
			known = JOURNAL_WRITTEN;
		else if (result->changed)
			known = JOURNAL_CHANGED;
		journal_index_put(index->journals, &result->journal, known);
	}
}

/* The journals that the round reads: all that may have changed if a caller waits, else the unread
 * ones. */
static void round_find_due(struct manager_index *index)
{
	enum journal_known most = index->settling ? JOURNAL_CHANGED : JOURNAL_UNREAD;

	g_clear_pointer(&index->due, g_array_unref);
	index->due = journal_index_due(index->journals, JOURNAL_UNREAD,
		index->current.length > 0 ? JOURNAL_WRITTEN : most);
	index->done = 0;
	index->settling = false;
}

static bool has_unread(const struct manager_index *index)
{
	g_autoptr(GArray) unread =
		journal_index_due(index->journals, JOURNAL_UNREAD, JOURNAL_UNREAD);

	return unread->len > 0;
}

static bool round_is_wanted(const struct manager_index *index)
{
	return index->waiting.length > 0 || (index->fd >= 0 && !index->listed && !index->error) ||
		index->settling || has_unread(index);
}

static void slice_next(struct manager_index *index);

static void settle_later(struct manager_index *index)
{
	g_autoptr(GArray) changed =
		journal_index_due(index->journals, JOURNAL_CHANGED, JOURNAL_CHANGED);

	if (changed->len == 0)
		return;
	sd_event_source_set_time_relative(index->settle_timer, ARCHIVE_SETTLE_USEC);
	sd_event_source_set_enabled(index->settle_timer, SD_EVENT_ONESHOT);
}

static void slice_done(void *argument)
{
	struct slice *slice = argument;
	struct manager_index *index = slice->index;
	int error = slice->list ? slice->error : 0;

	/* Waiting callers would begin jobs on threads that have ended: manager_index_free answers
	 * them. */
	if (index->ending) {
		slice_free(slice);
		return;
	}
	index->reading = false;
	if (slice->list) {
		index->error = error;
		index->listed = error == 0;
		if (error == 0)
			listing_take(index, slice->found);
		round_find_due(index);
	}
	results_take(index, slice->results);
	slice_free(slice);
	queue_complete(&index->current_running, index->error);
	if (index->round && index->done >= index->due->len) {
		index->round = false;
		queue_complete(&index->current, index->error);
		settle_later(index);
	}
	slice_next(index);
}

/* Adds running sessions, and journals that were being written when they were read last. */
static void slice_add_running(struct manager_index *index, struct slice *slice)
{
	g_autoptr(GArray) written =
		journal_index_due(index->journals, JOURNAL_WRITTEN, JOURNAL_WRITTEN);

	g_array_append_vals(slice->ids, written->data, written->len);
	for (unsigned int i = 0; i < slice->running->len; i++) {
		uint64_t id = g_array_index(slice->running, uint64_t, i);
		const struct archive_journal *known = journal_index_find(index->journals, id);

		if (ids_contain(written, id))
			continue;
		/* There are no events if the directory is not watched. */
		if (!known)
			journal_index_add(index->journals, id);
		g_array_append_val(slice->ids, id);
	}
}

static void slice_begin(struct manager_index *index, bool list)
{
	struct slice *slice = g_new0(struct slice, 1);
	unsigned int count = 0;

	queue_move(&index->waiting_running, &index->current_running);
	*slice = (struct slice){
		.index = index,
		.list = list,
		.running = manager_running_ids(index->manager),
		.ids = g_array_new(FALSE, FALSE, sizeof(uint64_t)),
		.results = g_array_new(FALSE, TRUE, sizeof(struct result)),
	};
	g_array_set_clear_func(slice->results, result_clear);
	if (index->current_running.length > 0)
		slice_add_running(index, slice);
	if (index->round && !list) {
		count = MIN(SLICE, index->due->len - index->done);
		g_array_append_vals(
			slice->ids, &g_array_index(index->due, uint64_t, index->done), count);
		index->done += count;
	}
	index->reading = true;
	worker_submit_always(index->worker, slice_run, slice_done, slice);
}

/* Begins the next slice, if there is something to read. */
static void slice_next(struct manager_index *index)
{
	bool list = false;

	if (index->reading || index->ending)
		return;
	events_take(index);
	if (!index->round && round_is_wanted(index)) {
		index->round = true;
		queue_move(&index->waiting, &index->current);
		list = index->fd < 0 || !index->listed;
		round_find_due(index);
	}
	if (index->round || index->waiting_running.length > 0)
		slice_begin(index, list);
}

static int on_events(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct manager_index *index = userdata;

	events_take(index);
	slice_next(index);
	return 0;
}

static int on_settle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct manager_index *index = userdata;

	index->settling = true;
	slice_next(index);
	return 0;
}

static int watch_directory(struct manager_index *index)
{
	sd_event *event = index->manager->event;

	index->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (index->fd >= 0 &&
		inotify_add_watch(index->fd, state_directory_path(index->manager->state_directory),
			COMES | GOES | IN_ONLYDIR) < 0)
		fd_close(&index->fd);
	if (index->fd >= 0)
		return sd_event_add_io(event, &index->source, index->fd, EPOLLIN, on_events, index);
	log_warning("the state directory can't be watched: it is read for each list of journals");
	return 0;
}

int manager_index_new(struct manager *manager, struct manager_index **ret)
{
	struct manager_index *index = g_new0(struct manager_index, 1);
	int r;

	index->manager = manager;
	index->journals = journal_index_new();
	index->fd = -1;
	r = watch_directory(index);
	if (r >= 0)
		r = sd_event_add_time_relative(manager->event, &index->settle_timer,
			CLOCK_MONOTONIC, ARCHIVE_SETTLE_USEC, 0, on_settle, index);
	if (r >= 0)
		r = sd_event_source_set_enabled(index->settle_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = worker_new(manager->event, "nfttraced-index", &index->worker);
	if (r < 0) {
		manager_index_free(index);
		return r;
	}
	slice_next(index);
	*ret = index;
	return 0;
}

const struct journal_index *manager_index_journals(const struct manager_index *index)
{
	return index->journals;
}

void manager_index_await(struct manager_index *index, enum index_scope scope, uint64_t owner,
	manager_index_ready ready, void *context)
{
	struct wait *wait;

	events_take(index);
	if (index->fd >= 0 && index->listed && !journal_index_is_open(index->journals, owner)) {
		ready(context, 0);
		return;
	}
	wait = g_new(struct wait, 1);
	*wait = (struct wait){ .ready = ready, .context = context };
	g_queue_push_tail(scope == INDEX_RUNNING ? &index->waiting_running : &index->waiting, wait);
	slice_next(index);
}

void manager_index_forget(struct manager_index *index, uint64_t id)
{
	journal_index_remove(index->journals, id);
}

void manager_index_changed(struct manager_index *index, const GArray *ids)
{
	for (unsigned int i = 0; i < ids->len; i++)
		journal_index_keep(index->journals, g_array_index(ids, uint64_t, i));
	if (ids->len > 0)
		settle_later(index);
}

struct manager_index *manager_index_free(struct manager_index *index)
{
	if (!index)
		return NULL;
	index->ending = true;
	worker_free(index->worker);
	queue_complete(&index->waiting_running, -ESHUTDOWN);
	queue_complete(&index->current_running, -ESHUTDOWN);
	queue_complete(&index->waiting, -ESHUTDOWN);
	queue_complete(&index->current, -ESHUTDOWN);
	sd_event_source_disable_unref(index->source);
	sd_event_source_disable_unref(index->settle_timer);
	fd_close(&index->fd);
	g_clear_pointer(&index->due, g_array_unref);
	journal_index_free(index->journals);
	g_free(index);
	return NULL;
}
