/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl top: shows the packets that rules drop, live. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/commands/command.h"
#include "client/report/top.h"
#include "client/terminal/screen.h"
#include "journal/base/amounts.h"
#include "journal/base/clock.h"

#define DELAY_DEFAULT 2.0 /* seconds */
#define DELAY_MIN     0.1
#define DELAY_MAX     86400.0
#define AWAY_USEC     (60 * G_USEC_PER_SEC) /* how long the daemon may be away */
#define ACCURACY      1000ULL /* us: rates are measured, but rounds should look regular */

struct live {
	sd_event *event;
	sd_event_source *timer;
	sd_bus *bus;
	sd_bus_slot *slot; /* of the pending call, or NULL */
	struct top *top;
	struct screen screen;
	bool drawn; /* on a screen, not printed by rounds */
	double delay; /* seconds */
	uint64_t rounds; /* to go; 0: endless */
	int64_t away; /* us, g_get_monotonic_time: when the daemon went away; 0: it is running */
	char *note; /* on the daemon's absence and return, or NULL */
	char *reason; /* why it ended, or NULL */
};

static void live_clear(struct live *live)
{
	screen_leave(&live->screen);
	sd_bus_slot_unref(live->slot);
	sd_event_source_disable_unref(live->timer);
	bus_unref(&live->bus);
	sd_event_unref(live->event);
	top_free(live->top);
	g_free(live->note);
	g_free(live->reason);
}

static char *title_text(const struct live *live)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_local();
	g_autofree char *time = g_date_time_format(now, "%H:%M:%S");

	return g_strdup_printf("nfttracectl top  %s  every %g s%s%s", time, live->delay,
		live->note ? "  " : "", live->note ? live->note : "");
}

static int draw_frame(struct live *live)
{
	g_autofree char *head = title_text(live);
	g_autofree char *lines = NULL;
	struct terminal_size size;
	auto_output output = { 0 };

	if (!live->drawn) {
		output_open(&output, STDOUT_FILENO);
		top_round(live->top, head, &output);
		return output_flush(&output);
	}
	if (terminal_size(STDOUT_FILENO, &size) < 0)
		return -ENOTTY;
	output_open(&output, OUTPUT_MEMORY);
	top_frame(live->top, head, &size, &output);
	lines = output_steal(&output);
	screen_draw(lines);
	return 0;
}

static int fail_live(struct live *live, char *reason)
{
	live->reason = reason;
	return sd_event_exit(live->event, EXIT_FAILED);
}

/* On a screen the note is part of the title. */
static void show_note(struct live *live, char *note)
{
	if (!live->drawn)
		fprintf(stderr, "nfttracectl: %s\n", note);
	g_free(live->note);
	live->note = note;
}

/* No answer came: the daemon may be restarting. */
static int note_absence(struct live *live)
{
	if (live->away)
		return 0;
	live->away = g_get_monotonic_time();
	show_note(live, g_strdup("nfttraced went away: waiting for it"));
	return live->drawn ? draw_frame(live) : 0;
}

static void note_return(struct live *live)
{
	char away[AMOUNT_SIZE];

	if (!live->away)
		return;
	show_note(live,
		g_strdup_printf("nfttraced is back after %s",
			amount_duration((uint64_t)(g_get_monotonic_time() - live->away), away)));
	live->away = 0;
}

/* A screen shows the first reading, too, without rates; it does not count as a round. */
static int take_reading(struct live *live, struct drop_list *list)
{
	int r = 0;

	top_take(live->top, list, clock_ns(CLOCK_MONOTONIC));
	if (live->drawn || top_has_rates(live->top))
		r = draw_frame(live);
	if (r == -EPIPE)
		return sd_event_exit(live->event, EXIT_DONE);
	if (r < 0)
		return fail_live(live,
			g_strdup_printf("standard output can't be written: %s", g_strerror(-r)));
	if (top_has_rates(live->top) && live->rounds > 0 && --live->rounds == 0)
		return sd_event_exit(live->event, EXIT_DONE);
	return 0;
}

static int on_reply(sd_bus_message *reply, void *context, sd_bus_error *error)
{
	struct live *live = context;
	struct drop_list *list = NULL;
	char *reason = NULL;
	int r;

	live->slot = sd_bus_slot_unref(live->slot);
	if (sd_bus_message_is_method_error(reply, NULL)) {
		r = bus_failure(sd_bus_message_get_error(reply), &reason);
		if (!bus_is_absence(r) || !top_has_reading(live->top))
			return fail_live(live, reason);
		g_free(reason);
		return note_absence(live);
	}
	if (drop_list_read(reply, &list, &reason) < 0)
		return fail_live(live, reason);
	note_return(live);
	return take_reading(live, list);
}

/* Connects again: to the daemon itself, or to a bus that may still be starting. */
static int bus_renew(struct live *live)
{
	int r;

	if (live->bus)
		sd_bus_detach_event(live->bus);
	bus_unref(&live->bus);
	r = bus_connect_private(&live->bus);
	if (r < 0)
		r = bus_connect_later(&live->bus);
	if (r >= 0)
		r = sd_bus_attach_event(live->bus, live->event, SD_EVENT_PRIORITY_NORMAL);
	return r;
}

