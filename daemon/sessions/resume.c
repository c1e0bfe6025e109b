/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resuming the sessions of the last daemon, before the first call is answered; see resume.h. */
#include "daemon/sessions/resume.h"

#include <inttypes.h>

#include "daemon/base/log.h"
#include "daemon/filter/filter.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/session-control.h"

/* Compiles the filters in this thread: they have been compiled before, so they do not take long. */
static void compile_filters(GArray *requests)
{
	for (guint i = 0; i < requests->len; i++) {
		struct engine_request *request = &g_array_index(requests, struct engine_request, i);
		g_autofree char *reason = NULL;
		const char *expression = request->options->filter;

		if (*expression && engine_request_resumes(request) &&
			filter_new(expression, &request->filter, &reason) < 0)
			failure_set(&request->failure, FAILURE_INVALID_FILTER, "%s", reason);
	}
}

static void run_requests(struct engine *engine, GArray *requests)
{
	g_autoptr(GPtrArray) good = g_ptr_array_new();

	for (guint i = 0; i < requests->len; i++) {
		struct engine_request *request = &g_array_index(requests, struct engine_request, i);

		if (!request->failure.reason && engine_request_resumes(request))
			g_ptr_array_add(good, request);
	}
	engine_run(engine, (struct engine_request *const *)good->pdata, good->len);
}

static void take_session(
	struct manager *manager, struct engine_request *request, struct saved_session *resumed)
{
	if (request->failure.reason) {
		log_error("session %" PRIu64 " can't be resumed: %s", resumed->id,
			request->failure.reason);
		engine_abandon(manager->engine, request);
	} else {
		if (request->warning)
			log_warning("session %" PRIu64 ": %s", resumed->id, request->warning);
		manager_session_take(manager, &request->begun, resumed);
	}
	failure_clear(&request->failure);
	filter_free(request->filter);
	g_free(request->warning);
}

void manager_resume(struct manager *manager, GArray *requests)
{
	compile_filters(requests);
	run_requests(manager->engine, requests);
	for (guint i = 0; i < requests->len; i++) {
		struct engine_request *request = &g_array_index(requests, struct engine_request, i);

		if (engine_request_resumes(request))
			take_session(manager, request, (struct saved_session *)request->resumed);
	}
	engine_inherit_end(manager->engine, requests);
	/* Some may have reached their limit. */
	manager_attend(manager);
}
