/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callers on the bus; see callers.h. */
#include "daemon/bus/callers.h"

#include <errno.h>

#include "daemon/base/message-size.h"
#include "daemon/bus/credentials.h"

/* The new owner is empty: a connection has left, or a name was released. */
#define DEPARTURES                                                                             \
	"type='signal',sender='" DBUS_NAME "',path='" DBUS_PATH "',interface='" DBUS_INTERFACE \
	"',member='NameOwnerChanged',arg2=''"

/* Calls under way of a user's connections. */
struct user {
	uid_t uid;
	unsigned int calls;
	size_t bytes;
};

struct callers {
	const struct callers_ops *ops;
	void *context;
	sd_bus *bus; /* borrowed; NULL: not connected */
	sd_bus_slot *departures;
	GHashTable *names; /* name of struct caller -> struct caller, owned */
	GHashTable *users; /* uid of struct user -> struct user, owned */
	GQueue known; /* of struct caller, by `place`: least recently used first */
	GQueue unasked; /* of struct caller, by `place`: the bus was not asked about them yet */
	unsigned int unknown, asked;
	size_t unknown_bytes;
	unsigned int unknown_calls;
	unsigned int calls;
	size_t bytes;
	bool abandoned; /* freed with the last call */
};

static void uncount_held(struct caller *caller)
{
	caller->callers->unknown_calls -= caller->held.length;
	caller->callers->unknown_bytes -= caller->held_bytes;
	caller->held_bytes = 0;
}

static void drop_held(struct caller *caller)
{
	sd_bus_message *message;

	uncount_held(caller);
	while ((message = g_queue_pop_head(&caller->held)))
		sd_bus_message_unref(message);
}

static void caller_free(struct caller *caller)
{
	g_free(caller->name);
	g_free(caller);
}

/* No longer waits for the bus to name the user. */
static void cancel_question(struct caller *caller)
{
	struct callers *callers = caller->callers;

	if (caller->known)
		return;
	if (caller->question)
		callers->asked--;
	else
		g_queue_unlink(&callers->unasked, &caller->place);
	caller->question = sd_bus_slot_unref(caller->question);
	callers->unknown--;
}

/* The connection has left, or its place is needed. */
static void forget_caller(struct caller *caller)
{
	if (caller->known)
		g_queue_unlink(&caller->callers->known, &caller->place);
	cancel_question(caller);
	drop_held(caller);
	caller->left = true;
	if (caller->calls == 0)
		caller_free(caller);
}

static void names_forget(void *data)
{
	forget_caller(data);
}

struct callers *callers_new(const struct callers_ops *ops, void *context)
{
	struct callers *callers = g_new0(struct callers, 1);

	callers->ops = ops;
	callers->context = context;
	callers->names = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, names_forget);
	callers->users = g_hash_table_new_full(g_int_hash, g_int_equal, NULL, g_free);
	g_queue_init(&callers->known);
	g_queue_init(&callers->unasked);
	return callers;
}

static int on_departure(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct callers *callers = userdata;
	const char *name, *before, *now;

	if (sd_bus_message_read(message, "sss", &name, &before, &now) < 0 || *now)
		return 0;
	/* First, because the function may look up the caller. */
	callers->ops->left(callers->context, name);
	g_hash_table_remove(callers->names, name);
	return 0;
}

int callers_join(struct callers *callers, sd_bus *bus)
{
	callers->bus = bus;
	return sd_bus_add_match_async(
		bus, &callers->departures, DEPARTURES, on_departure, NULL, callers);
}

void callers_leave(struct callers *callers)
{
	g_hash_table_remove_all(callers->names);
	callers->departures = sd_bus_slot_unref(callers->departures);
	callers->bus = NULL;
}

static void ask_next(struct callers *callers);

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct caller *caller = userdata;
	struct callers *callers = caller->callers;
	bool known = !sd_bus_message_is_method_error(reply, NULL) &&
		credentials_read(reply, &caller->uid, &caller->pid) >= 0;
	GQueue held = caller->held;
	sd_bus_message *message;

	cancel_question(caller);
	uncount_held(caller);
	g_queue_init(&caller->held);
	caller->known = known;
	if (known)
		g_queue_push_tail_link(&callers->known, &caller->place);
	else
		/* If it calls again the bus is asked again. */
		g_hash_table_steal(callers->names, caller->name);
	while ((message = g_queue_pop_head(&held))) {
		callers->ops->ready(callers->context, caller, message);
		sd_bus_message_unref(message);
	}
	if (!known)
		caller_free(caller);
	ask_next(callers);
	return 1;
}

static void ask_next(struct callers *callers)
{
	while (callers->asked < CALLERS_ASKED_MAX) {
		GList *place = g_queue_pop_head_link(&callers->unasked);
		struct caller *caller = place ? place->data : NULL;
		int r;

		if (!caller)
			return;
		r = credentials_ask(
			callers->bus, caller->name, &caller->question, on_credentials, caller);
		/* The connection is lost: callers_leave() will forget them all. */
		if (r < 0) {
			g_queue_push_tail_link(&callers->unasked, place);
			return;
		}
		callers->asked++;
	}
}

static struct caller *caller_new(struct callers *callers, const char *name)
{
	struct caller *caller;

