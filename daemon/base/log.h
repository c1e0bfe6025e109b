/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log: structured records in the system journal when that is where standard error
 * goes, plain lines on standard error otherwise. It never waits for who reads there: what is not
 * taken at once is kept, up to LOG_QUEUE_SIZE, and tried again by the event loop; what is beyond
 * that is counted, and told of when lines pass again. Any thread may log; the rest is main()'s and
 * the control thread's.
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

/* Finds out where standard error goes; before it, lines go to standard error. */
void log_open(void);

/* From now on `event` tries again to deliver what waits. Negative errno. */
int log_attach(sd_event *event);

/* The last: lines that wait are tried for so long. The event loop is left alone from now on. */
void log_finish(uint64_t usec);

/* Lines that came to nothing, ever. */
uint64_t log_discarded(void);

/* What is less important than `priority`, LOG_INFO at first, is left out from now on. */
void log_set_level(int priority);
int log_level(void);

void log_set_target(enum log_target target);
/* Where lines go: not LOG_TARGET_AUTO but what that means here. */
enum log_target log_target(void);

/* True if it goes to the system journal. */
bool log_is_journal(void);

/* One line of `priority` (LOG_ERR, ...). Text in it is escaped: it may hold what others chose. */
void log_message(int priority, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same of text that is escaped already. */
void log_escaped(int priority, const char *text);

#define log_error(...)   log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_message(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, __VA_ARGS__)

#endif
