/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls from the bus before anything is done for them; see admission.h. */
#include "daemon/bus/admission.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>

#include "daemon/base/message-size.h"
#include "daemon/base/refusals.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/callers.h"

/* Messages that wait to be written to the bus. A reply may have a few megabytes, an error a few hundred bytes. */
#define REPLIES_QUEUED_MAX 4 /* no turn is taken beyond */
#define ERRORS_QUEUED_MAX  1024 /* a refusal is not told beyond */
#define QUEUED_USEC        (10 * 1000) /* between two looks at it */

/* While the bus has more to read a turn is followed by a pause of so many times its length, at most so long. */
#define PAUSE_TIMES    3
#define PAUSE_USEC_MAX G_USEC_PER_SEC

/* Of so many turns one is of a user without sessions, even if owners of sessions wait. */
#define OTHERS_TURN 4

struct waiting {
	sd_bus_message *message;
	struct caller *caller; /* held, unless it is resumed */
	size_t bytes; /* kept */
	bool resumed;
};

/* The calls of a user. */
struct line {
	uid_t uid;
	GQueue waiting; /* of struct waiting */
	GQueue *turns; /* `first` or `others` of struct admission */
	GList place; /* in it */
};

struct admission {
	sd_event *event;
	const struct admission_hooks *hooks;
	void *context;
	sd_bus *bus; /* borrowed; NULL: there is none */
	struct callers *callers;
	GHashTable *lines; /* uid of struct line that it owns -> struct line with calls */
	GQueue first, others; /* of struct line, in the order of their turns */
	unsigned int turns;
	struct waiting *current; /* its turn has come, the filter has not seen it */
	sd_event_source *timer; /* the next turn */
	int64_t pause_end; /* us, monotonic: not before */
};

static int on_turn(sd_event_source *source, uint64_t usec, void *userdata);

static struct waiting *waiting_free(struct waiting *waiting)
{
	if (!waiting->resumed) {
		caller_discard(waiting->caller, waiting->bytes);
		caller_release(waiting->caller);
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

struct admission *admission_new(sd_event *event, const struct admission_hooks *hooks, void *context)
{
	struct admission *admission = g_new0(struct admission, 1);

	admission->event = sd_event_ref(event);
	admission->hooks = hooks;
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
			0, 1, on_turn, admission);
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

static uint64_t queued(sd_bus *bus)
{
	uint64_t number = 0;

	return sd_bus_get_n_queued_write(bus, &number) < 0 ? 0 : number;
}

bool admission_congested(sd_bus *bus)
{
	return queued(bus) > REPLIES_QUEUED_MAX;
}

static void turn_after(struct admission *admission, uint64_t usec)
{
	sd_event_source_set_time_relative(admission->timer, usec);
	sd_event_source_set_enabled(admission->timer, SD_EVENT_ONESHOT);
}

static struct line *line_of(struct admission *admission, uid_t uid)
{
	struct line *line = g_hash_table_lookup(admission->lines, &uid);

	if (line)
		return line;
	line = g_new0(struct line, 1);
	line->uid = uid;
	line->place.data = line;
	line->turns = admission->hooks->is_owner(admission->context, uid) ? &admission->first
									  : &admission->others;
	g_queue_init(&line->waiting);
	g_queue_push_tail_link(line->turns, &line->place);
	g_hash_table_insert(admission->lines, &line->uid, line);
	return line;
}

/* Its caller is held, and its bytes are kept, unless it is resumed. */
static void line_up(struct admission *admission, struct waiting waiting)
{
	bool idle = g_hash_table_size(admission->lines) == 0;
	int64_t pause = admission->pause_end - g_get_monotonic_time();

	sd_bus_message_ref(waiting.message);
	g_queue_push_tail(&line_of(admission, waiting.caller->uid)->waiting,
		g_memdup2(&waiting, sizeof(waiting)));
	/* Otherwise the timer runs already. */
	if (idle)
		turn_after(admission, (uint64_t)MAX(pause, 0));
}

static int refuse(struct admission *admission, sd_bus_message *message, uid_t uid,
	const char *reason, sd_bus_error *error)
{
	bool answered = sd_bus_message_get_expect_reply(message) > 0 &&
		queued(admission->bus) < ERRORS_QUEUED_MAX;

	refusals_add(sd_bus_message_get_sender(message), uid, reason, answered);
	return answered ? sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, reason) : 1;
}

static int refuse_size(
	struct admission *admission, sd_bus_message *message, uid_t uid, sd_bus_error *error)
{
	g_autofree char *reason =
		g_strdup_printf("a call may have %u bytes of arguments at most", CALL_SIZE_MAX);