static int send_call(struct live *live)
{
	auto_bus_message *message = NULL;
	int r = bus_call_new(
		live->bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "GetDropCounters", &message);

	if (r >= 0)
		r = sd_bus_message_append(message, "a{sv}", 0);
	if (r >= 0)
		r = sd_bus_call_async(
			live->bus, &live->slot, message, on_reply, live, BUS_TIMEOUT_USEC);
	return r;
}

/* Asks for the next reading, unless a call is pending. */
static int ask_counters(struct live *live)
{
	int r;

	if (live->away && g_get_monotonic_time() - live->away > AWAY_USEC)
		return fail_live(live,
			g_strdup("nfttraced went away and did not come back: "
				 "'systemctl status nfttraced' may say why"));
	if (live->slot)
		return 0;
	r = live->bus && sd_bus_is_open(live->bus) != 0 ? send_call(live) : -ENOTCONN;
	if (r != -ENOTCONN && r != -ECONNRESET)
		return r < 0
			? fail_live(live,
				  g_strdup_printf("the call can't be made: %s", g_strerror(-r)))
			: 0;
	/* The next round uses the new connection. */
	if (bus_renew(live) < 0)
		bus_unref(&live->bus);
	return note_absence(live);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct live *live = context;
	int r = sd_event_source_set_time_relative(source, (uint64_t)(live->delay * G_USEC_PER_SEC));

	if (r >= 0)
		r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return r < 0 ? r : ask_counters(live);
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct live *live = context;

	return sd_event_exit(live->event, EXIT_DONE);
}

static int on_resize(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct live *live = context;

	return top_has_reading(live->top) ? draw_frame(live) : 0;
}

/* Ctrl-Z: the shell gets its terminal back until it resumes us. */
static int on_suspend(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct live *live = context;

	screen_leave(&live->screen);
	raise(SIGSTOP);
	screen_enter(&live->screen);
	return top_has_reading(live->top) ? draw_frame(live) : 0;
}

static int on_key(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct live *live = context;
	char key;
	ssize_t length = read(fd, &key, sizeof(key));

	if (length < 0 && errno == EINTR)
		return 0;
	if (length <= 0)
		return sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return key == 'q' || key == 'Q' ? sd_event_exit(live->event, EXIT_DONE) : 0;
}

static int add_signals(struct live *live)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t signals;
	int r = 0;

	sigemptyset(&signals);
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		sigaddset(&signals, ends[i]);
	if (live->drawn) {
		sigaddset(&signals, SIGWINCH);
		sigaddset(&signals, SIGTSTP);
	}
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(ends); i++)
		r = sd_event_add_signal(live->event, NULL, ends[i], on_end, live);
	if (r >= 0 && live->drawn)
		r = sd_event_add_signal(live->event, NULL, SIGWINCH, on_resize, live);
	if (r >= 0 && live->drawn)
		r = sd_event_add_signal(live->event, NULL, SIGTSTP, on_suspend, live);
	return r;
}

static int set_up(struct live *live)
{
	int r = sd_event_default(&live->event);

	if (r >= 0)
		r = add_signals(live);
	if (r >= 0)
		r = sd_bus_attach_event(live->bus, live->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_event_add_time_relative(
			live->event, &live->timer, CLOCK_MONOTONIC, 0, ACCURACY, on_timer, live);
	if (r >= 0 && live->drawn && isatty(STDIN_FILENO))
		r = sd_event_add_io(live->event, NULL, STDIN_FILENO, EPOLLIN, on_key, live);
	return r;
}

static int run_live(struct live *live)
{
	int r;

	if (bus_connect(&live->bus, &live->reason) < 0)
		return command_failed(live->reason);
	live->top = top_new();
	live->drawn = screen_possible();
	r = set_up(live);
	if (r >= 0 && live->drawn)
		screen_enter(&live->screen);
	if (r >= 0)
		r = sd_event_loop(live->event);
	screen_leave(&live->screen);
	if (r < 0)
		live->reason = g_strdup_printf("the event loop failed: %s", g_strerror(-r));
	return live->reason ? command_failed(live->reason) : EXIT_DONE;
}

int command_top(const struct command *command, int argc, char **argv)
{
	__attribute__((cleanup(live_clear))) struct live live = { .delay = DELAY_DEFAULT };
	g_autofree char *rounds = NULL;
	const GOptionEntry entries[] = {
		{ "delay", 'd', 0, G_OPTION_ARG_DOUBLE, &live.delay,
			"Seconds from one reading to the next (default: 2)", "SECONDS" },
		{ "rounds", 'n', 0, G_OPTION_ARG_STRING, &rounds,
			"Exit after this many rounds (default: at q or Ctrl-C)", "ROUNDS" },
		{ 0 },
	};

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (!(live.delay >= DELAY_MIN && live.delay <= DELAY_MAX))
		return command_usage(command, "-d takes seconds, from 0.1 to 86400");
	if (rounds && (parse_count(rounds, &live.rounds) < 0 || live.rounds == 0))
		return command_usage(command, "-n takes a number, 1 or more");
	return run_live(&live);
}
