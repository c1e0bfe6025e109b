/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus and a daemon for tests of the bus contract. The daemon is the one that
 * NFTTRACED_TEST_DAEMON names: one with a kernel side for tests, or the real one in a guest. Needs
 * root; everything happens in a network namespace of the test's own.
 */
#ifndef NFTTRACED_TESTS_BUS_BUS_FIXTURE_H
#define NFTTRACED_TESTS_BUS_BUS_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#define MANAGER_PATH      "/org/nfttraced1"
#define MANAGER_INTERFACE "org.nfttraced1.Manager"
#define SESSION_INTERFACE "org.nfttraced1.Session"
#define ERROR(name)       "org.nfttraced1.Error." name

struct fixture {
	char *directory; /* for all files */
	char *state; /* the daemon's state directory */
	pid_t bus, daemon;
};

extern struct fixture fixture;

/* Elements <limit/> of the next bus. By default a client may wait for more calls than the usual
 * 128. */
extern const char *fixture_bus_limits;

/* Configuration of the next daemon. By default DropCounters=no, with which nothing is loaded
 * without a session. */
extern const char *fixture_config;

/* Starts a bus on which all users may send all messages, so that only the daemon refuses any; then
 * starts the daemon. */
void fixture_start(void);
void fixture_stop(void);

/* Starts another daemon with `state` as its state directory; standard error goes to
 * `error_path`. */
pid_t fixture_spawn(const char *state, const char *error_path);
int fixture_wait(pid_t pid);
void fixture_daemon_start(void);

/* Replaces the configuration file, which the next daemon reads; at first it has DropCounters=no. */
void fixture_configure(const char *text);
/* Waits until the daemon has its name. */
void fixture_daemon_await(void);
void fixture_bus_start(void);

/* True while the namespace exists in which the daemon switches tracing on. */
bool fixture_armed(void);

/* Runs `function` in a process of its own, as `uid`, with a connection of its own. */
pid_t fixture_in_child(uid_t uid, void (*function)(sd_bus *bus, void *argument), void *argument);

/* Runs the tests: for main() to return. */
int fixture_run(Suite *suite);

/* A connection; the caller unrefs it. */
sd_bus *fixture_connect(void);

/* Calls and fails the test if that is refused; the caller unrefs the reply. */
sd_bus_message *call(sd_bus *bus, const char *path, const char *interface, const char *member,
	const char *types, ...);

/* Calls and fails the test if it is not refused with the error `name` and a message with `text`. */
void refused(sd_bus *bus, const char *name, const char *text, const char *path,
	const char *interface, const char *member, const char *types, ...);

/* Calls without expecting a reply. */
void call_silently(sd_bus *bus, const char *path, const char *interface, const char *member,
	const char *types, ...);

/* StartSession without options: the object path, g_free it. */
char *start(sd_bus *bus);
void stop(sd_bus *bus, const char *path);

/* Starts and stops a session, to check that the daemon works. */
void start_and_stop(sd_bus *bus);

/* Stops all sessions that ListSessions returns. */
void stop_all(sd_bus *bus);

/* The number of sessions that ListSessions returns. */
unsigned int sessions(sd_bus *bus);

/* Waits until ListSessions returns `count` sessions. */
void await_sessions(sd_bus *bus, unsigned int count);

/* A number of the manager's Counters, as all users can read it; UINT64_MAX: none has that name. */
uint64_t fixture_counter(sd_bus *bus, const char *wanted);

/* The reason why the session with that id ended, from a list of journals (g_free it); NULL: none is
 * given. */
char *end_reason(sd_bus *bus, uint64_t id);

/* Asserts that reason. */
void ended_with(sd_bus *bus, uint64_t id, const char *reason);

/* Reads until a stream ends or `wanted` bytes were read. */
size_t read_stream(int fd, char *buffer, size_t wanted);

#endif
