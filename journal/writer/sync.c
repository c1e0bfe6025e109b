/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sync of a journal, see sync.h. */
#include "journal/writer/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"

struct journal_sync {
	gatomicrefcount references;
	_Atomic bool done;
	int dir_fd;
	bool names;
	bool names_stored;
	int error;
	GArray *files; /* of struct sync_file */
};

static void file_clear(void *context)
{
	struct sync_file *file = context;

	fd_close(&file->fd);
}

struct journal_sync *journal_sync_new(int dir_fd, bool names)
{
	auto_fd fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	struct journal_sync *sync;

	if (fd < 0)
		return NULL;
	sync = g_new0(struct journal_sync, 1);
	g_atomic_ref_count_init(&sync->references);
	sync->dir_fd = fd_steal(&fd);
	sync->names = names;
	sync->files = g_array_new(FALSE, FALSE, sizeof(struct sync_file));
	g_array_set_clear_func(sync->files, file_clear);
	return sync;
}

int journal_sync_add(struct journal_sync *sync, uint64_t number, int fd)
{
	struct sync_file file = { .number = number, .fd = -1, .result = SYNC_SKIPPED };

	if (fd >= 0) {
		file.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (file.fd < 0)
			return -errno;
	}
	g_array_append_val(sync->files, file);
	return 0;
}

static void failure_note(struct journal_sync *sync, int error)
{
	if (!sync->error)
		sync->error = error;
}

static void file_run(struct journal_sync *sync, struct sync_file *file)
{
	char name[SEGMENT_NAME_SIZE];

	if (file->fd < 0) {
		segment_name(file->number, name);
		file->fd =
			openat(sync->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file->fd < 0) {
			file->result = errno == ENOENT ? SYNC_STORED : SYNC_SKIPPED;
			return;
		}
	}
	file->result = SYNC_STORED;
	if (fdatasync(file->fd) < 0) {
		file->result = SYNC_FAILED;
		failure_note(sync, -errno);
	}
}

/* A file is lost without its name. If the names can't be synced no file counts as stored, since the
 * new ones are unknown. */
static void names_run(struct journal_sync *sync)
{
	/* Some file systems can't sync directories. */
	sync->names_stored = fsync(sync->dir_fd) == 0 || errno == EINVAL;
	if (sync->names_stored)
		return;
	failure_note(sync, -errno);
	for (guint i = 0; i < sync->files->len; i++)
		g_array_index(sync->files, struct sync_file, i).result = SYNC_FAILED;
}

void journal_sync_run(struct journal_sync *sync)
{
	if (journal_sync_done(sync))
		return;
	for (guint i = 0; i < sync->files->len; i++)
		file_run(sync, &g_array_index(sync->files, struct sync_file, i));
	if (sync->names)
		names_run(sync);
	atomic_store_explicit(&sync->done, true, memory_order_release);
}

bool journal_sync_done(const struct journal_sync *sync)
{
	return atomic_load_explicit(&sync->done, memory_order_acquire);
}

const GArray *journal_sync_files(const struct journal_sync *sync)
{
	return sync->files;
}

bool journal_sync_has_names(const struct journal_sync *sync)
{
	return sync->names_stored;
}

int journal_sync_error(const struct journal_sync *sync)
{
	return sync->error;
}

struct journal_sync *journal_sync_ref(struct journal_sync *sync)
{
	g_atomic_ref_count_inc(&sync->references);
	return sync;
}

struct journal_sync *journal_sync_unref(struct journal_sync *sync)
{
	if (!sync || !g_atomic_ref_count_dec(&sync->references))
		return NULL;
	g_array_unref(sync->files);
	fd_close(&sync->dir_fd);
	g_free(sync);
	return NULL;
}
