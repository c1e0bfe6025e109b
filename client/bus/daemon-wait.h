/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a daemon that has gone to be there again: until root can connect to its private socket, or the
 * bus says that its name has an owner, over a bus that may have gone, too. Owned by who waits.
 */
#ifndef NFTTRACED_CLIENT_BUS_DAEMON_WAIT_H
#define NFTTRACED_CLIENT_BUS_DAEMON_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct daemon_wait {
	sd_bus *bus; /* a reference; another one when the first has gone */
	sd_bus_slot *changes, *question;
	bool present;
	int64_t retry; /* us, g_get_monotonic_time: when the bus is tried again; 0: it is there */
	int64_t private_retry; /* the same, of the private socket */
};

enum daemon_wait_result {
	DAEMON_PRESENT,
	DAEMON_LATE, /* the time is up */
	DAEMON_SIGNAL, /* the signal descriptor can be read */
	DAEMON_UNREAD, /* the output's reader has gone */
};

/* Begins on `bus`. */
void daemon_wait_begin(struct daemon_wait *wait, sd_bus *bus);

/* Waits until g_get_monotonic_time() is `until`. Descriptors of -1 are left out. */
enum daemon_wait_result daemon_wait_run(
	struct daemon_wait *wait, int64_t until, int signal_fd, int output_fd);

/* A call has shown that it is not there, or not yet. */
void daemon_wait_missed(struct daemon_wait *wait);

/* It is there, and did not do what was asked for: everything is asked again, a little later. */
void daemon_wait_doubt(struct daemon_wait *wait);

/* Accepts a zeroed struct, and leaves one. */
void daemon_wait_close(struct daemon_wait *wait);

#define auto_daemon_wait __attribute__((cleanup(daemon_wait_close))) struct daemon_wait

#endif
