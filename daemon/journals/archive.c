/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals on disk; see archive.h. */
#include "daemon/journals/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/disk-usage.h"
#include "daemon/base/ids.h"
#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/format/dictionary.h"
#include "journal/format/record.h"
#include "journal/format/segment-names.h"

#define HEAD_SIZE (64 << 10) /* bytes of a segment that are searched for its dictionaries */
#define TAIL_SIZE \
	4096 /* bytes of a segment that are searched for its last record, if that is an end */

void archive_journal_clear(void *journal)
{
	g_free(((struct archive_journal *)journal)->name);
}

/* A writer holds a write lock on its segment. Read locks, which readers may hold, do not count. */
bool archive_is_written(int dir_fd, const char *name)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	auto_fd fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static uint64_t usec_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * G_USEC_PER_SEC + (uint64_t)time->tv_nsec / NSEC_PER_USEC;
}

typedef int (*file_visit)(int dir_fd, const char *name, const struct stat *status, void *context);

/* Calls `visit` for each file until it fails; -ENOTEMPTY if there is a directory, too. */
static int visit_files(int dir_fd, file_visit visit, void *context)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	bool nested = false;
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!directory) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(directory))) {
		struct stat status;

		if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, "..") ||
			fstatat(dir_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(status.st_mode))
			nested = true;
		else
			r = visit(dir_fd, entry->d_name, &status, context);
	}
	closedir(directory);
	return r == 0 && nested ? -ENOTEMPTY : r;
}

static int measure_file(int dir_fd, const char *name, const struct stat *status, void *context)
{
	struct archive_journal *journal = context;
	uint64_t number;

	journal->bytes += disk_usage(status);
	journal->ended = MAX(journal->ended, usec_of(&status->st_mtim));
	if (segment_name_parse(name, &number))
		journal->segment_bytes += disk_usage(status);
	if (!journal->running && g_str_has_suffix(name, JOURNAL_SUFFIX))
		journal->running = archive_is_written(dir_fd, name);
	return 0;
}

/* Takes the session's properties from a dictionary. */
static void take_dictionary(struct archive_journal *journal, const struct journal_record *record,
	const uint8_t *payload)
{
	switch ((enum journal_type)(record->type_ring & 0xff)) {
	case JOURNAL_START: {
		auto_dictionary_start start = { 0 };

		if (dictionary_start_parse(payload, record->size, &start) < 0)
			return;
		g_free(journal->name);
		journal->name = g_steal_pointer(&start.name);
		return;
	}
	case JOURNAL_SETTINGS: {
		auto_dictionary_settings settings = { 0 };

		if (dictionary_settings_parse(payload, record->size, &settings) == 0)
			journal->owner = settings.owner;
		return;
	}
	case JOURNAL_EVENT:
	case JOURNAL_LOSS:
	case JOURNAL_END:
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_SUPPRESSED:
	case JOURNAL_POSITION:
	case JOURNAL_CLOCK:
		return;
	}
}

static int open_segment(int dir_fd, uint64_t number)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(number, name);
	return openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Reads the session's properties from the beginning of a segment. */
static void read_head(int fd, struct archive_journal *journal)
{
	g_autofree uint8_t *bytes = g_malloc(HEAD_SIZE);
	struct journal_segment header;
	ssize_t size = fd >= 0 ? pread(fd, bytes, HEAD_SIZE, 0) : -1;

	if (size < 0)
		state_counted(-errno);
	if (size < (ssize_t)sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, JOURNAL_MAGIC, sizeof(header.magic)) != 0 ||
		header.byte_order != JOURNAL_BYTE_ORDER || header.header_size < sizeof(header) ||
		header.header_size % JOURNAL_ALIGN != 0)
		return;
	journal->started = header.realtime / NSEC_PER_USEC;
	for (size_t at = header.header_size; at + sizeof(struct journal_record) <= (size_t)size;) {
		struct journal_record record;

		memcpy(&record, bytes + at, sizeof(record));
		/* The owner is allowed to read it, so damaged records are not trusted. */
		if (record.size == 0 || record.size > JOURNAL_RECORD_MAX ||
			at + journal_record_span(record.size) > (size_t)size ||
			!journal_record_verify((const void *)(bytes + at), record.size, false))
			return;
		take_dictionary(journal, &record, bytes + at + sizeof(record));
		at += journal_record_span(record.size);
	}
}

/* Reads why the session ended from the last record of a segment, if that is its end. */
static void read_tail(int fd, struct archive_journal *journal)
{
	uint8_t bytes[TAIL_SIZE] __attribute__((aligned(JOURNAL_ALIGN)));
	struct stat status;
	ssize_t size = 0;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size % JOURNAL_ALIGN != 0)
		return;
	if (status.st_size >= TAIL_SIZE)
		size = pread(fd, bytes, TAIL_SIZE, status.st_size - TAIL_SIZE);
	else
		size = pread(fd, bytes, TAIL_SIZE, 0);
	if (size < 0)
		state_counted(-errno);
	/* A sequence of bytes that ends here and has the right checksum is a record. */
	for (ssize_t at = size - (ssize_t)journal_record_span(1); at >= 0; at -= JOURNAL_ALIGN) {
		const struct journal_record *record = (const void *)(bytes + at);
		struct dictionary_totals totals;

		if (record->size == 0 || record->size > (size_t)(size - at) ||
			journal_record_span(record->size) != (size_t)(size - at) ||
			!journal_record_verify(record, record->size, false))
			continue;
		if ((record->type_ring & 0xff) == JOURNAL_END &&
			dictionary_totals_parse(record + 1, record->size, &totals) == 0)
			journal->end = totals.end;
		return;
	}
}

