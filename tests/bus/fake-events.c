/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events for the daemon that has a kernel side for tests: NFTTRACED_FAKE_EVENTS in its environment
 * is their number per second, while there is a session, for the first one. On a thread of its own.
 */
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/kit/fake-pipeline.h"

#define TURNS 100 /* a second */

static void *events_main(void *context)
{
	const unsigned int count = GPOINTER_TO_UINT(context);

	for (;;) {
		for (unsigned int i = 0; !fake_is_empty() && i < count; i++)
			fake_event(1);
		usleep(1000000 / TURNS);
	}
	return NULL;
}

/* Runs before main(), because the program is the daemon's own and knows nothing of this. */
__attribute__((constructor)) static void events_begin(void)
{
	const char *rate = getenv("NFTTRACED_FAKE_EVENTS");
	sigset_t all, before;
	pthread_t thread;

	if (!rate)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_create(&thread, NULL, events_main, GUINT_TO_POINTER(atoi(rate) / TURNS));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
