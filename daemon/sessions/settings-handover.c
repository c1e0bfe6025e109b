/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New settings are handed to the manager's parts; see settings-handover.h. */
#include "daemon/sessions/settings-handover.h"

#include "daemon/base/log.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/quota-job.h"

#define RETRY_USEC (100 * 1000) /* while the worker has too much to do */

struct handover {
	struct manager *manager;
	struct settings *settings;
	struct failure failure;
	char *warning;
};

static void handover_run(void *argument)
{
	struct handover *handover = argument;
	struct engine *engine = handover->manager->engine;

	engine_reconfigure(engine, handover->settings, &handover->failure);
	handover->warning = engine_warning(engine);
}

static void handover_free(struct handover *handover)
{
	settings_free(handover->settings);
	failure_clear(&handover->failure);
	g_free(handover->warning);
	g_free(handover);
}

static void handover_done(void *argument)
{
	struct handover *handover = argument;

	if (handover->failure.reason)
		log_error("AllowSystemChanges=yes is in force again, but tracing can't be switched "
			  "on: %s",
			handover->failure.reason);
	manager_status_refresh(handover->manager, handover->warning);
	handover_free(handover);
}

static void handover_submit(struct manager *manager)
{
	struct handover *handover = g_new0(struct handover, 1);

	handover->manager = manager;
	handover->settings = settings_ref(manager->settings);
	if (worker_submit(manager->worker, handover_run, handover_done, handover) == 0)
		return;
	handover_free(handover);
	sd_event_source_set_time_relative(manager->handover_timer, RETRY_USEC);
	sd_event_source_set_enabled(manager->handover_timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	handover_submit(userdata);
	return 0;
}

int manager_settings_begin(struct manager *manager)
{
	int r = sd_event_add_time_relative(manager->event, &manager->handover_timer,
		CLOCK_MONOTONIC, RETRY_USEC, 0, on_timer, manager);

	return r < 0 ? r : sd_event_source_set_enabled(manager->handover_timer, SD_EVENT_OFF);
}

int manager_summary_refresh(struct manager *manager)
{
	const struct settings *settings = manager->settings;
	const struct drop_summary_settings summary = {
		.interval = settings->drop_summary
			? settings->drop_summary_interval * G_USEC_PER_SEC
			: 0,
		.rules = settings->drop_summary_rules,
	};

	return manager->summary ? drop_summary_set(manager->summary, &summary) : 0;
}

void manager_reconfigure(struct manager *manager, const struct settings *settings)
{
	const struct settings *before = manager->settings;

	manager->settings = settings_ref(settings);
	settings_free(before);
	follow_set_max(manager->follow, (unsigned int)settings->followers_max, settings->ring_size);
	if (manager_summary_refresh(manager) < 0)
		log_error("the summary of drops keeps its interval: can't set a timer");
	handover_submit(manager);
	manager_quota_check(manager);
}
