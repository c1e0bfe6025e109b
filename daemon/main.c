/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfttraced: reads the command line and the configuration, creates the parts, and runs the event
 * loop until SIGTERM. An error before that is one sentence on standard error and exit status 1, or
 * 2 for an invalid command line and 78 for an invalid configuration, after which a restart does not
 * help. All of it is on the control thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "config.h"
#include "daemon/base/log.h"
#include "daemon/base/memory-limit.h"
#include "daemon/base/service.h"
#include "daemon/bus/bus.h"
#include "daemon/bus/memory.h"
#include "daemon/filter/filter.h"
#include "daemon/names/resolver-client.h"
#include "daemon/pipeline/module-watch.h"
#include "daemon/sessions/configured-sessions.h"
#include "daemon/sessions/features.h"
#include "daemon/sessions/manager.h"
#include "daemon/sessions/pipeline-state.h"
#include "daemon/sessions/reload.h"
#include "daemon/sessions/status.h"

#define EXIT_USAGE         2
#define EXIT_CONFIGURATION 78 /* EX_CONFIG of sysexits.h */

#define BOOT_USEC (20 * G_USEC_PER_SEC)
#define LOG_USEC  (1 * G_USEC_PER_SEC) /* for the last lines of the log */

#define HEAP_ARENAS 2 /* one for the control thread, and one for all others */
#define HEAP_BLOCK  (128 << 10) /* bytes: larger blocks return to the system when they are freed */

struct command_line {
	char *config;
	char *state_directory;
	char *attach;
	gboolean version;
};

static void command_line_clear(struct command_line *line)
{
	g_free(line->config);
	g_free(line->state_directory);
	g_free(line->attach);
}

struct daemon {
	struct settings *settings;
	struct state_directory *state;
	sd_event *event;
	struct recorder *recorder;
	struct bus *bus;
	struct manager *manager;
	struct module_watch *modules;
	struct service *service;
	struct reload *reload;
	const struct command_line *line;
};

static int report_usage(const char *message)
{
	fprintf(stderr, "nfttraced: %s; see nfttraced --help\n", message);
	return EXIT_USAGE;
}

static int override_attach(
	struct settings *settings, const struct command_line *line, char **ret_reason)
{
	return line->attach
		? settings_override(settings, "--attach", "Attach", line->attach, ret_reason)
		: 0;
}

static int check_values(const struct command_line *line, char **ret_reason)
{
	auto_settings *settings = settings_new();

	return override_attach(settings, line, ret_reason);
}

/* 0 to continue, or the exit status + 1. */
static int parse_command_line(int argc, char **argv, struct command_line *ret)
{
	const GOptionEntry entries[] = {
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &ret->config,
			"Read this configuration instead of " NFTTRACED_CONFIG_FILE, "FILE" },
		{ "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &ret->state_directory,
			"Keep journals here", "DIRECTORY" },
		{ "attach", 0, 0, G_OPTION_ARG_STRING, &ret->attach,
			"How to attach: auto, kprobe, fentry", "MODE" },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &ret->version, "Print the version and exit",
			NULL },
		G_OPTION_ENTRY_NULL,
	};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- records what nftables does to packets");
	g_autoptr(GError) error = NULL;
	g_autofree char *reason = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		return report_usage(error->message) + 1;
	if (argc > 1) {
		g_autofree char *message = g_strdup_printf("unexpected argument \"%s\"", argv[1]);

		return report_usage(message) + 1;
	}
	if (check_values(ret, &reason) < 0)
		return report_usage(reason) + 1;
	if (ret->version) {
		puts("nfttraced " NFTTRACED_VERSION);
		return EXIT_SUCCESS + 1;
	}
	return 0;
}

/* Smaller sizes are better than a service that the kernel kills. */
static void fit_memory(struct settings *settings)
{
	uint64_t limit = memory_limit(NULL, NULL);
	g_autofree char *notice = NULL;

	if (limit != MEMORY_UNLIMITED)
		notice = memory_fit(settings, memory_cpus(), limit);
	if (notice)
		log_warning("%s", notice);
}

