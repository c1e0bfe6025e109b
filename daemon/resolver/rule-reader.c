/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that reads rules, see rule-reader.h. It writes into memory that both share. */
#include "daemon/resolver/rule-reader.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cpu-progress.h"
#include "daemon/base/netns-owner.h"
#include "daemon/base/reaper.h"
#include "daemon/resolver/ruleset.h"
#include "journal/base/cleanup.h"

/* Longer than its limit of CPU time: the machine may be busy. */
#define DEADLINE_USEC (3LL * RULESET_SECONDS_MAX * G_USEC_PER_SEC)
/* A process that uses no CPU time for that long is stopped, or hangs in the kernel. */
#define PATIENCE_USEC (5LL * G_USEC_PER_SEC)

struct rule_reader {
	pid_t pid; /* 0: it has been waited for */
	int pid_fd;
	int memory_fd;
	int64_t started;
	struct cpu_progress progress;
	bool hung; /* it was killed */
};

/* Processes that were killed and did not end at once. */
static struct reaper reaper;

static uint64_t memory_max(const struct netns *netns)
{
	return netns->owner == NETNS_OWNER_HOST || netns->owner == NETNS_OWNER_ROOT
		? RULESET_MEMORY_MAX
		: RULESET_USER_MEMORY_MAX;
}

int rule_reader_new(const struct netns *netns, struct rule_reader **ret)
{
	struct rule_reader *reader = g_new0(struct rule_reader, 1);
	int r = 0;

	reader->started = g_get_monotonic_time();
	reader->pid_fd = -1;
	reader->memory_fd = memfd_create("nfttraced-rules", MFD_CLOEXEC);
	if (reader->memory_fd < 0)
		r = -errno;
	if (r == 0)
		reader->pid = fork();
	if (r == 0 && reader->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(ruleset_read(netns->path, netns->cookie, netns->inode, memory_max(netns),
			reader->memory_fd));
	}
	if (r == 0) {
		reader->pid_fd = reader->pid < 0 ? -1 : pidfd_open(reader->pid, 0);
		r = reader->pid_fd < 0 ? -errno : 0;
	}
	if (r < 0) {
		rule_reader_free(reader);
		return r;
	}
	cpu_progress_begin(&reader->progress, reader->pid);
	*ret = reader;
	return 0;
}

int rule_reader_fd(const struct rule_reader *reader)
{
	return reader->pid_fd;
}

int64_t rule_reader_started(const struct rule_reader *reader)
{
	return reader->started;
}

int64_t rule_reader_deadline(const struct rule_reader *reader)
{
	return MIN(reader->started + DEADLINE_USEC, reader->progress.moved + PATIENCE_USEC);
}

bool rule_reader_ended(struct rule_reader *reader)
{
	struct pollfd ended = { .fd = reader->pid_fd, .events = POLLIN };

	if (poll(&ended, 1, 0) > 0)
		return true;
	if (!cpu_progress_hangs(&reader->progress, PATIENCE_USEC) &&
		g_get_monotonic_time() < rule_reader_deadline(reader))
		return false;
	reader->hung = true;
	return true;
}

bool rule_reader_hung(const struct rule_reader *reader)
{
	return reader->hung;
}

static void kill_reader(struct rule_reader *reader)
{
	reaper_kill(&reaper, reader->pid);
	reader->pid = 0;
}

static int wait_for_reader(struct rule_reader *reader)
{
	int status = 0;

	if (reader->hung) {
		kill_reader(reader);
		return RULESET_UNREADABLE;
	}
	while (waitpid(reader->pid, &status, 0) < 0 && errno == EINTR)
		;
	reader->pid = 0;
	reaper_reap(&reaper);
	return WIFEXITED(status) ? WEXITSTATUS(status) : RULESET_UNREADABLE;
}

int rule_reader_result(struct rule_reader *reader, char **ret_bytes, size_t *ret_size)
{
	g_autofree char *bytes = NULL;
	struct stat status;
	size_t size = 0;
	int result = wait_for_reader(reader);

	if (result != RULESET_READ)
		return result;
	if (fstat(reader->memory_fd, &status) < 0 || status.st_size > RULESET_SIZE_MAX)
		return RULESET_UNREADABLE;
	bytes = g_malloc((gsize)status.st_size + 1);
	while (size < (size_t)status.st_size) {
		ssize_t n = pread(reader->memory_fd, bytes + size, (size_t)status.st_size - size,
			(off_t)size);

		if (n <= 0)
			return RULESET_UNREADABLE;
		size += (size_t)n;
	}
	*ret_bytes = g_steal_pointer(&bytes);
	*ret_size = size;
	return RULESET_READ;
}

struct rule_reader *rule_reader_free(struct rule_reader *reader)
{
	if (!reader)
		return NULL;
	if (reader->pid > 0)
		kill_reader(reader);
	fd_close(&reader->pid_fd);
	fd_close(&reader->memory_fd);
	g_free(reader);
	return NULL;
}
