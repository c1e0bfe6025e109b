/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inventory of journals, see inventory.h. */
#include "daemon/journals/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journals/archive.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"
#include "journal/format/segment-names.h"

#define BLOCK_SIZE  512 /* of st_blocks */
#define EVENTS_SIZE (16 << 10) /* bytes of what inotify tells that are taken at a time */
#define COMES       (IN_CREATE | IN_MOVED_TO)
#define GOES        (IN_DELETE | IN_MOVED_FROM)
#define READ_USEC   (600 * G_USEC_PER_SEC) /* what was read is believed for so long */

static struct inventory_journal *at(const GArray *journals, unsigned int index)
{
	return &g_array_index(journals, struct inventory_journal, index);
}

static bool is_among(const GArray *ids, uint64_t id)
{
	for (unsigned int i = 0; i < ids->len; i++) {
		if (g_array_index(ids, uint64_t, i) == id)
			return true;
	}
	return false;
}

static void remove_id(GArray *journals, uint64_t id)
{
	for (unsigned int i = 0; i < journals->len; i++) {
		if (at(journals, i)->id == id) {
			g_array_remove_index(journals, i);
			return;
		}
	}
}

static bool ended_before(const struct inventory_journal *a, const struct inventory_journal *b)
{
	return a->ended != b->ended ? a->ended < b->ended : a->id < b->id;
}

static int compare_ends(const void *one, const void *other)
{
	return ended_before(one, other) ? -1 : ended_before(other, one);
}

/* Where it belongs: the end, nearly always. */
static void insert_ended(GArray *ended, const struct inventory_journal *journal)
{
	unsigned int index = ended->len;

	while (index > 0 && ended_before(journal, at(ended, index - 1)))
		index--;
	g_array_insert_val(ended, index, *journal);
}

static uint64_t usec_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * G_USEC_PER_SEC + (uint64_t)time->tv_nsec / 1000;
}

/* Finds out what it has on disk. *ret_written: somebody writes it. */
static int measure(
	const struct state_directory *state, struct inventory_journal *journal, bool *ret_written)
{
	g_autoptr(GArray) segments = NULL;
	char name[SEGMENT_NAME_SIZE];
	auto_fd fd = -1;
	int r = state_directory_session_open(state, journal->id, &fd);

	if (r >= 0)
		r = state_counted(segment_list(fd, &segments));
	if (r < 0)
		return r;
	journal->bytes = 0;
	for (unsigned int i = 0; i < segments->len; i++) {
		struct stat status;

		segment_name(g_array_index(segments, uint64_t, i), name);
		if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		journal->bytes += (uint64_t)status.st_blocks * BLOCK_SIZE;
		journal->ended = MAX(journal->ended, usec_of(&status.st_mtim));
	}
	*ret_written = segments->len > 0 && archive_is_written(fd, name);
	return 0;
}

static void find_owner(const struct state_directory *state, struct inventory_journal *journal)
{
	uid_t owner;

	if (journal->owner == ARCHIVE_UNLIMITED && archive_owner(state, journal->id, &owner) == 0)
		journal->owner = owner;
}

enum condition {
	GONE,
	RUNS,
	ENDED,
};

static enum condition examine(
	const struct inventory *inventory, const GArray *running, struct inventory_journal *journal)
{
	bool written = false;

	int r = measure(inventory->state, journal, &written);

	if (r == -ENOENT || r == -ENOTDIR)
		return GONE;
	/* It is there, and looked at again. */
	if (r < 0)
		return RUNS;
	if (inventory->depth == INVENTORY_OWNERS)
		find_owner(inventory->state, journal);
	return written || is_among(running, journal->id) ? RUNS : ENDED;
}

