/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log: structured records in the system journal if standard error goes there, plain
 * lines on standard error otherwise. It never waits for the reader: lines that are not taken at
 * once are queued, up to LOG_QUEUE_SIZE, and the event loop tries them again; further ones are
 * discarded, counted, and reported when lines are taken again. Any thread may log; the other
 * functions are for main() and the control thread.
 */
#ifndef NFTTRACED_DAEMON_BASE_LOG_H
#define NFTTRACED_DAEMON_BASE_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>
#include <systemd/sd-event.h>

enum log_target {
	LOG_TARGET_AUTO, /* the journal if standard error goes there, else standard error */
	LOG_TARGET_JOURNAL,
	LOG_TARGET_CONSOLE, /* standard error */
	LOG_TARGET_NULL,
};

#define LOG_IDENTIFIER "nfttraced"

/* Finds out where standard error goes; until then, lines go to standard error. */
void log_open(void);

/* Has `event` deliver lines that wait. Negative errno. */
int log_attach(sd_event *event);

/* To be called last: tries to deliver the lines that wait, for at most `usec`. Detaches the log
 * from the event loop. */
void log_finish(uint64_t usec);

/* The number of lines that were discarded since the start. */
uint64_t log_discarded(void);

/* Sets the least important priority that is logged; LOG_INFO at first. */
void log_set_level(int priority);
int log_level(void);

void log_set_target(enum log_target target);
/* Where lines go; never LOG_TARGET_AUTO. */
enum log_target log_target(void);

/* True if it goes to the system journal. */
bool log_is_journal(void);

/* Logs one line of `priority` (LOG_ERR, ...). Its text is escaped: parts of it may be chosen by
 * users. */
void log_message(int priority, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Logs text that is escaped already. */
void log_escaped(int priority, const char *text);

#define log_error(...)   log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, __VA_ARGS__)

#endif