/* Reads the journal's first and last segment. */
static void read_ends(int dir_fd, struct archive_journal *journal)
{
	g_autoptr(GArray) segments = NULL;
	auto_fd first = -1;
	auto_fd last = -1;

	if (state_counted(segment_list(dir_fd, &segments)) < 0 || !segments->len)
		return;
	first = open_segment(dir_fd, g_array_index(segments, uint64_t, 0));
	read_head(first, journal);
	if (journal->running)
		return;
	if (segments->len > 1)
		last = open_segment(dir_fd, g_array_index(segments, uint64_t, segments->len - 1));
	read_tail(segments->len > 1 ? last : first, journal);
}

int archive_owner(const struct state_directory *state, uint64_t id, uid_t *ret)
{
	struct archive_journal journal = { .id = id, .owner = ARCHIVE_UNLIMITED };
	auto_fd fd = -1;
	int r = state_directory_session_open(state, id, &fd);

	if (r < 0)
		return r;
	read_ends(fd, &journal);
	g_free(journal.name);
	if (journal.owner > G_MAXUINT32)
		return -ENOENT;
	*ret = (uid_t)journal.owner;
	return 0;
}

int archive_examine(const struct state_directory *state, const GArray *running,
	struct archive_journal *journal, bool *ret_changed)
{
	uint64_t id = journal->id, begin = (uint64_t)g_get_real_time(), changed;
	struct stat status;
	auto_fd fd = -1;
	int r = state_directory_session_open(state, id, &fd);

	if (r < 0)
		return r;
	*journal = (struct archive_journal){
		.id = id,
		.owner = ARCHIVE_UNLIMITED,
		.running = ids_contain(running, id),
	};
	r = state_counted(visit_files(fd, measure_file, journal));
	if (r < 0 && r != -ENOTEMPTY)
		return r;
	read_ends(fd, journal);
	if (!journal->name)
		journal->name = g_strdup("");
	changed = journal->ended;
	if (fstat(fd, &status) == 0)
		changed = MAX(changed, usec_of(&status.st_ctim));
	/* A change may have come after the files were read. If the clock was set back, changes seem
	 * to be in the future: then the journal counts as settled. */
	*ret_changed =
		changed + ARCHIVE_SETTLE_USEC > begin && changed <= (uint64_t)g_get_real_time();
	return 0;
}

static const struct archive_journal *at(const GArray *journals, unsigned int index)
{
	return &g_array_index(journals, struct archive_journal, index);
}

static int compare_ends(const void *one, const void *other, void *context)
{
	const struct archive_journal *a = at(context, *(const unsigned int *)one);
	const struct archive_journal *b = at(context, *(const unsigned int *)other);

	if (a->ended != b->ended)
		return a->ended < b->ended ? -1 : 1;
	return a->id < b->id ? -1 : 1;
}

GArray *archive_choose(const GArray *journals, const struct archive_limits *limits, uint64_t now)
{
	GArray *ended = g_array_new(FALSE, FALSE, sizeof(unsigned int));
	uint64_t bytes = 0;
	unsigned int gone;

	for (unsigned int i = 0; i < journals->len; i++) {
		if (at(journals, i)->running)
			continue;
		g_array_append_val(ended, i);
		bytes += at(journals, i)->bytes;
	}
	g_array_sort_with_data(ended, compare_ends, (void *)journals);
	for (gone = 0; gone < ended->len; gone++) {
		const struct archive_journal *journal =
			at(journals, g_array_index(ended, unsigned int, gone));
		bool old = now > journal->ended && now - journal->ended > limits->age;

		if (ended->len - gone <= limits->sessions && bytes <= limits->size && !old)
			break;
		bytes -= journal->bytes;
	}
	g_array_set_size(ended, gone);
	return ended;
}

static int remove_file(int dir_fd, const char *name, const struct stat *status, void *context)
{
	uint64_t *bytes = context;

	if (unlinkat(dir_fd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	*bytes += disk_usage(status);
	return 0;
}

int archive_remove(const struct state_directory *state, uint64_t id, const GArray *running,
	uint64_t *ret_bytes)
{
	struct archive_journal journal = { .id = id };
	uint64_t bytes = 0;
	auto_fd fd = -1;
	int r = state_directory_session_open(state, id, &fd);

	if (r < 0)
		return r;
	/* Checked before anything is removed; a journal that has ended is not written again. */
	r = state_counted(visit_files(fd, measure_file, &journal));
	if (r < 0)
		return r;
	if (journal.running || ids_contain(running, id))
		return -EBUSY;
	r = state_counted(visit_files(fd, remove_file, &bytes));
	if (r == 0)
		r = state_directory_session_forget(state, id);
	if (r < 0)
		return r;
	*ret_bytes = bytes;
	return 0;
}
