/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A polkit for tests; see mock-polkit.h. */
#include "tests/bus/mock-polkit.h"

#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"

#define NAME      "org.freedesktop.PolicyKit1"
#define LATE_MAX  512 /* questions that wait while it is silent */
#define TURN_USEC 5000

static struct mock_polkit *mock;
static pid_t process;
static sd_bus_message *late[LATE_MAX];
static unsigned int late_count;

static const char *const actions[] = { "org.nfttraced1.start-session", "org.nfttraced1.control-own",
	"org.nfttraced1.control-any", "org.nfttraced1.read-events", "org.nfttraced1.read-status" };

struct mock_polkit *mock_polkit(void)
{
	if (!mock) {
		mock = mmap(NULL, sizeof(*mock), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
		ck_assert_ptr_ne(mock, MAP_FAILED);
	}
	return mock;
}

static uint32_t action_bit(const char *name)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(actions); i++) {
		if (strcmp(actions[i], name) == 0)
			return 1u << i;
	}
	abort();
}

static uid_t uid_of(sd_bus_message *call, const char *name)
{
	sd_bus_creds *creds = NULL;
	uid_t uid = 0;

	if (sd_bus_get_name_creds(sd_bus_message_get_bus(call), name, SD_BUS_CREDS_EUID, &creds) >=
		0)
		sd_bus_creds_get_euid(creds, &uid);
	sd_bus_creds_unref(creds);
	return uid;
}

/* Reads the question from its beginning each time: the message may have waited. */
static int read_question(
	sd_bus_message *call, const char **ret_name, const char **ret_action, uint32_t *ret_flags)
{
	const char *kind, *key, *value, *cancellation;
	int r = sd_bus_message_rewind(call, 1);

	if (r >= 0)
		r = sd_bus_message_read(
			call, "(sa{sv})s", &kind, 1, &key, "s", ret_name, ret_action);
	if (r < 0 || strcmp(kind, "system-bus-name") != 0 || strcmp(key, "name") != 0)
		abort();
	mock->last_details[0] = '\0';
	r = sd_bus_message_enter_container(call, 'a', "{ss}");
	while (r >= 0 && sd_bus_message_read(call, "{ss}", &key, &value) > 0) {
		g_strlcat(mock->last_details, key, sizeof(mock->last_details));
		g_strlcat(mock->last_details, "=", sizeof(mock->last_details));
		g_strlcat(mock->last_details, value, sizeof(mock->last_details));
		g_strlcat(mock->last_details, ";", sizeof(mock->last_details));
	}
	r = sd_bus_message_exit_container(call);
	return r < 0 ? r : sd_bus_message_read(call, "us", ret_flags, &cancellation);
}

static int answer(sd_bus_message *call)
{
	const char *name, *action;
	uint32_t flags, bit, user;
	int yes, challenge;

	if (read_question(call, &name, &action, &flags) < 0)
		abort();
	g_strlcpy(mock->last_action, action, sizeof(mock->last_action));
	mock->last_flags = flags;
	if (mock->broken)
		return sd_bus_reply_method_errorf(
			call, "org.freedesktop.PolicyKit1.Error.Failed", "out\nof order");
	if (mock->patient && flags & 1)
		return sd_bus_reply_method_errorf(
			call, SD_BUS_ERROR_NO_REPLY, "Method call timed out");
	bit = action_bit(action);
	user = uid_of(call, name) - MOCK_USER_FIRST;
	yes = user < MOCK_USERS && mock->allowed[user] & bit;
	challenge = !yes && user < MOCK_USERS && mock->challenged[user] & bit;
	if (challenge && flags & 1) {
		yes = 1;
		challenge = 0;
	}
	return sd_bus_reply_method_return(call, "(bba{ss})", yes, challenge, 0);
}

static int on_check(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	__atomic_add_fetch(&mock->asked, 1, __ATOMIC_SEQ_CST);
	if (!mock->silent)
		return answer(call);
	if (late_count == LATE_MAX)
		abort();
	late[late_count++] = sd_bus_message_ref(call);
	mock->waiting = late_count;
	return 1;
}

static int on_cancel(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
	__atomic_add_fetch(&mock->cancelled, 1, __ATOMIC_SEQ_CST);
	return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static void run(sd_bus *bus, void *argument)
{
	int has_name = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
		    NAME ".Authority", vtable, NULL) < 0)
		_exit(1);
	for (;;) {
		if (has_name == mock->absent) {
			if (mock->absent)
				sd_bus_release_name(bus, NAME);
			else
				sd_bus_request_name(bus, NAME, 0);
			has_name = !mock->absent;
		}
		if (sd_bus_process(bus, NULL) > 0)
			continue;
		for (; !mock->silent && late_count; mock->waiting = late_count) {
			answer(late[--late_count]);
			sd_bus_message_unref(late[late_count]);
		}
		sd_bus_wait(bus, TURN_USEC);
	}
}

static void await_name(int absent)
{
	sd_bus *bus = fixture_connect();

	while ((sd_bus_get_name_creds(bus, NAME, 0, NULL) < 0) != absent)
		g_usleep(TURN_USEC);
	sd_bus_flush_close_unref(bus);
}

void mock_polkit_leave(int absent)
{
	mock->absent = absent;
	await_name(absent);
}

void mock_polkit_start(void)
{
	memset(mock_polkit(), 0, sizeof(*mock));
	process = fixture_in_child(0, run, NULL);
	await_name(0);
}

void mock_polkit_stop(void)
{
	kill(process, SIGKILL);
	fixture_wait(process);
}