static int read_all(struct inventory *inventory, const GArray *running)
{
	g_autoptr(GArray) ids = NULL;
	int r = state_directory_session_ids(inventory->state, &ids);

	if (r < 0)
		return r;
	g_array_set_size(inventory->ended, 0);
	g_array_set_size(inventory->others, 0);
	for (unsigned int i = 0; i < ids->len; i++) {
		struct inventory_journal journal = {
			.id = g_array_index(ids, uint64_t, i),
			.owner = ARCHIVE_UNLIMITED,
		};
		enum condition condition = examine(inventory, running, &journal);

		if (condition != GONE)
			g_array_append_val(
				condition == RUNS ? inventory->others : inventory->ended, journal);
	}
	g_array_sort(inventory->ended, compare_ends);
	inventory->read = true;
	inventory->read_at = g_get_monotonic_time();
	return 0;
}

static void measure_others(struct inventory *inventory, const GArray *running)
{
	for (unsigned int i = inventory->others->len; i-- > 0;) {
		struct inventory_journal *journal = at(inventory->others, i);
		enum condition condition = examine(inventory, running, journal);

		if (condition == ENDED)
			insert_ended(inventory->ended, journal);
		if (condition != RUNS)
			g_array_remove_index_fast(inventory->others, i);
	}
}

static void take_event(struct inventory *inventory, const struct inotify_event *event)
{
	struct inventory_journal journal = { .owner = ARCHIVE_UNLIMITED };

	/* Some were dropped, or the directory is not where it was. */
	if (!(event->mask & (COMES | GOES)))
		inventory->read = false;
	if (event->len == 0 || !state_directory_session_id(event->name, &journal.id))
		return;
	remove_id(inventory->ended, journal.id);
	remove_id(inventory->others, journal.id);
	if (event->mask & COMES)
		g_array_append_val(inventory->others, journal);
}

static void take_events(struct inventory *inventory)
{
	g_autofree char *bytes = g_malloc(EVENTS_SIZE);
	ssize_t size;

	while ((size = read(inventory->fd, bytes, EVENTS_SIZE)) > 0) {
		for (ssize_t i = 0; i < size;) {
			const struct inotify_event *event = (const void *)(bytes + i);

			take_event(inventory, event);
			i += (ssize_t)(sizeof(*event) + event->len);
		}
	}
}

/* Without it everything is read at each look. */
static void watch(struct inventory *inventory)
{
	inventory->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (inventory->fd >= 0 &&
		inotify_add_watch(inventory->fd, state_directory_path(inventory->state),
			COMES | GOES | IN_ONLYDIR) < 0)
		fd_close(&inventory->fd);
}

struct inventory *inventory_new(const struct state_directory *state)
{
	struct inventory *inventory = g_new0(struct inventory, 1);

	inventory->state = state;
	inventory->fd = -1;
	inventory->ended = g_array_new(FALSE, FALSE, sizeof(struct inventory_journal));
	inventory->others = g_array_new(FALSE, FALSE, sizeof(struct inventory_journal));
	watch(inventory);
	return inventory;
}

int inventory_look(struct inventory *inventory, const GArray *running, enum inventory_depth depth)
{
	if (depth > inventory->depth) {
		inventory->depth = depth;
		inventory->read = false;
	}
	/* Before anything is read: what comes and goes meanwhile is told of. */
	if (inventory->fd >= 0)
		take_events(inventory);
	if (inventory->fd < 0 || !inventory->read)
		return read_all(inventory, running);
	measure_others(inventory, running);
	return 0;
}

int inventory_verify(struct inventory *inventory, const GArray *running)
{
	if (g_get_monotonic_time() - inventory->read_at < READ_USEC)
		return 0;
	return read_all(inventory, running);
}

static uint64_t sum(const GArray *journals)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < journals->len; i++)
		bytes += at(journals, i)->bytes;
	return bytes;
}

uint64_t inventory_bytes(const struct inventory *inventory)
{
	return sum(inventory->ended) + sum(inventory->others);
}

void inventory_sweep(struct inventory *inventory)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < inventory->ended->len; i++) {
		if (at(inventory->ended, i)->id)
			*at(inventory->ended, kept++) = *at(inventory->ended, i);
	}
	g_array_set_size(inventory->ended, kept);
}

struct inventory *inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return NULL;
	fd_close(&inventory->fd);
	g_array_unref(inventory->ended);
	g_array_unref(inventory->others);
	g_free(inventory);
	return NULL;
}