static int load_settings(const struct command_line *line, struct settings **ret, char **ret_reason)
{
	auto_settings *settings = settings_new();
	int r = settings_load(settings, line->config, ret_reason);

	if (r == 0)
		r = override_attach(settings, line, ret_reason);
	if (r == 0 && line->state_directory) {
		g_autofree char *path = g_canonicalize_filename(line->state_directory, NULL);

		r = settings_override(settings, "--state-dir", "StateDirectory", path, ret_reason);
	}
	if (r == 0) {
		fit_memory(settings);
		*ret = g_steal_pointer(&settings);
	}
	return r;
}

static void on_end(void *context)
{
	struct daemon *daemon = context;

	manager_end(daemon->manager);
}

static void on_reload(void *context)
{
	struct daemon *daemon = context;

	reload_request(daemon->reload);
}

static void on_reloading(void *context)
{
	const struct daemon *daemon = context;

	service_reloading(daemon->service);
}

static int reload_settings(void *context, struct settings **ret, char **ret_reason)
{
	const struct daemon *daemon = context;

	return load_settings(daemon->line, ret, ret_reason);
}

static void on_reloaded(void *context, char *trouble)
{
	struct daemon *daemon = context;

	service_reloaded(daemon->service, trouble ? g_strdup(MISCONFIGURED_PUBLIC) : NULL);
	g_free(trouble);
}

static void report_status(void *context)
{
	const struct daemon *daemon = context;
	unsigned int sessions = manager_sessions(daemon->manager)->len;
	/* Every user sees the status. */
	const char *problem = manager_problem_public(daemon->manager);
	struct manager_status status;

	manager_status(daemon->manager, &status);
	service_status(daemon->service, "%u session%s%s%s%s%s", sessions, sessions == 1 ? "" : "s",
		status.engine.armed ? ", armed" : "", daemon->bus->named ? "" : ", no bus",
		*problem ? ": " : "", problem);
}

static bool on_alive(void *context)
{
	struct daemon *daemon = context;

	return recorder_alive(daemon->recorder);
}

static void on_module(void *context, enum module_change change)
{
	struct daemon *daemon = context;

	manager_module_changed(daemon->manager, change == MODULE_ADDED);
}

/* Streams of many sessions need more descriptors than the default soft limit, which is low for
 * programs that use select(). Without descriptors a journal could not start its next segment. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* By default glibc keeps the memory of a burst, such as a large message, and an arena for each
 * thread. */
static void limit_heap(void)
{
	mallopt(M_ARENA_MAX, HEAP_ARENAS);
	mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK);
	mallopt(M_TRIM_THRESHOLD, HEAP_BLOCK);
}

static int add_sources(struct daemon *daemon)
{
	const struct service_ops ops = {
		.context = daemon,
		.end = on_end,
		.reload = on_reload,
		.alive = on_alive,
	};
	const struct reload_ops reload_ops = {
		.context = daemon,
		.started = on_reloading,
		.load = reload_settings,
		.done = on_reloaded,
	};
	int r;

	daemon->reload = reload_new(daemon->manager, &reload_ops);
	r = service_new(daemon->event, &ops, &daemon->service);
	return r < 0 ? r : module_watch_new(daemon->event, on_module, daemon, &daemon->modules);
}

/* The daemon is ready when each configured session runs or has failed; slow ones continue in the
 * event loop. */
static int await_configured(struct daemon *daemon)
{
	const struct configured *configured = manager_configured(daemon->manager);
	int64_t end = g_get_monotonic_time() + BOOT_USEC;
	int r = 0;

	while (r >= 0 && !configured_sessions_is_idle(configured) &&
		!manager_is_ending(daemon->manager)) {
		int64_t left = end - g_get_monotonic_time();

		if (left <= 0)
			return 0;
		r = sd_event_run(daemon->event, (uint64_t)left);
	}
	return r;
}

