/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of org.nfttraced1.Manager for journals on disk. */
#include <errno.h>

#include "daemon/bus/bus-private.h"
#include "daemon/bus/pending-call.h"
#include "daemon/sessions/archive-job.h"
#include "journal/base/cleanup.h"

static int append_owner(sd_bus_message *reply, const struct archive_journal *journal)
{
	if (journal->owner > G_MAXUINT32)
		return 0;
	return sd_bus_message_append(reply, "{sv}", "Owner", "u", (uint32_t)journal->owner);
}

static int append_end(sd_bus_message *reply, const struct archive_journal *journal)
{
	if (journal->end == SESSION_END_UNKNOWN)
		return 0;
	return sd_bus_message_append(
		reply, "{sv}", "EndReason", "s", session_end_name(journal->end));
}

static int append_journal(sd_bus_message *reply, const struct archive_journal *journal)
{
	int r = sd_bus_message_open_container(reply, 'r', "ta{sv}");

	if (r >= 0)
		r = sd_bus_message_append(reply, "t", journal->id);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "{sv}");
	if (r >= 0)
		r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}", "Name", "s", journal->name,
			"Running", "b", (int)journal->running, "Bytes", "t", journal->bytes,
			"Started", "t", journal->started, "Ended", "t", journal->ended);
	if (r >= 0)
		r = append_owner(reply, journal);
	if (r >= 0)
		r = append_end(reply, journal);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_journals(sd_bus_message *reply, const struct archive_request *request)
{
	int r = sd_bus_message_open_container(reply, 'a', "(ta{sv})");

	for (unsigned int i = 0; r >= 0 && i < request->journals->len; i++) {
		const struct archive_journal *journal =
			&g_array_index(request->journals, struct archive_journal, i);

		r = append_journal(reply, journal);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_bytes(sd_bus_message *reply, const struct archive_request *request)
{
	return sd_bus_message_append(reply, "t", request->bytes);
}

static int append_removed(sd_bus_message *reply, const struct archive_request *request)
{
	int r = sd_bus_message_open_container(reply, 'a', "(tst)");

	for (unsigned int i = 0; r >= 0 && i < request->journals->len; i++) {
		const struct archive_journal *journal =
			&g_array_index(request->journals, struct archive_journal, i);

		r = sd_bus_message_append(
			reply, "(tst)", journal->id, journal->name, journal->bytes);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return r < 0 ? r : sd_bus_message_append(reply, "t", request->bytes);
}

static int append_page(sd_bus_message *reply, const struct archive_request *request)
{
	int r = append_journals(reply, request);

	return r < 0 ? r : sd_bus_message_append(reply, "b", (int)request->more);
}

/* Appends the contents of a reply. Negative errno. */
typedef int (*archive_build)(sd_bus_message *reply, const struct archive_request *request);

/* A call that is not answered yet. */
struct archive_call {
	struct pending_call call;
	archive_build build;
};

static void on_archive_reply(void *context, const struct archive_request *request)
{
	struct archive_call *pending = context;
	sd_bus_message *message = pending->call.message, *reply = NULL;
	int r;

	if (request->failure.reason) {
		pending_call_fail(&pending->call, &request->failure);
	} else if (pending->build == append_journals && request->more) {
		/* A caller would take a part for the whole. */
		sd_bus_reply_method_errorf(message, SD_BUS_ERROR_LIMITS_EXCEEDED,
			"there are more than %d journals: list them in pages with "
			"ListJournalsAfter",
			ARCHIVE_LIST_MAX);
	} else {
		r = sd_bus_message_new_method_return(message, &reply);
		if (r >= 0)
			r = pending->build(reply, request);
		pending_call_reply(&pending->call, reply, r);
	}
	pending_call_clear(&pending->call);
	g_free(pending);
}

static int request_archive(sd_bus_message *message, struct bus *bus,
	const struct archive_request *request, archive_build build)
{
	struct archive_call *pending = g_new(struct archive_call, 1);

	pending_call_init(&pending->call, bus->authorise, message);
	pending->build = build;
	manager_archive(bus->manager, request, on_archive_reply, pending);
	return 1;
}

static uint64_t owner_shown(const struct bus *bus)
{
	return authorise_may(bus->authorise, ACTION_CONTROL_ANY) ? ARCHIVE_UNLIMITED
								 : authorise_uid(bus->authorise);
}

static int method_list_journals(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct archive_request request = {
		.action = ARCHIVE_LIST,
		.query = { .owner = owner_shown(userdata), .count = ARCHIVE_LIST_MAX },
	};

	return request_archive(message, userdata, &request, append_journals);
}

static const struct bus_option page_options[] = {
	{ "Count", BUS_OPTION_NUMBER, offsetof(struct journal_query, count) },
	{ "Name", BUS_OPTION_STRING, offsetof(struct journal_query, name) },
	{ "Running", BUS_OPTION_BOOLEAN, offsetof(struct journal_query, running) },
};

static int method_list_journals_after(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct archive_request request = {
		.action = ARCHIVE_LIST,
		.query = { .owner = owner_shown(userdata), .count = ARCHIVE_PAGE_MAX },
	};
	struct journal_query *query = &request.query;
	int r = sd_bus_message_read(message, "t", &query->after);

	if (r >= 0)
		r = bus_options_read(
			message, page_options, G_N_ELEMENTS(page_options), query, error);
	if (r >= 0 && query->count > 0 && query->count <= ARCHIVE_PAGE_MAX)
		return request_archive(message, userdata, &request, append_page);
	g_free(query->name);
	return r < 0 ? r
		     : sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
			       "Count must be from 1 to %d journals", ARCHIVE_PAGE_MAX);
}

static int method_remove_journal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct archive_request request = { .action = ARCHIVE_REMOVE };
	int r = sd_bus_message_read(message, "t", &request.id);

	return r < 0 ? r : request_archive(message, userdata, &request, append_bytes);
}

struct vacuum_options {
	struct archive_limits limits;
	bool dry_run;
};

static const struct bus_option vacuum_options[] = {
	{ "Size", BUS_OPTION_NUMBER, offsetof(struct vacuum_options, limits.size) },
	{ "Age", BUS_OPTION_NUMBER, offsetof(struct vacuum_options, limits.age) },
	{ "Sessions", BUS_OPTION_NUMBER, offsetof(struct vacuum_options, limits.sessions) },
	{ "DryRun", BUS_OPTION_BOOLEAN, offsetof(struct vacuum_options, dry_run) },
};

static int method_vacuum(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct vacuum_options options = {
		.limits = { ARCHIVE_UNLIMITED, ARCHIVE_UNLIMITED, ARCHIVE_UNLIMITED },
	};
	struct archive_request request;
	int r = bus_options_read(
		message, vacuum_options, G_N_ELEMENTS(vacuum_options), &options, error);

	if (r < 0)
		return r;
	if (options.limits.size == ARCHIVE_UNLIMITED && options.limits.age == ARCHIVE_UNLIMITED &&
		options.limits.sessions == ARCHIVE_UNLIMITED)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION,
			"one of Size, Age and Sessions must be given");
	request = (struct archive_request){
		.action = options.dry_run ? ARCHIVE_PREVIEW : ARCHIVE_VACUUM,
		.query = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX },
		.limits = options.limits,
	};
	return request_archive(message, userdata, &request, append_removed);
}

