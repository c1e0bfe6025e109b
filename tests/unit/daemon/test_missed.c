/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts of calls that the kernel skipped, read while the worker detaches the probes that they are
 * of. This file stands in for the kernel: links are memory files, and each has one skipped call.
 */
#include <bpf/bpf.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/pipeline/pipeline-private.h"

/* How long the kernel takes to answer while another thread is to act in between. */
#define ANSWER_USEC (200 * 1000)
#define MISSED_AT   48 /* in the kernel's answer about a kprobe's link */
#define PAGE        4096
#define ROUNDS      20000

static struct pipeline *pipeline;
static GMutex lock;
static GCond changed;
static bool slow; /* answers are slow */
static bool asked; /* a question is under way */
static bool detached; /* the worker has detached all */
static bool gone; /* a descriptor was closed while the kernel was asked about it */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* In place of libbpf's. */
int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *size)
{
	const uint64_t missed = 1;

	g_mutex_lock(&lock);
	if (slow) {
		int64_t end = g_get_monotonic_time() + ANSWER_USEC;

		asked = true;
		g_cond_broadcast(&changed);
		while (!detached && g_cond_wait_until(&changed, &lock, end))
			;
		gone = gone || !is_open(fd);
	}
	g_mutex_unlock(&lock);
	if (!is_open(fd)) {
		errno = EBADF;
		return -EBADF;
	}
	ck_assert_uint_ge(*size, MISSED_AT + sizeof(missed));
	memcpy((char *)info + MISSED_AT, &missed, sizeof(missed));
	return 0;
}

static int link_new(void)
{
	int fd = memfd_create("link", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void set_up(void)
{
	const struct pipeline_options options = { .attach = ATTACH_KPROBE };

	pipeline = pipeline_begin(&options);
	pipeline->mode = ATTACH_KPROBE;
	pipeline->missed_known = true;
	pipeline->stub.link = link_new();
	pipeline->probes[3].probe.config.attach = EVENT_ATTACH_KPROBE;
	pipeline->probes[3].site.link = link_new();
	/* An empty object, which only says that there are probes. libbpf frees it. */
	pipeline->probe_programs = calloc(1, PAGE);
}

static void tear_down(void)
{
	pipeline_free(pipeline);
}

static uint64_t missed(void)
{
	uint64_t sum = 0;

	ck_assert_int_eq(pipeline_missed(pipeline, &sum), 0);
	return sum;
}

/* Waits until a question is under way, then detaches everything. */
static void *work(void *argument)
{
	g_mutex_lock(&lock);
	while (!asked)
		g_cond_wait(&changed, &lock);
	g_mutex_unlock(&lock);
	detach_stub(pipeline);
	probes_detach(pipeline, NULL);
	g_mutex_lock(&lock);
	detached = true;
	g_cond_broadcast(&changed);
	g_mutex_unlock(&lock);
	return NULL;
}

START_TEST(queried_links_are_not_closed_during_the_query)
{
	GThread *worker = g_thread_new("worker", work, NULL);

	slow = true;
	ck_assert_uint_eq(missed(), 2);
	g_thread_join(worker);
	slow = false;
	ck_assert(!gone);
	ck_assert_uint_eq(missed(), 2);
}
END_TEST

static int attached; /* stubs so far, including the next one */

/* One stub after the other, of one missed call each. */
static void *attach_and_detach(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		detach_stub(pipeline);
		g_atomic_int_inc(&attached);
		g_mutex_lock(&pipeline->attached_lock);
		pipeline->stub.link = link_new();
		g_mutex_unlock(&pipeline->attached_lock);
	}
	return NULL;
}

START_TEST(missed_count_is_exact_and_never_decreases)
{
	GThread *worker;
	uint64_t sum = 0;

	probes_detach(pipeline, NULL);
	attached = 1;
	worker = g_thread_new("worker", attach_and_detach, NULL);
	do {
		uint64_t now = missed();

		ck_assert_uint_ge(now, sum);
		sum = now;
		/* Including the call of the probe that was detached. */
		ck_assert_uint_le(sum, (uint64_t)g_atomic_int_get(&attached) + 1);
	} while (sum < ROUNDS + 2);
	g_thread_join(worker);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("missed");
	TCase *cases = tcase_create("missed");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, cases);
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, queried_links_are_not_closed_during_the_query);
	tcase_add_test(cases, missed_count_is_exact_and_never_decreases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