	return refuse(admission, message, uid, reason, error);
}

/* A call that does something, whether anybody waits for the answer or not. */
static bool has_effect(sd_bus_message *message)
{
	static const char *const members[] = { "StartSession", "StopSession", "RemoveJournal",
		"Vacuum", "Stop", "SetVerdicts", "SetFilter", NULL };

	return g_strv_contains(members, sd_bus_message_get_member(message));
}

static int admit(struct admission *admission, struct caller *caller, sd_bus_message *message,
	sd_bus_error *error)
{
	g_autofree char *reason = NULL;
	size_t bytes;

	if (sd_bus_message_get_expect_reply(message) <= 0 && !has_effect(message))
		return refuse(admission, message, caller->uid,
			"it changes something and asks for no reply", error);
	/* Before its size, which takes longer to tell. */
	if (caller_admit(caller, 0, &reason) < 0)
		return refuse(admission, message, caller->uid, reason, error);
	bytes = message_size(message, CALL_SIZE_MAX);
	if (bytes > CALL_SIZE_MAX)
		return refuse_size(admission, message, caller->uid, error);
	if (caller_admit(caller, bytes, &reason) < 0)
		return refuse(admission, message, caller->uid, reason, error);
	caller_hold(caller);
	caller_keep(caller, bytes);
	line_up(admission,
		(struct waiting){ .message = message, .caller = caller, .bytes = bytes });
	return 1;
}

/* The message that the turn is of. */
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
		return refuse(admission, message, UID_UNKNOWN,
			"too many callers come at the same time", error);
	if (caller->known && caller->uid == 0) {
		*ret_caller = caller;
		return 0;
	}
	if (caller->known)
		return admit(admission, caller, message, error);
	r = callers_await(caller, message);
	if (r == -E2BIG)
		return refuse_size(admission, message, UID_UNKNOWN, error);
	if (r < 0)
		return refuse(admission, message, UID_UNKNOWN,
			"this connection has more calls under way than are allowed", error);
	return 1;
}

void admission_ready(struct admission *admission, struct caller *caller, sd_bus_message *message)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (!caller->known) {
		/* A caller whose user can't be told is not root. */
		sd_bus_error_set(
			&error, SD_BUS_ERROR_ACCESS_DENIED, "access denied: this needs root");
		bus_reply_error(message, &error);
		return;
	}
	/* Before what has not been read yet; the filter knows it this time. */
	if (caller->uid == 0) {
		if (sd_bus_message_rewind(message, true) >= 0)
			sd_bus_enqueue_for_read(admission->bus, message);
		return;
	}
	if (admit(admission, caller, message, &error) < 0)
		bus_reply_error(message, &error);
}

void admission_resume(struct admission *admission, struct caller *caller, sd_bus_message *message)
{
	line_up(admission,
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

/* The call of the user whose turn it is; NULL: nobody waits. */
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

/* Has sd-bus dispatch the message of the turn. */
static void dispatch(struct admission *admission)
{
	sd_bus_message *message = admission->current->message;
	int r = sd_bus_message_rewind(message, true);

	if (r >= 0)
		r = sd_bus_enqueue_for_read(admission->bus, message);
	/* What else sd-bus has queued comes before. */
	while (r >= 0 && admission->current)
		r = sd_bus_process(admission->bus, NULL) > 0 ? 0 : -EIO;
	if (admission->current)
		admission->current = waiting_free(admission->current);
}

static bool more_to_read(const struct admission *admission)
{
	struct pollfd fd = { .fd = sd_bus_get_fd(admission->bus), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

static int on_turn(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct admission *admission = userdata;
	int64_t began = g_get_monotonic_time(), now, pause;

	if (!admission->bus)
		return 0;
	if (admission_congested(admission->bus)) {
		turn_after(admission, QUEUED_USEC);
		return 0;
	}
	admission->current = next_waiting(admission);
	if (!admission->current)
		return 0;
	dispatch(admission);
	now = g_get_monotonic_time();
	pause = more_to_read(admission) ? MIN(PAUSE_TIMES * (now - began), PAUSE_USEC_MAX) : 0;
	admission->pause_end = now + pause;
	if (g_hash_table_size(admission->lines) > 0)
		turn_after(admission, (uint64_t)pause);
	return 0;
}

static void line_drop(struct line *line, const char *name)
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

		line_drop(line, name);
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
