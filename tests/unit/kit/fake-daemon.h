/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the daemon on a bus of its own, so that the client's commands are tested without a
 * kernel. It has one session, number 7 and named "web", and writes the calls that it gets into a
 * log.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_FAKE_DAEMON_H
#define NFTTRACED_TESTS_UNIT_KIT_FAKE_DAEMON_H

/* A file in the journal's folder with words for the state of the daemon and its session: ready,
 * failed, problem, lost, stalled, waits; hidden: other users have sessions; none: it has no
 * session; old: it can't say what it hides. The file may be missing. */
#define FAKE_DAEMON_HEALTH "health"

struct fake_daemon;

/* Starts a bus and the stand-in, whose journal is the directory `journal` (one segment in it), and
 * points DBUS_SYSTEM_BUS_ADDRESS at the bus. Fails the test if that does not work. */
struct fake_daemon *fake_daemon_new(const char *journal, const char *log);

/* Ends the stand-in, but not the bus: calls get no answer any more. */
void fake_daemon_stop(struct fake_daemon *fake);

/* Ends both. Returns NULL. */
struct fake_daemon *fake_daemon_free(struct fake_daemon *fake);

#endif
