/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resuming a follow stream after the daemon was restarted: the next daemon resumes the session, and
 * the client resumes the stream behind the last record that it read. Only follow-stream.c includes
 * this.
 */
#ifndef NFTTRACED_CLIENT_PRINT_FOLLOW_RECONNECT_H
#define NFTTRACED_CLIENT_PRINT_FOLLOW_RECONNECT_H

#include "client/print/follow-stream.h"

/* Waits for the daemon and asks for the rest. True if the stream was resumed; else *ret_end is one
 * of enum follow_stream_end. Also ends when the reader of `output_fd` has gone. */
bool follow_stream_resume(struct follow_stream *stream, int output_fd, int *ret_end);

/* Adds up the losses in a record of the stream. */
void follow_stream_count_gap(struct follow_stream *stream, const struct journal_entry *entry);

/* Called when there are no more records at the moment. Reports the gap on standard error, once,
 * when all that was recorded meanwhile was read. `last`: no more records will come. */
void follow_stream_report_gap(struct follow_stream *stream, bool last);

#endif
