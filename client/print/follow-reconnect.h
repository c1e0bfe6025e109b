/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A follow pipe whose daemon has gone: the next daemon goes on with the session, and this with the pipe,
 * behind the last record that was read. Only follow-stream.c includes this.
 */
#ifndef NFTTRACED_CLIENT_PRINT_FOLLOW_RECONNECT_H
#define NFTTRACED_CLIENT_PRINT_FOLLOW_RECONNECT_H

#include "client/print/follow-stream.h"

/* Waits for the daemon and asks for the rest: true when the stream goes on; else *ret_end, one of enum
 * follow_stream_end. `output_fd` is looked at for its reader's going. */
bool follow_stream_return(struct follow_stream *stream, int output_fd, int *ret_end);

/* A record of the stream passes: what is missing is added up. */
void follow_stream_return_count(struct follow_stream *stream, const struct journal_entry *entry);

/* There are no more at the moment: tells once, on standard error, when all that was recorded meanwhile
 * was read. `last`: there will not be any more. */
void follow_stream_return_tell(struct follow_stream *stream, bool last);

#endif
