/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.nfttraced1.Manager at /org/nfttraced1. */
#include <errno.h>

#include "config.h"
#include "daemon/base/log.h"
#include "daemon/base/process.h"
#include "daemon/base/refusals.h"
#include "daemon/bus/authorise.h"
#include "daemon/bus/binding.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/credentials.h"
#include "daemon/bus/pending-call.h"
#include "daemon/journals/state-errors.h"
#include "daemon/sessions/features.h"
#include "daemon/sessions/index-job.h"
#include "daemon/sessions/status.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* A StartSession that is not answered yet. */
struct start {
	struct pending_call call;
	struct binding *binding; /* NULL: the session is not bound to its caller */
};

static const struct bus_option start_options[] = {
	{ "Name", BUS_OPTION_STRING, offsetof(struct session_options, name) },
	{ "Verdicts", BUS_OPTION_VERDICTS, offsetof(struct session_options, verdicts) },
	{ "Sections", BUS_OPTION_SECTIONS, offsetof(struct session_options, sections) },
	{ "Filter", BUS_OPTION_STRING, offsetof(struct session_options, filter) },
	{ "Track", BUS_OPTION_BOOLEAN, offsetof(struct session_options, track) },
	{ "Probes", BUS_OPTION_PROBES, offsetof(struct session_options, probes) },
	{ "Stack", BUS_OPTION_BOOLEAN, offsetof(struct session_options, stack) },
	{ "BindToCaller", BUS_OPTION_BOOLEAN, offsetof(struct session_options, bind_to_caller) },
	{ "Limit", BUS_OPTION_NUMBER, offsetof(struct session_options, limit) },
	{ "Duration", BUS_OPTION_NUMBER, offsetof(struct session_options, duration) },
	{ "Rate", BUS_OPTION_NUMBER, offsetof(struct session_options, rate) },
	{ "Burst", BUS_OPTION_NUMBER, offsetof(struct session_options, burst) },
	{ "Size", BUS_OPTION_NUMBER, offsetof(struct session_options, size) },
};

static void on_started(void *context, struct session *session,
	const struct dictionary_totals *totals, const struct failure *failure)
{
	struct start *start = context;
	const struct caller *caller = start->call.caller;
	sd_bus_message *message = start->call.message;

	if (failure) {
		pending_call_fail(&start->call, failure);
		if (caller &&
			(failure->kind == FAILURE_TOO_MANY_SESSIONS ||
				failure->kind == FAILURE_BUSY))
			refusals_add(caller->name, caller->uid, failure->reason,
				sd_bus_message_get_expect_reply(message) > 0);
		binding_free(start->binding);
	} else {
		g_autofree char *path = bus_session_path(session);

		session->caller = start->binding;
		sd_bus_reply_method_return(message, "o", path);
	}
	pending_call_clear(&start->call);
	g_free(start);
}

/* The command line of the caller's process, for the journal; "" if it is unknown. */
static char *sender_command(const struct bus *bus, sd_bus_message *message)
{
	sd_bus *connection = sd_bus_message_get_bus(message);

	return process_command(connection == bus->bus ? authorise_pid(bus->authorise)
						      : credentials_peer_pid(connection));
}

static int method_start_session(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	auto_session_options options;
	g_autofree char *command = NULL;
	struct session *session;
	struct start *start;
	bool bind;
	int r;

	session_options_init(&options);
	r = bus_options_read(message, start_options, G_N_ELEMENTS(start_options), &options, error);
	if (r < 0)
		return r;
	bind = options.bind_to_caller;
	command = sender_command(bus, message);

	start = g_new0(struct start, 1);
	pending_call_init(&start->call, bus->authorise, message);
	session = manager_session_start(bus->manager, &options, authorise_uid(bus->authorise),
		command, (struct manager_call){ .reply = on_started, .context = start });
	if (session && bind)
		start->binding = binding_new(bus, session, message);
	return 1;
}

static int method_stop_session(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	struct session *session;
	const char *path;
	int r = sd_bus_message_read(message, "o", &path);

	if (r < 0)
		return r;
	session = bus_session_find(bus, path);
	if (!session)
		return bus_no_session(path, error);
	manager_session_stop(session, SESSION_END_STOPPED,
		pending_call_manager(bus->authorise, message, bus_append_final_totals));
	return 1;
}

