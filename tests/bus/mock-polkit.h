/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A polkit for tests, on the bus of the fixture: a process that answers as the test says in shared
 * memory.
 */
#ifndef NFTTRACED_TESTS_BUS_MOCK_POLKIT_H
#define NFTTRACED_TESTS_BUS_MOCK_POLKIT_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#define MOCK_START_SESSION (1u << 0)
#define MOCK_CONTROL_OWN   (1u << 1)
#define MOCK_CONTROL_ANY   (1u << 2)
#define MOCK_READ_EVENTS   (1u << 3)
#define MOCK_READ_STATUS   (1u << 4)
#define MOCK_ALL           0x1fu

#define MOCK_USER_FIRST 1 /* the first of the test's users, which exist on every system */
#define MOCK_USERS      4

struct mock_polkit {
	/* Written by the test. */
	volatile uint32_t allowed[MOCK_USERS]; /* actions of a user */
	volatile uint32_t challenged[MOCK_USERS]; /* allowed only with a password, which is right */
	volatile int silent; /* it does not answer until this is 0 */
	volatile int broken; /* it answers with an error */
	volatile int patient; /* a dialogue stays open until the caller's bus gives up */
	volatile int absent; /* it does not have its name: calls get no answer */

	/* Written by the mock. */
	volatile unsigned int asked, cancelled, waiting;
	volatile uint32_t last_flags;
	char last_action[128], last_details[256];
};

/* The shared memory; allocated by the first call. */
struct mock_polkit *mock_polkit(void);

/* Has it release its name, or take it again, and waits until that is done. */
void mock_polkit_leave(int absent);

/* Starts it and waits until it has its name; all actions are denied. */
void mock_polkit_start(void);
void mock_polkit_stop(void);

#endif
