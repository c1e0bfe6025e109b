/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authorisation of calls on the bus; see authorise.h. */
#include "daemon/bus/authorise.h"

#include <errno.h>
#include <glib.h>
#include <stdint.h>

#include "daemon/base/log.h"
#include "daemon/base/message-size.h"
#include "daemon/base/refusals.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/callers.h"
#include "daemon/bus/errors.h"
#include "daemon/bus/polkit.h"
#include "journal/base/escape.h"

#define NO_POLKIT_PAUSE_USEC (600 * G_USEC_PER_SEC) /* between two lines about it in the log */

#define MAY(action) (1u << (action))
#define MAY_ALL     (MAY(ACTIONS) - 1)

static const char *const action_names[ACTIONS] = {
	[ACTION_START_SESSION] = "org.nfttraced1.start-session",
	[ACTION_CONTROL_OWN] = "org.nfttraced1.control-own",
	[ACTION_CONTROL_ANY] = "org.nfttraced1.control-any",
	[ACTION_READ_EVENTS] = "org.nfttraced1.read-events",
	[ACTION_READ_STATUS] = "org.nfttraced1.read-status",
};

/* Where a call names the session that it is about. */
enum subject {
	SUBJECT_NONE,
	SUBJECT_PATH, /* the path of the object */
	SUBJECT_ARGUMENT, /* its argument, an object path */
	SUBJECT_JOURNAL, /* its argument, the id of a session that may have ended */
};

struct method {
	const char *interface;
	const char *member;
	enum subject subject;
	uint32_t needs; /* for the caller's own session, or for none */
	uint32_t needs_others; /* for any other session */
	uint32_t wants; /* the method does more with them; no password is asked for */
};

#define CONTROL MAY(ACTION_CONTROL_OWN), MAY(ACTION_CONTROL_ANY)
#define READ    MAY(ACTION_READ_EVENTS), MAY(ACTION_CONTROL_ANY) | MAY(ACTION_READ_EVENTS)

/* Methods that are not listed are for root only. */
static const struct method methods[] = {
	{ BUS_MANAGER_INTERFACE, "StartSession", SUBJECT_NONE, MAY(ACTION_START_SESSION), 0, 0 },
	{ BUS_MANAGER_INTERFACE, "StopSession", SUBJECT_ARGUMENT, CONTROL, 0 },
	{ BUS_MANAGER_INTERFACE, "ListSessions", SUBJECT_NONE, MAY(ACTION_CONTROL_OWN), 0,
		MAY(ACTION_CONTROL_ANY) },
	{ BUS_MANAGER_INTERFACE, "CountHidden", SUBJECT_NONE, MAY(ACTION_CONTROL_OWN), 0,
		MAY(ACTION_CONTROL_ANY) },
	{ BUS_MANAGER_INTERFACE, "GetDropCounters", SUBJECT_NONE, MAY(ACTION_READ_STATUS), 0,
		MAY(ACTION_READ_EVENTS) },
	/* It contains names and filters of sessions. */
	{ BUS_MANAGER_INTERFACE, "GetConfiguration", SUBJECT_NONE,
		MAY(ACTION_READ_STATUS) | MAY(ACTION_CONTROL_ANY), 0, 0 },
	{ BUS_MANAGER_INTERFACE, "ListJournals", SUBJECT_NONE, MAY(ACTION_CONTROL_OWN), 0,
		MAY(ACTION_CONTROL_ANY) },
	{ BUS_MANAGER_INTERFACE, "ListJournalsAfter", SUBJECT_NONE, MAY(ACTION_CONTROL_OWN), 0,
		MAY(ACTION_CONTROL_ANY) },
	{ BUS_MANAGER_INTERFACE, "OpenJournal", SUBJECT_JOURNAL, READ, 0 },
	{ BUS_MANAGER_INTERFACE, "RemoveJournal", SUBJECT_JOURNAL, CONTROL, 0 },
	{ BUS_MANAGER_INTERFACE, "Vacuum", SUBJECT_NONE, MAY(ACTION_CONTROL_ANY), 0, 0 },
	{ BUS_SESSION_INTERFACE, "Stop", SUBJECT_PATH, CONTROL, 0 },
	{ BUS_SESSION_INTERFACE, "SetVerdicts", SUBJECT_PATH, CONTROL, 0 },
	{ BUS_SESSION_INTERFACE, "SetFilter", SUBJECT_PATH, CONTROL, 0 },
	{ BUS_SESSION_INTERFACE, "Describe", SUBJECT_PATH, CONTROL, 0 },
	{ BUS_SESSION_INTERFACE, "Follow", SUBJECT_PATH, READ, 0 },
	{ BUS_SESSION_INTERFACE, "OpenJournal", SUBJECT_PATH, READ, 0 },
};