	if (callers->unknown >= CALLERS_UNKNOWN_MAX)
		return NULL;
	caller = g_new0(struct caller, 1);
	caller->callers = callers;
	caller->name = g_strdup(name);
	caller->place.data = caller;
	g_queue_init(&caller->held);
	g_hash_table_insert(callers->names, caller->name, caller);
	g_queue_push_tail_link(&callers->unasked, &caller->place);
	callers->unknown++;
	return caller;
}

/* If a forgotten connection calls again the bus is asked again. */
static void evict_callers(struct callers *callers)
{
	for (GList *i = callers->known.head; i && callers->known.length > CALLERS_MAX;) {
		struct caller *caller = i->data;

		i = i->next;
		if (caller->calls == 0)
			g_hash_table_remove(callers->names, caller->name);
	}
}

struct caller *callers_of(struct callers *callers, sd_bus_message *message)
{
	const char *name = sd_bus_message_get_sender(message);
	struct caller *caller = name ? g_hash_table_lookup(callers->names, name) : NULL;

	if (!name)
		return NULL;
	if (!caller)
		return caller_new(callers, name);
	if (caller->known && callers->known.tail != &caller->place) {
		g_queue_unlink(&callers->known, &caller->place);
		g_queue_push_tail_link(&callers->known, &caller->place);
	}
	evict_callers(callers);
	return caller;
}

/*
 * Each caller may always have a few, whatever flood comes from others; and more while all callers
 * together have room: root's client may send a hundred calls before the bus has said that it is
 * root.
 */
static bool may_hold(const struct caller *caller)
{
	return caller->held.length < CALLS_PER_CALLER ||
		(caller->held.length < HELD_PER_CALLER &&
			caller->callers->unknown_calls < HELD_MAX);
}

int callers_await(struct caller *caller, sd_bus_message *message)
{
	struct callers *callers = caller->callers;
	size_t bytes;

	if (!may_hold(caller))
		return -EUSERS;
	bytes = message_size(message, CALL_SIZE_MAX);
	if (bytes > CALL_SIZE_MAX)
		return -E2BIG;
	if (caller->held_bytes + bytes > CALL_SIZE_MAX ||
		callers->unknown_bytes + bytes > CALLS_SIZE_MAX)
		return -EUSERS;
	g_queue_push_tail(&caller->held, sd_bus_message_ref(message));
	caller->held_bytes += bytes;
	callers->unknown_bytes += bytes;
	callers->unknown_calls++;
	ask_next(callers);
	return 0;
}

static const struct user *user_find(const struct caller *caller)
{
	return caller->user ? caller->user
			    : g_hash_table_lookup(caller->callers->users, &caller->uid);
}

int caller_admit(const struct caller *caller, size_t bytes, char **ret_limit)
{
	static const struct user none;
	const struct callers *callers = caller->callers;
	const struct user *user = user_find(caller);
	g_autofree char *limit = NULL;

	user = user ? user : &none;
	if (caller->calls < CALLS_PER_CALLER && user->calls < CALLS_PER_USER &&
		callers->calls < CALLS_MAX && user->bytes + bytes <= USER_SIZE_MAX &&
		callers->bytes + bytes <= CALLS_SIZE_MAX)
		return 0;
	if (!ret_limit)
		return -EUSERS;
	if (caller->calls >= CALLS_PER_CALLER)
		limit = g_strdup_printf(
			"limit of %u calls under way for one connection reached", caller->calls);
	else if (user->calls >= CALLS_PER_USER)
		limit = g_strdup_printf("user %u reached the limit of %u calls under way",
			caller->uid, user->calls);
	else if (callers->calls >= CALLS_MAX)
		limit = g_strdup_printf("limit of %u calls under way reached", callers->calls);
	else
		limit = g_strdup_printf(
			"calls under way reached the limit of %u bytes of arguments for a user, or "
			"%u for all users",
			USER_SIZE_MAX, CALLS_SIZE_MAX);
	*ret_limit = g_steal_pointer(&limit);
	return -EUSERS;
}

static struct user *user_get(struct caller *caller)
{
	GHashTable *users = caller->callers->users;
	struct user *user = g_hash_table_lookup(users, &caller->uid);

	if (!user) {
		user = g_new0(struct user, 1);
		user->uid = caller->uid;
		g_hash_table_insert(users, &user->uid, user);
	}
	return user;
}

struct caller *caller_hold(struct caller *caller, size_t bytes)
{
	if (!caller->user)
		caller->user = user_get(caller);
	caller->calls++;
	caller->user->calls++;
	caller->user->bytes += bytes;
	caller->callers->calls++;
	caller->callers->bytes += bytes;
	return caller;
}

static void callers_destroy(struct callers *callers)
{
	g_hash_table_unref(callers->names);
	g_hash_table_unref(callers->users);
	g_free(callers);
}

struct caller *caller_release(struct caller *caller, size_t bytes)
{
	struct callers *callers;
	struct user *user;

	if (!caller)
		return NULL;
	callers = caller->callers;
	user = caller->user;
	callers->calls--;
	callers->bytes -= bytes;
	user->bytes -= bytes;
	if (--user->calls == 0)
		g_hash_table_remove(callers->users, &user->uid);
	if (--caller->calls == 0)
		caller->user = NULL;
	if (caller->calls == 0 && caller->left)
		caller_free(caller);
	if (callers->abandoned && callers->calls == 0)
		callers_destroy(callers);
	return NULL;
}

struct callers *callers_free(struct callers *callers)
{
	if (!callers)
		return NULL;
	callers_leave(callers);
	callers->abandoned = true;
	if (callers->calls == 0)
		callers_destroy(callers);
	return NULL;
}
