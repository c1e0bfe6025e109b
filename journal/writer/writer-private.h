/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of the journal writer, for writer.c and writer-sync.c. */
#ifndef NFTTRACED_JOURNAL_WRITER_WRITER_PRIVATE_H
#define NFTTRACED_JOURNAL_WRITER_WRITER_PRIVATE_H

#include "journal/writer/retention.h"
#include "journal/writer/segment.h"
#include "journal/writer/unsynced.h"
#include "journal/writer/writer.h"

struct journal_writer {
	int dir_fd;
	uint64_t session;
	char *start;
	char *settings;
	struct journal_limits limits;

	struct segment segment;
	uint64_t head_end; /* of the segment: where its dictionaries end */
	struct segment_totals totals; /* of the segment */
	struct retention retention; /* of those before it */
	struct unsynced unsynced;
	bool spoilt; /* the segment lost bytes: no more are written to it */

	struct journal_loss unreported; /* removed by retention, record not yet written */

	uint8_t *stage; /* records of events that were taken, JOURNAL_STAGE_SIZE bytes */
	size_t staged; /* bytes of them */
	size_t last; /* where the last of them begins */
	size_t ready; /* events that end before this need no more checks */
	struct segment_totals lost; /* staged events lost since the last flush */
	int lost_error; /* why; 0: none were */
	int error; /* of the last write; 0: none */
	uint64_t retry_at; /* ms: events are refused until then */
};

#endif
