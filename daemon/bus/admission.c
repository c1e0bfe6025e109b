/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of calls from the bus; see admission.h. */
#include "daemon/bus/admission.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>

#include "daemon/base/message-size.h"
#include "daemon/base/refusals.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/callers.h"

/* Messages that wait to be written to the bus. A reply may have a few megabytes, an error a few
 * hundred bytes. */
#define REPLIES_QUEUED_MAX 4 /* above it no call is started */
#define ERRORS_QUEUED_MAX  1024 /* above it refused calls get no reply */
#define QUEUED_USEC        (10 * 1000) /* between two checks of the number */

/* While the bus has more to read, the pause after a turn: a multiple of the turn's length, and its
 * maximum. */
#define PAUSE_TIMES    3
#define PAUSE_USEC_MAX G_USEC_PER_SEC

/* One turn in this many is of a user without sessions, even if owners of sessions wait. */
#define OTHERS_TURN 4

struct waiting {
	sd_bus_message *message;
	struct caller *caller; /* held, with `bytes`, unless the call is resumed */
	size_t bytes;
	bool resumed;
};

/* The calls of a user. */
struct line {
	uid_t uid;
	GQueue waiting; /* of struct waiting */
	GQueue *turns; /* admission->first or ->others */
	GList place; /* in `turns` */
};

struct admission {
	sd_event *event;
	const struct admission_ops *ops;
	void *context;
	sd_bus *bus; /* borrowed; NULL: not connected */
	struct callers *callers;
	GHashTable *lines; /* uid of struct line -> struct line, owned; none is empty */
	GQueue first, others; /* of struct line, in the order of their turns */
	unsigned int turns;
	struct waiting *current; /* of this turn, until the filter sees its message */
	sd_event_source *timer; /* the next turn */
	int64_t pause_end; /* us, monotonic: no turn before it */
};

static int on_call_due(sd_event_source *source, uint64_t usec, void *userdata);

static struct waiting *waiting_free(struct waiting *waiting)
{
	if (!waiting->resumed) {
		caller_release(waiting->caller, waiting->bytes);
	}
	sd_bus_message_unref(waiting->message);
	g_free(waiting);
	return NULL;
}

static void line_free(void *data)
{
	struct line *line = data;
	struct waiting *waiting;

	while ((waiting = g_queue_pop_head(&line->waiting)))
		waiting_free(waiting);
	g_queue_unlink(line->turns, &line->place);
	g_free(line);
}

struct admission *admission_new(sd_event *event, const struct admission_ops *ops, void *context)
{
	struct admission *admission = g_new0(struct admission, 1);

	admission->event = sd_event_ref(event);
	admission->ops = ops;
	admission->context = context;
	admission->lines = g_hash_table_new_full(g_int_hash, g_int_equal, NULL, line_free);
	g_queue_init(&admission->first);
	g_queue_init(&admission->others);
	return admission;
}

int admission_join(struct admission *admission, sd_bus *bus, struct callers *callers)
{
	int r = 0;

	if (!admission->timer)
		r = sd_event_add_time_relative(admission->event, &admission->timer, CLOCK_MONOTONIC,
			0, 1, on_call_due, admission);
	if (r >= 0)
		r = sd_event_source_set_enabled(admission->timer, SD_EVENT_OFF);
	admission->bus = bus;
	admission->callers = callers;
	return r;
}

void admission_leave(struct admission *admission)
{
	g_hash_table_remove_all(admission->lines);
	admission->bus = NULL;
}

/* Messages that wait to be written. */
static uint64_t count_queued(sd_bus *bus)
{
	uint64_t number = 0;

	return sd_bus_get_n_queued_write(bus, &number) < 0 ? 0 : number;
}

bool admission_congested(sd_bus *bus)
{
	return count_queued(bus) > REPLIES_QUEUED_MAX;
}

static struct line *line_get(struct admission *admission, uid_t uid)
{
	struct line *line = g_hash_table_lookup(admission->lines, &uid);

