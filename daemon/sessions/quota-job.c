/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of JournalsSize and UserJournalSize, now and then and when a session ends: the journal
 * index lists the journals, and the janitor removes those that exceed the limits. On the control
 * thread but for quota_job_run(). See quota-job.h.
 */
#include "daemon/sessions/quota-job.h"

#include <errno.h>
#include <stdatomic.h>

#include "daemon/base/log.h"
#include "daemon/journals/quota.h"
#include "daemon/sessions/index-job.h"
#include "daemon/sessions/manager-private.h"
#include "journal/base/amounts.h"

#define QUOTA_USEC (30 * G_USEC_PER_SEC)

struct quota_job {
	struct manager *manager;
	GArray *running; /* uint64_t */
	struct quota *quota;
	uint64_t size; /* 0: no limit */
	uint64_t user_size;
	bool users; /* there may be journals of users but root */
	struct quota_result result;
	struct user_quota_result user_result;
	int error;
};

/* On the janitor's thread. */
static void quota_job_run(void *argument)
{
	struct quota_job *job = argument;
	int user_error = 0;

	/* Users over their own limit lose journals first, so that fewer of others have to go. */
	if (job->users)
		user_error = quota_keep_users(job->quota, job->user_size, &job->user_result);
	if (job->size > 0)
		job->error = quota_keep(job->quota, job->size, &job->result);
	if (job->error == 0)
		job->error = user_error;
}

static void quota_job_free(struct quota_job *job)
{
	quota_free(job->quota);
	g_clear_pointer(&job->running, g_array_unref);
	g_free(job);
}

static void log_result(struct manager *manager, const struct quota_job *job)
{
	const struct quota_result *result = &job->result;
	char bytes[AMOUNT_SIZE], left[AMOUNT_SIZE], freed[AMOUNT_SIZE];
	bool over = job->size > 0 && result->left > job->size;

	manager->quota_segments += result->segments;
	manager->quota_journals += job->user_result.journals;
	if (result->segments > 0)
		log_notice("%" G_GUINT64_FORMAT
			   " segments (%s) of the journals of sessions that have "
			   "ended were removed to stay within JournalsSize=; %s are left",
			result->segments, amount_bytes(result->bytes, bytes),
			amount_bytes(result->left, left));
	if (job->user_result.journals > 0)
		log_notice("%u journals (%s) of sessions that have ended were removed to stay "
			   "within UserJournalSize=",
			job->user_result.journals, amount_bytes(job->user_result.bytes, freed));
	if (job->error < 0 && job->error != manager->quota_error)
		log_error("journals can't be removed to stay within JournalsSize= or "
			  "UserJournalSize=: %s",
			g_strerror(-job->error));
	if (over && !manager->quota_exceeded && job->error >= 0)
		log_warning(
			"the journals of running sessions take %s, more than JournalsSize= allows: "
			"no other journals are left to remove",
			amount_bytes(result->left, left));
	manager->quota_error = job->error;
	manager->quota_exceeded = over;
}

/* Ends a check, also one that failed, and makes the one that was wanted meanwhile. */
static void quota_job_finish(struct quota_job *job)
{
	struct manager *manager = job->manager;

	manager->quota_checking = false;
	quota_job_free(job);
	if (manager->quota_again && !atomic_load(&manager->ending))
		manager_quota_check(manager);
}

static void quota_job_done(void *argument)
{
	struct quota_job *job = argument;
	struct manager *manager = job->manager;

	manager->quota_verified = job->quota->verified;
	manager_index_changed(manager->index, job->quota->changed);
	log_result(manager, job);
	quota_job_finish(job);
}

static void on_index(void *context, int error)
{
	struct quota_job *job = context;
	struct manager *manager = job->manager;
	const struct journal_query all = { .owner = ARCHIVE_UNLIMITED, .count = UINT64_MAX };
	GArray *journals;
	bool more;

	if (error < 0) {
		job->error = error;
		/* The index answers no other check. */
		if (error == -ESHUTDOWN)
			manager->quota_again = false;
		else
			log_result(manager, job);
		quota_job_finish(job);
		return;
	}
	journals = journal_index_query(manager_index_journals(manager->index), &all, &more);
	job->running = manager_running_ids(manager);
	job->quota = quota_new(
		manager->state_directory, journals, job->running, manager->quota_verified);
	if (worker_submit(manager->janitor, quota_job_run, quota_job_done, job) < 0)
		quota_job_finish(job);
}

void manager_quota_check(struct manager *manager)
{
	uint64_t size = manager->settings->journals_size;
	struct quota_job *job;

	manager->quota_due = g_get_monotonic_time() + QUOTA_USEC;
	/* A session that ends during a check still counts as running in it. */
	manager->quota_again = manager->quota_checking;
	if ((size == 0 && !manager->users_seen) || manager->quota_checking)
		return;
	job = g_new0(struct quota_job, 1);
	job->manager = manager;
	job->size = size;
	job->user_size = manager->settings->user_journal_size;
	job->users = manager->users_seen;
	manager->quota_checking = true;
	manager_index_await(manager->index, INDEX_ALL, ARCHIVE_UNLIMITED, on_index, job);
}

void manager_quota_tend(struct manager *manager)
{
	if (g_get_monotonic_time() >= manager->quota_due)
		manager_quota_check(manager);
}