/* A call that waits for polkit, or has its answer and is dispatched again. */
struct wait {
	struct authorise *authorise;
	sd_bus_message *message;
	struct caller *caller;
	uint32_t needs, wants, granted, asked;
	bool owned; /* the session was the caller's own at the time of the call */
	size_t bytes; /* of the message */
	struct polkit_check *check; /* NULL: polkit has answered */
};

struct authorise {
	const struct authorise_ops *ops;
	void *context;
	GHashTable *waits; /* message of struct wait -> struct wait, owned */
	int64_t no_polkit; /* us, monotonic: when it was logged last; 0: never */

	/* Of the call that passed. */
	struct caller *caller; /* NULL: root */
	uid_t uid;
	pid_t pid;
	uint32_t granted;
};

static void wait_free(void *data)
{
	struct wait *wait = data;

	polkit_check_free(wait->check);
	caller_release(wait->caller, wait->bytes);
	sd_bus_message_unref(wait->message);
	g_free(wait);
}

struct authorise *authorise_new(const struct authorise_ops *ops, void *context)
{
	struct authorise *authorise = g_new0(struct authorise, 1);

	authorise->ops = ops;
	authorise->context = context;
	authorise->waits = g_hash_table_new_full(NULL, NULL, NULL, wait_free);
	return authorise;
}

static const struct method *method_find(sd_bus_message *message)
{
	const char *interface = sd_bus_message_get_interface(message);
	const char *member = sd_bus_message_get_member(message);

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
		/* A call may leave out the interface. */
		if ((!interface || g_str_equal(methods[i].interface, interface)) &&
			g_str_equal(methods[i].member, member))
			return &methods[i];
	}
	return NULL;
}

static bool read_only_argument(sd_bus_message *message, char type, void *ret)
{
	const char signature[] = { type, '\0' };

	return sd_bus_message_has_signature(message, signature) > 0 &&
		sd_bus_message_read_basic(message, type, ret) > 0 &&
		sd_bus_message_rewind(message, true) >= 0;
}

/* True if the call is about the caller's own session, or about none. */
static bool is_own(struct authorise *authorise, const struct method *method,
	sd_bus_message *message, uid_t uid)
{
	const struct authorise_ops *ops = authorise->ops;
	const char *path;
	uint64_t id;

	switch (method->subject) {
	case SUBJECT_NONE:
		return true;
	case SUBJECT_PATH:
		path = sd_bus_message_get_path(message);
		return ops->owns_session(authorise->context, path, uid);
	case SUBJECT_ARGUMENT:
		return read_only_argument(message, 'o', &path) &&
			ops->owns_session(authorise->context, path, uid);
	case SUBJECT_JOURNAL:
		return read_only_argument(message, 't', &id) &&
			ops->owns_journal(authorise->context, id, uid);
	}
	return false;
}

static int set_denied(sd_bus_error *error, uint32_t missing, enum polkit_answer answer)
{
	const char *action = action_names[__builtin_ctz(missing)];

	switch (answer) {
	case POLKIT_FAILED:
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
			"access denied: this needs root, as polkit can't be asked for %s", action);
	case POLKIT_CHALLENGE:
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
			"access denied: this needs root or the polkit action %s, which needs a "
			"password, and none could be asked for",
			action);
	case POLKIT_NO:
	case POLKIT_YES:
		break;
	}
	return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
		"access denied: this needs root or the polkit action %s", action);
}

static void log_no_polkit(struct authorise *authorise, const char *problem)
{
	int64_t now = g_get_monotonic_time();

	if (authorise->no_polkit && now - authorise->no_polkit < NO_POLKIT_PAUSE_USEC)
		return;
	authorise->no_polkit = now;
	log_warning("polkit can't be asked (%.*s): only root may call", TEXT_EXCERPT_MAX, problem);
}

static bool wait_ask(struct wait *wait);

static void wait_refuse(struct wait *wait, uint32_t missing, enum polkit_answer answer)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	set_denied(&error, missing, answer);
	bus_reply_error(wait->message, &error);
	g_hash_table_remove(wait->authorise->waits, wait->message);
}

static void wait_dispatch(struct wait *wait)
{
	const struct authorise *authorise = wait->authorise;

	authorise->ops->resume(authorise->context, wait->caller, wait->message);
}

static void on_answer(void *context, enum polkit_answer answer, const char *problem)
{
	struct wait *wait = context;

	/* The check frees itself. */
	wait->check = NULL;
	if (answer == POLKIT_FAILED)
		log_no_polkit(wait->authorise, problem);
	if (answer == POLKIT_YES)
		wait->granted |= wait->asked;
	else if (wait->needs & wait->asked) {
		wait_refuse(wait, wait->asked, answer);
		return;
	} else {
		wait->wants &= ~wait->asked;
	}
	if (!wait_ask(wait))
		wait_dispatch(wait);
}