	if (line)
		return line;
	line = g_new0(struct line, 1);
	line->uid = uid;
	line->place.data = line;
	line->turns = admission->ops->is_owner(admission->context, uid) ? &admission->first
									: &admission->others;
	g_queue_init(&line->waiting);
	g_queue_push_tail_link(line->turns, &line->place);
	g_hash_table_insert(admission->lines, &line->uid, line);
	return line;
}

static void queue_call(struct admission *admission, struct waiting waiting)
{
	bool idle = g_hash_table_size(admission->lines) == 0;
	int64_t pause = admission->pause_end - g_get_monotonic_time();

	sd_bus_message_ref(waiting.message);
	g_queue_push_tail(&line_get(admission, waiting.caller->uid)->waiting,
		g_memdup2(&waiting, sizeof(waiting)));
	/* Otherwise the timer runs already. */
	if (idle)
		bus_timer_set(admission->timer, (uint64_t)MAX(pause, 0));
}

static int refuse_call(struct admission *admission, sd_bus_message *message, uid_t uid,
	const char *reason, sd_bus_error *error)
{
	bool answered = sd_bus_message_get_expect_reply(message) > 0 &&
		count_queued(admission->bus) < ERRORS_QUEUED_MAX;

	refusals_add(sd_bus_message_get_sender(message), uid, reason, answered);
	return answered ? sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, reason) : 1;
}

static int refuse_size(
	struct admission *admission, sd_bus_message *message, uid_t uid, sd_bus_error *error)
{
	g_autofree char *reason =
		g_strdup_printf("a call may have at most %u bytes of arguments", CALL_SIZE_MAX);

	return refuse_call(admission, message, uid, reason, error);
}

/* True for a method that changes something, and so makes sense without a reply, too. */
static bool has_effect(sd_bus_message *message)
{
	static const char *const members[] = { "StartSession", "StopSession", "RemoveJournal",
		"Vacuum", "Stop", "SetVerdicts", "SetFilter", NULL };

	return g_strv_contains(members, sd_bus_message_get_member(message));
}

static int admit_call(struct admission *admission, struct caller *caller, sd_bus_message *message,
	sd_bus_error *error)
{
	g_autofree char *reason = NULL;
	size_t bytes;

	if (sd_bus_message_get_expect_reply(message) <= 0 && !has_effect(message))
		return refuse_call(admission, message, caller->uid,
			"it asks for information and expects no reply", error);
	/* Before the size is known, because measuring it takes longer. */
	if (caller_admit(caller, 0, &reason) < 0)
		return refuse_call(admission, message, caller->uid, reason, error);
	bytes = message_size(message, CALL_SIZE_MAX);
	if (bytes > CALL_SIZE_MAX)
		return refuse_size(admission, message, caller->uid, error);
	if (caller_admit(caller, bytes, &reason) < 0)
		return refuse_call(admission, message, caller->uid, reason, error);
	caller_hold(caller, bytes);
	queue_call(admission,
		(struct waiting){ .message = message, .caller = caller, .bytes = bytes });
	return 1;
}

/* Ends the wait of the call of this turn; the caller of the call. */
static struct caller *take_current(struct admission *admission)
{
	struct waiting *waiting = g_steal_pointer(&admission->current);
	struct caller *caller = waiting->caller;

	waiting_free(waiting);
	return caller;
}

int admission_take(struct admission *admission, sd_bus_message *message, struct caller **ret_caller,
	sd_bus_error *error)
{
	struct caller *caller;
	int r;

	if (admission->current && admission->current->message == message) {
		*ret_caller = take_current(admission);
		return 0;
	}
	caller = callers_of(admission->callers, message);
	if (!caller)
		return refuse_call(admission, message, UID_UNKNOWN,
			"too many new connections at the same time", error);
	if (caller->known && caller->uid == 0) {
		*ret_caller = caller;
		return 0;
	}
	if (caller->known)
		return admit_call(admission, caller, message, error);
	r = callers_await(caller, message);
	if (r == -E2BIG)
		return refuse_size(admission, message, UID_UNKNOWN, error);
	if (r < 0)
		return refuse_call(admission, message, UID_UNKNOWN,
			"limit of calls under way for one connection reached", error);
	return 1;
}