static int daemon_set_up(struct daemon *daemon, char **ret_reason)
{
	auto_failure failure = { 0 };
	static const struct bus_ops bus_ops = { .changed = report_status };
	int r;

	/* They fork: before there are threads and descriptors, which a child would inherit. */
	r = filter_compiler_start();
	if (r >= 0)
		r = resolver_start();
	if (r < 0) {
		*ret_reason = g_strdup_printf("can't start a process: %s", g_strerror(-r));
		return r;
	}
	r = state_directory_open(daemon->settings->state_directory, &daemon->state, ret_reason);
	if (r < 0)
		return r;
	r = sd_event_default(&daemon->event);
	if (r >= 0)
		r = log_attach(daemon->event);
	if (r >= 0)
		r = recorder_new(&daemon->recorder);
	if (r >= 0)
		r = manager_new(daemon->event, daemon->settings, daemon->state, daemon->recorder,
			&daemon->manager, &failure);
	if (r >= 0)
		r = add_sources(daemon);
	if (r >= 0) {
		daemon->bus = bus_new(daemon->event, &bus_ops, daemon);
		/* Before calls are accepted: they could take the names of configured sessions. */
		configured_sessions_apply(manager_configured(daemon->manager), daemon->settings);
		r = await_configured(daemon);
	}
	if (r >= 0)
		r = bus_serve(daemon->bus, daemon->manager);
	if (r < 0 && !*ret_reason)
		*ret_reason = failure.reason ? g_steal_pointer(&failure.reason)
					     : g_strdup_printf("can't start: %s", g_strerror(-r));
	return r;
}

static void announce_ready(struct daemon *daemon)
{
	struct manager_status status;

	manager_status(daemon->manager, &status);
	if (status.engine.open)
		log_info("ready: %s on __nft_trace_packet, %s, %" PRIu64 " KiB of ring buffer",
			attach_mode_name(status.engine.attach), status.engine.layout,
			daemon->settings->ring_size >> 10);
	else
		log_info("ready: %s", manager_problem(daemon->manager));
	report_status(daemon);
	service_ready(daemon->service);
}

static void daemon_clear(struct daemon *daemon)
{
	module_watch_free(daemon->modules);
	reload_free(daemon->reload);
	manager_free(daemon->manager);
	bus_free(daemon->bus);
	service_free(daemon->service);
	filter_compiler_stop();
	resolver_stop();
	if (daemon->recorder &&
		!recorder_end(daemon->recorder, daemon->settings->sync_timeout * G_USEC_PER_SEC)) {
		/* The disk thread still uses the rest. */
		log_error("the disk does not answer: the ends of journals may be missing");
		log_finish(LOG_USEC);
		_exit(EXIT_FAILURE);
	}
	recorder_free(daemon->recorder);
	sd_event_unref(daemon->event);
	state_directory_free(daemon->state);
	settings_free(daemon->settings);
}

/* Returns the exit status. */
static int daemon_run(struct daemon *daemon)
{
	g_autofree char *reason = NULL;
	int r = daemon_set_up(daemon, &reason);

	if (r < 0) {
		log_error("%s", reason);
		return EXIT_FAILURE;
	}
	announce_ready(daemon);
	r = sd_event_loop(daemon->event);
	if (r < 0)
		log_error("the event loop failed: %s", g_strerror(-r));
	else
		log_info("ended");
	return r < 0 || daemon->bus->refused ? EXIT_FAILURE : r;
}

int main(int argc, char **argv)
{
	__attribute__((cleanup(command_line_clear))) struct command_line line = { 0 };
	struct daemon daemon = { 0 };
	g_autofree char *reason = NULL;
	int status;

	setlocale(LC_ALL, "");
	status = parse_command_line(argc, argv, &line);
	if (status > 0)
		return status - 1;
	log_open();
	limit_heap();
	service_block_signals();
	raise_descriptor_limit();

	daemon.line = &line;
	if (load_settings(&line, &daemon.settings, &reason) < 0 || !daemon.settings ||
		settings_filters_check(daemon.settings, &reason) < 0) {
		log_error("%s", reason);
		status = EXIT_CONFIGURATION;
	} else {
		status = daemon_run(&daemon);
	}
	daemon_clear(&daemon);
	log_finish(LOG_USEC);
	return status;
}