static int method_open_journal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	auto_failure failure = { 0 };
	auto_fd fd = -1;
	uint64_t id;
	int r = sd_bus_message_read(message, "t", &id);

	if (r < 0)
		return r;
	r = state_directory_session_open(manager_state_directory(bus->manager), id, &fd);
	if (r == -ENOENT || r == -ENOTDIR) {
		failure_set(&failure, FAILURE_NO_SUCH_SESSION,
			"there is no journal of a session %" G_GUINT64_FORMAT, id);
		return bus_failure(&failure, error);
	}
	return r < 0 ? r : sd_bus_reply_method_return(message, "h", fd);
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("ListJournals", SD_BUS_NO_ARGS,
		SD_BUS_RESULT("a(ta{sv})", journals), method_list_journals,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("ListJournalsAfter", SD_BUS_ARGS("t", session, "a{sv}", options),
		SD_BUS_RESULT("a(ta{sv})", journals, "b", more), method_list_journals_after,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("OpenJournal", SD_BUS_ARGS("t", session),
		SD_BUS_RESULT("h", directory), method_open_journal, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("RemoveJournal", SD_BUS_ARGS("t", session),
		SD_BUS_RESULT("t", bytes), method_remove_journal, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Vacuum", SD_BUS_ARGS("a{sv}", options),
		SD_BUS_RESULT("a(tst)", journals, "t", bytes), method_vacuum,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int bus_serve_archive(struct bus *bus, sd_bus *connection)
{
	return sd_bus_add_object_vtable(
		connection, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, vtable, bus);
}