static int append_session(sd_bus_message *reply, struct bus *bus, struct session *session)
{
	g_autofree char *path = bus_session_path(session);
	int r = sd_bus_message_open_container(reply, 'r', "ota{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "ot", path, session->id);
	if (r >= 0)
		r = bus_append_description(reply, bus, session);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The caller's own sessions, and those of others if it may control them. */
static bool is_listed(const struct bus *bus, const struct session *session)
{
	return session->state != SESSION_STARTING &&
		(session->owner == authorise_uid(bus->authorise) ||
			authorise_may(bus->authorise, ACTION_CONTROL_ANY));
}

static int method_list_sessions(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	GPtrArray *sessions = manager_sessions(bus->manager);
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(message, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(ota{sv})");
	for (unsigned int i = 0; r >= 0 && i < sessions->len; i++) {
		struct session *session = sessions->pdata[i];

		if (is_listed(bus, session))
			r = append_session(reply, bus, session);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return bus_reply_send(reply, r);
}

static int method_count_hidden(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct bus *bus = userdata;
	const GPtrArray *all = manager_sessions(bus->manager);
	uint64_t sessions = 0, journals = 0;

	for (unsigned int i = 0; i < all->len; i++) {
		const struct session *session = all->pdata[i];

		sessions += session->state != SESSION_STARTING && !is_listed(bus, session);
	}
	if (!authorise_may(bus->authorise, ACTION_CONTROL_ANY))
		journals = journal_index_others(
			manager_journals(bus->manager), authorise_uid(bus->authorise));
	return sd_bus_reply_method_return(message, "tt", sessions, journals);
}

/* Root may read details of the configuration; a signal goes to all, whatever call caused it. */
static const char *problem_text(const struct bus *bus, sd_bus_message *message)
{
	if (message && sd_bus_message_is_method_call(message, PROPERTIES_INTERFACE, NULL) > 0 &&
		authorise_uid(bus->authorise) == 0)
		return manager_problem(bus->manager);
	return manager_problem_public(bus->manager);
}

static int get_text(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	static const char *const states[] = {
		[MANAGER_READY] = "ready",
		[MANAGER_WAITING] = "waiting",
		[MANAGER_FAILED] = "failed",
	};
	const struct bus *bus = userdata;
	const char *text = NFTTRACED_VERSION;
	struct manager_status status;

	manager_status(bus->manager, &status);
	if (g_str_equal(property, "State"))
		text = states[status.state];
	else if (g_str_equal(property, "Problem"))
		text = problem_text(bus, sd_bus_get_current_message(connection));
	else if (g_str_equal(property, "AttachMode"))
		text = status.engine.open ? attach_mode_name(status.engine.attach) : "";
	return sd_bus_message_append(reply, "s", text);
}

static int get_armed(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct bus *bus = userdata;
	struct manager_status status;

	manager_status(bus->manager, &status);
	return sd_bus_message_append(reply, "b", (int)status.engine.armed);
}

static int append_feature(sd_bus_message *reply, const struct feature *feature)
{
	if (feature->state == FEATURE_YES || feature->state == FEATURE_NO)
		return sd_bus_message_append(
			reply, "{sv}", feature->name, "b", (int)(feature->state == FEATURE_YES));
	return sd_bus_message_append(reply, "{sv}", feature->name, "s", feature_value(feature));
}

static int get_features(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct manager *manager = ((struct bus *)userdata)->manager;
	g_autoptr(GArray) features = features_of(manager);
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	for (unsigned int i = 0; r >= 0 && i < features->len; i++)
		r = append_feature(reply, &g_array_index(features, struct feature, i));
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_advice(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct manager *manager = ((struct bus *)userdata)->manager;
	g_autoptr(GArray) features = features_of(manager);
	int r = sd_bus_message_open_container(reply, 'a', "{ss}");

	for (unsigned int i = 0; r >= 0 && i < features->len; i++) {
		const struct feature *feature = &g_array_index(features, struct feature, i);

		if (feature->advice)
			r = sd_bus_message_append(reply, "{ss}", feature->name, feature->advice);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_number(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct manager *manager = ((struct bus *)userdata)->manager;
	struct engine *engine = manager_engine(manager);
	uint64_t number = manager_settings(manager)->ring_size;

	if (g_str_equal(property, "Calls"))
		number = engine_count(engine, COUNT_CALLS);
	else if (g_str_equal(property, "Missed") && engine_missed(engine, &number) < 0)
		number = UINT64_MAX;
	return sd_bus_message_append(reply, "t", number);
}

static const struct {
	const char *name;
	enum pipeline_count which;
} pipeline_counters[] = {
	{ "nested", COUNT_NESTED },
	{ "chain-unknown", COUNT_CHAIN_UNKNOWN },
	{ "chain-walked", COUNT_CHAIN_WALKED },
	{ "view-clipped", COUNT_VIEW_CLIPPED },
	{ "tracker-full", COUNT_TRACKER_FULL },
	{ "faults", COUNT_FAULTS },
	{ "too-deep", COUNT_TOO_DEEP },
	{ "entry-unknown", COUNT_ENTRY_UNKNOWN },
	{ "stolen-unknown", COUNT_STOLEN_UNKNOWN },
};

static int get_counters(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct bus *bus = userdata;
	struct engine *engine = manager_engine(bus->manager);
	struct manager_status status;
	struct name_writer_counts names;

	manager_status(bus->manager, &status);
	engine_names_count(engine, &names);

	const struct {
		const char *name;
		uint64_t number;
	} others[] = {
		{ "unclaimed", status.unclaimed },
		{ "unsynced", manager_unsynced(bus->manager) },
		{ "segments-removed", status.segments_removed },
		{ "journals-removed", status.journals_removed },
		{ "names-lost", engine_names_lost(engine) },
		{ "names-overflow", engine_names_overflow(engine) },
		{ "names-unread", names.unread },
		{ "texts-bytes", names.resolver.texts_bytes },
		{ "texts-refused", names.resolver.texts_refused },
		{ "texts-evicted", names.resolver.texts_evicted },
		{ "texts-forgotten", names.resolver.texts_forgotten },
		{ "namespaces-watched", names.resolver.netns },
		{ "namespaces-passed", names.resolver.netns_passed },
		{ "rulesets-unread", names.resolver.readings_failed },
		{ "helpers-replaced",
			names.resolvers + names.resolver.readers_hung +
				filter_compilers_replaced() },
		{ "state-errors", state_errors() },
		{ "summaries-unsent", status.summaries_unsent },
		{ "log-discarded", log_discarded() },
		{ "calls-refused", refusals_count() },
		{ "calls-unanswered", refusals_unanswered() },
		{ "bus-losses", bus->losses },
		{ "sessions-unbound", bus->unbound },
	};
	int r = sd_bus_message_open_container(reply, 'a', "{st}");

	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(pipeline_counters); i++)
		r = sd_bus_message_append(reply, "{st}", pipeline_counters[i].name,
			engine_count(engine, pipeline_counters[i].which));
	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(others); i++)
		r = sd_bus_message_append(reply, "{st}", others[i].name, others[i].number);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("StartSession", SD_BUS_ARGS("a{sv}", options),
		SD_BUS_RESULT("o", session), method_start_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("StopSession", SD_BUS_ARGS("o", session),
		SD_BUS_RESULT("a{sv}", totals), method_stop_session, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("CountHidden", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("t", sessions, "t", journals), method_count_hidden,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ListSessions", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("a(ota{sv})", sessions), method_list_sessions,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetConfiguration", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("aa{sv}", configuration), bus_method_get_configuration,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetDropCounters", SD_BUS_ARGS("a{sv}", options),
		SD_BUS_RESULT("aa{sv}", counters, "a{sv}", totals), bus_get_drop_counters,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Version", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("State", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Problem", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("AttachMode", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Armed", "b", get_armed, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Features", "a{sv}", get_features, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
	SD_BUS_PROPERTY("Advice", "a{ss}", get_advice, 0, 0),
	SD_BUS_PROPERTY("RingSize", "t", get_number, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Calls", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Missed", "t", get_number, 0, 0),
	SD_BUS_PROPERTY("Counters", "a{st}", get_counters, 0, 0),
	SD_BUS_PROPERTY("Memory", "a{st}", bus_get_memory, 0, 0),
	SD_BUS_SIGNAL_WITH_ARGS("SessionNew", SD_BUS_ARGS("o", session), 0),
	SD_BUS_SIGNAL_WITH_ARGS("SessionRemoved", SD_BUS_ARGS("o", session), 0),
	SD_BUS_VTABLE_END,
};

int bus_serve_manager(struct bus *bus, sd_bus *connection)
{
	int r = sd_bus_add_object_vtable(
		connection, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, vtable, bus);

	return r < 0 ? r : sd_bus_add_object_manager(connection, NULL, BUS_MANAGER_PATH);
}