/* Asks polkit for the next action. False: all were asked for. */
static bool wait_ask(struct wait *wait)
{
	uint32_t needs = wait->needs & ~wait->granted, wants = wait->wants & ~wait->granted;
	enum polkit_manner manner = POLKIT_SILENT;
	enum action action;
	int r;

	if (!(needs | wants))
		return false;
	action = __builtin_ctz(needs ? needs : wants);
	if (needs && sd_bus_message_get_allow_interactive_authorization(wait->message) > 0)
		manner = POLKIT_INTERACTIVE;
	wait->asked = MAY(action);
	r = polkit_ask(wait->message, action_names[action], manner, on_answer, wait, &wait->check);
	if (r < 0)
		on_answer(wait, POLKIT_FAILED, g_strerror(-r));
	return true;
}

void authorise_left(struct authorise *authorise, const char *name)
{
	GHashTableIter i;
	void *value;

	g_hash_table_iter_init(&i, authorise->waits);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		const struct wait *wait = value;

		if (g_str_equal(wait->caller->name, name))
			g_hash_table_iter_remove(&i);
	}
}

static void pass_call(struct authorise *authorise, struct caller *caller, uint32_t granted)
{
	authorise->caller = caller;
	authorise->uid = caller->uid;
	authorise->pid = caller->pid;
	authorise->granted = granted;
}

static int start_wait(struct authorise *authorise, const struct method *method,
	struct caller *caller, sd_bus_message *message)
{
	struct wait *wait = g_new0(struct wait, 1);

	wait->authorise = authorise;
	wait->message = sd_bus_message_ref(message);
	wait->owned = is_own(authorise, method, message, caller->uid);
	wait->needs = wait->owned ? method->needs : method->needs_others;
	wait->wants = method->wants;
	wait->bytes = message_size(message, CALL_SIZE_MAX);
	wait->caller = caller_hold(caller, wait->bytes);
	g_hash_table_insert(authorise->waits, message, wait);
	wait_ask(wait);
	return 1;
}

/* The message is dispatched for the second time. */
static int end_wait(struct authorise *authorise, struct wait *wait, sd_bus_message *message,
	sd_bus_error *error)
{
	const struct method *method = method_find(message);
	bool own = is_own(authorise, method, message, wait->caller->uid);
	uint32_t missing = (own ? method->needs : method->needs_others) & ~wait->granted;

	/* The caller's own session has ended in the meantime: the caller may learn that. */
	if (wait->owned && !own)
		missing = 0;
	pass_call(authorise, wait->caller, wait->granted);
	g_hash_table_remove(authorise->waits, message);
	return missing ? set_denied(error, missing, POLKIT_NO) : 0;
}

int authorise_call(struct authorise *authorise, struct caller *caller, sd_bus_message *message,
	sd_bus_error *error)
{
	const struct method *method;
	struct wait *wait;

	wait = g_hash_table_lookup(authorise->waits, message);
	if (wait)
		return end_wait(authorise, wait, message, error);
	if (caller->uid == 0) {
		authorise_root(authorise);
		authorise->pid = caller->pid;
		return 0;
	}
	method = method_find(message);
	return method ? start_wait(authorise, method, caller, message) : bus_needs_root(error);
}

void authorise_public(struct authorise *authorise, struct caller *caller)
{
	pass_call(authorise, caller, 0);
}

void authorise_root(struct authorise *authorise)
{
	authorise->caller = NULL;
	authorise->uid = 0;
	authorise->pid = 0;
	authorise->granted = MAY_ALL;
}

uid_t authorise_uid(const struct authorise *authorise)
{
	return authorise->uid;
}

bool authorise_may(const struct authorise *authorise, enum action action)
{
	return authorise->granted & MAY(action);
}

pid_t authorise_pid(const struct authorise *authorise)
{
	return authorise->pid;
}

struct caller *authorise_hold(struct authorise *authorise, sd_bus_message *message)
{
	return authorise->uid == 0 ? NULL : caller_hold(authorise->caller, 0);
}

int authorise_refuse(struct authorise *authorise, sd_bus_message *message, const char *reason,
	sd_bus_error *error)
{
	if (authorise->uid != 0)
		refusals_add(sd_bus_message_get_sender(message), authorise->uid, reason,
			sd_bus_message_get_expect_reply(message) > 0);
	return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED, reason);
}

struct authorise *authorise_free(struct authorise *authorise)
{
	if (!authorise)
		return NULL;
	g_hash_table_unref(authorise->waits);
	g_free(authorise);
	return NULL;
}
