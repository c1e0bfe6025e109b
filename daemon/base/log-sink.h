/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where lines of the log go. Neither function waits for the reader: a system journal that hangs
 * must not stop the daemon. Both return what log_deliver does, and are called under the log's lock.
 */
#ifndef NFTTRACED_DAEMON_BASE_LOG_SINK_H
#define NFTTRACED_DAEMON_BASE_LOG_SINK_H

#include <stddef.h>
#include <sys/uio.h>

/* Longer lines are cut: a pipe takes this much at once (PIPE_BUF). */
#define LOG_LINE_MAX 4096

/* Standard error. */
int log_to_console(int priority, const char *text);

/* The system journal, by its native protocol: the function of libsystemd may wait. */
int log_to_journal(int priority, const char *text);

/* Sends an entry of `count` fields, each "NAME=value", to the system journal. -EAGAIN: it takes
 * none now; another negative errno: it can't be sent. Any thread. */
int log_sink_send(const struct iovec *fields, size_t count);

/* Sets the path of the journal's socket, borrowed; for tests. */
void log_sink_set_journal(const char *path);

#endif