void admission_ready(struct admission *admission, struct caller *caller, sd_bus_message *message)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (!caller->known) {
		/* A caller of an unknown user is not root. */
		bus_needs_root(&error);
		bus_reply_error(message, &error);
		return;
	}
	/* Ahead of messages that were not read yet; this time the filter knows the caller. */
	if (caller->uid == 0) {
		if (sd_bus_message_rewind(message, true) >= 0)
			sd_bus_enqueue_for_read(admission->bus, message);
		return;
	}
	if (admit_call(admission, caller, message, &error) < 0)
		bus_reply_error(message, &error);
}

void admission_resume(struct admission *admission, struct caller *caller, sd_bus_message *message)
{
	queue_call(admission,
		(struct waiting){ .message = message, .caller = caller, .resumed = true });
}

static struct line *next_line(struct admission *admission)
{
	bool others = admission->turns++ % OTHERS_TURN == OTHERS_TURN - 1;
	GQueue *turns = others ? &admission->others : &admission->first;

	if (turns->length == 0)
		turns = others ? &admission->first : &admission->others;
	return g_queue_peek_head(turns);
}

/* The next call of the user whose turn it is; NULL: no call waits. */
static struct waiting *next_waiting(struct admission *admission)
{
	struct line *line = next_line(admission);
	struct waiting *waiting;

	if (!line)
		return NULL;
	waiting = g_queue_pop_head(&line->waiting);
	if (line->waiting.length > 0) {
		g_queue_unlink(line->turns, &line->place);
		g_queue_push_tail_link(line->turns, &line->place);
	} else {
		g_hash_table_remove(admission->lines, &line->uid);
	}
	return waiting;
}

/* Has sd-bus dispatch the message of this turn. */
static void dispatch_current(struct admission *admission)
{
	sd_bus_message *message = admission->current->message;
	int r = sd_bus_message_rewind(message, true);

	if (r >= 0)
		r = sd_bus_enqueue_for_read(admission->bus, message);
	/* Other messages that sd-bus has queued come first. */
	while (r >= 0 && admission->current)
		r = sd_bus_process(admission->bus, NULL) > 0 ? 0 : -EIO;
	if (admission->current)
		admission->current = waiting_free(admission->current);
}

static bool has_more_to_read(const struct admission *admission)
{
	struct pollfd fd = { .fd = sd_bus_get_fd(admission->bus), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static int on_call_due(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct admission *admission = userdata;
	int64_t began = g_get_monotonic_time(), now, pause;

	if (!admission->bus)
		return 0;
	if (admission_congested(admission->bus)) {
		bus_timer_set(admission->timer, QUEUED_USEC);
		return 0;
	}
	admission->current = next_waiting(admission);
	if (!admission->current)
		return 0;
	dispatch_current(admission);
	now = g_get_monotonic_time();
	pause = has_more_to_read(admission) ? MIN(PAUSE_TIMES * (now - began), PAUSE_USEC_MAX) : 0;
	admission->pause_end = now + pause;
	if (g_hash_table_size(admission->lines) > 0)
		bus_timer_set(admission->timer, (uint64_t)pause);
	return 0;
}

static void line_drop_calls(struct line *line, const char *name)
{
	for (GList *i = line->waiting.head; i;) {
		GList *next = i->next;
		struct waiting *waiting = i->data;

		if (g_str_equal(waiting->caller->name, name)) {
			g_queue_delete_link(&line->waiting, i);
			waiting_free(waiting);
		}
		i = next;
	}
}

void admission_left(struct admission *admission, const char *name)
{
	struct waiting *current = admission->current;
	GHashTableIter i;
	void *value;

	if (current && g_str_equal(current->caller->name, name))
		admission->current = waiting_free(current);
	g_hash_table_iter_init(&i, admission->lines);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		struct line *line = value;

		line_drop_calls(line, name);
		if (line->waiting.length == 0)
			g_hash_table_iter_remove(&i);
	}
}

struct admission *admission_free(struct admission *admission)
{
	if (!admission)
		return NULL;
	g_hash_table_unref(admission->lines);
	sd_event_source_disable_unref(admission->timer);
	sd_event_unref(admission->event);
	g_free(admission);
	return NULL;
}
