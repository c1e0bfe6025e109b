/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways that a line of the log can go. Neither waits for whoever reads there: a system journal
 * that does not answer must not keep the daemon from its work. Both return what log_deliver does;
 * both are called under the log's lock.
 */
#ifndef NFTTRACED_DAEMON_BASE_LOG_SINK_H
#define NFTTRACED_DAEMON_BASE_LOG_SINK_H

#include <stddef.h>
#include <sys/uio.h>

/* What is written at once to a pipe is at most this long (PIPE_BUF): longer lines are cut. */
#define LOG_LINE_MAX 4096

/* Standard error. */
int log_to_console(int priority, const char *text);

/* The system journal, by its own protocol, as libsystemd has only a function that waits. */
int log_to_journal(int priority, const char *text);

/* Sends an entry of `count` fields, each "NAME=value", to the system journal. 0; -EAGAIN: it takes
 * none now; another negative errno: it can't be sent. Any thread. */
int log_sink_send(const struct iovec *fields, size_t count);

/* The journal's socket is there instead; for tests. The path stays the caller's. */
void log_sink_set_journal(const char *path);

#endif
