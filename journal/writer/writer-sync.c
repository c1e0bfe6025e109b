/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syncs of the journal writer, see writer.h. */
#include <errno.h>

#include "journal/writer/writer-private.h"

struct journal_sync *journal_writer_sync_begin(struct journal_writer *writer)
{
	return unsynced_sync(&writer->unsynced, writer->dir_fd, writer->segment.fd);
}

bool journal_writer_sync_is_due(const struct journal_writer *writer)
{
	return writer->unsynced.flying && journal_sync_done(writer->unsynced.flying);
}

int journal_writer_sync_end(struct journal_writer *writer, struct journal_unstored *ret)
{
	struct unsynced_outcome outcome;

	unsynced_end(&writer->unsynced, &writer->retention, writer->dir_fd, &outcome);
	if (outcome.current) {
		writer->totals.events -= outcome.current_events;
		writer->spoilt = true;
		writer->ready = 0;
	}
	*ret = outcome.unstored;
	return outcome.error;
}

static void unstored_add(struct journal_unstored *sum, const struct journal_unstored *more)
{
	if (more->lost.count)
		journal_loss_merge(&sum->lost, &more->lost);
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (more->losses[i].until)
			journal_loss_merge(&sum->losses[i], &more->losses[i]);
	}
}

int journal_writer_sync(struct journal_writer *writer, struct journal_unstored *ret)
{
	struct journal_unstored more;
	struct journal_sync *sync;
	int r = 0;

	*ret = (struct journal_unstored){ 0 };
	if (writer->unsynced.flying) {
		journal_sync_run(writer->unsynced.flying);
		r = journal_writer_sync_end(writer, ret);
	}
	sync = journal_writer_sync_begin(writer);
	if (sync) {
		int again;

		journal_sync_run(sync);
		journal_sync_unref(sync);
		again = journal_writer_sync_end(writer, &more);
		unstored_add(ret, &more);
		r = r < 0 ? r : again;
	}
	/* Segments without a descriptor are not on the disk, either. */
	return r == 0 && writer->unsynced.bytes ? -EMFILE : r;
}

void journal_writer_waiting(const struct journal_writer *writer, struct journal_waiting *ret)
{
	*ret = (struct journal_waiting){
		.bytes = writer->unsynced.bytes,
		.events = writer->unsynced.events,
		.since = writer->unsynced.since,
		.fresh = writer->unsynced.began,
	};
}
