/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for a daemon to return: until root can connect to its private socket, or its name on the
 * bus has an owner. The bus may have gone, too, and is connected to again. Owned by the waiting
 * command.
 */
#ifndef NFTTRACED_CLIENT_BUS_DAEMON_WAIT_H
#define NFTTRACED_CLIENT_BUS_DAEMON_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

struct daemon_wait {
	sd_bus *bus; /* a reference; to a new bus when the first has gone */
	sd_bus_slot *changes, *question;
	bool present;
	int64_t retry; /* us, monotonic: when to connect to the bus again; 0: connected */
	int64_t private_retry; /* us: when to connect to the private socket again */
};

enum daemon_wait_result {
	DAEMON_PRESENT,
	DAEMON_LATE, /* the time is up */
	DAEMON_SIGNAL, /* the signal descriptor can be read */
	DAEMON_UNREAD, /* the output's reader has gone */
};

/* Starts waiting, with `bus` as the first connection. */
void daemon_wait_begin(struct daemon_wait *wait, sd_bus *bus);

/* Waits until g_get_monotonic_time() is `until`. Descriptors of -1 are left out. */
enum daemon_wait_result daemon_wait_run(
	struct daemon_wait *wait, int64_t until, int signal_fd, int output_fd);

/* Records that a call found no daemon. */
void daemon_wait_missed(struct daemon_wait *wait);

/* Waits again, after a pause: the daemon is running, but a request failed. */
void daemon_wait_repeat(struct daemon_wait *wait);

/* Accepts a zeroed struct, and leaves one. */
void daemon_wait_close(struct daemon_wait *wait);

#define auto_daemon_wait __attribute__((cleanup(daemon_wait_close))) struct daemon_wait

#endif
