/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question to polkit; see polkit.h. Its interface is in polkit's reference manual. */
#include "daemon/bus/polkit.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define FLAG_ALLOW_USER_INTERACTION 1u

#define SILENT_USEC      (25 * G_USEC_PER_SEC) /* the bus may have to start polkit */
#define INTERACTIVE_USEC (300 * G_USEC_PER_SEC) /* a person types a password */

struct polkit_check {
	sd_bus *bus;
	sd_bus_slot *slot; /* NULL: answered, there is nothing to cancel */
	char *cancellation; /* its id for polkit */
	enum polkit_manner manner;
	polkit_done done;
	void *context;
};

static enum polkit_answer read_answer(sd_bus_message *reply, const char **ret_problem)
{
	const sd_bus_error *error = sd_bus_message_get_error(reply);
	int authorized, challenge, r;

	if (error) {
		*ret_problem = error->message ? error->message : error->name;
		return POLKIT_FAILED;
	}
	r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
	if (r < 0) {
		*ret_problem = "its answer can't be read";
		return POLKIT_FAILED;
	}
	if (authorized)
		return POLKIT_YES;
	return challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	struct polkit_check *check = userdata;
	const char *problem = NULL;
	enum polkit_answer answer = read_answer(reply, &problem);

	/* If the call failed, for example because it took too long, a dialogue may still be
	 * open. */
	if (answer != POLKIT_FAILED)
		check->slot = sd_bus_slot_unref(check->slot);
	/* polkit works: no password was typed. */
	else if (check->manner == POLKIT_INTERACTIVE &&
		sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) > 0)
		answer = POLKIT_CHALLENGE;
	check->done(check->context, answer, problem);
	polkit_check_free(check);
	return 1;
}

static int build_question(sd_bus_message *message, const char *action, enum polkit_manner manner,
	const char *cancellation, sd_bus_message **ret)
{
	const char *sender = sd_bus_message_get_sender(message);
	const char *member = sd_bus_message_get_member(message);
	uint32_t flags = manner == POLKIT_INTERACTIVE ? FLAG_ALLOW_USER_INTERACTION : 0;
	int r;

	if (!sender || !member)
		return -EBADMSG;
	r = sd_bus_message_new_method_call(sd_bus_message_get_bus(message), ret, POLKIT_NAME,
		POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
	if (r < 0)
		return r;
	return sd_bus_message_append(*ret, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
		sender, action, 1, "method", member, flags, cancellation);
}

int polkit_ask(sd_bus_message *message, const char *action, enum polkit_manner manner,
	polkit_done done, void *context, struct polkit_check **ret)
{
	static uint64_t asked;
	struct polkit_check *check = g_new0(struct polkit_check, 1);
	sd_bus_message *call = NULL;
	int r;

	check->bus = sd_bus_ref(sd_bus_message_get_bus(message));
	check->cancellation = g_strdup_printf("nfttraced-%" PRIu64, ++asked);
	check->manner = manner;
	check->done = done;
	check->context = context;
	r = build_question(message, action, manner, check->cancellation, &call);
	if (r >= 0)
		r = sd_bus_call_async(check->bus, &check->slot, call, on_reply, check,
			manner == POLKIT_INTERACTIVE ? INTERACTIVE_USEC : SILENT_USEC);
	sd_bus_message_unref(call);
	if (r < 0) {
		check->slot = sd_bus_slot_unref(check->slot);
		polkit_check_free(check);
		return r;
	}
	*ret = check;
	return 0;
}

/* Expects no reply: it does not matter if polkit has answered in the meantime. */
static void cancel_question(const struct polkit_check *check)
{
	sd_bus_message *call = NULL;
	int r = sd_bus_message_new_method_call(check->bus, &call, POLKIT_NAME, POLKIT_PATH,
		POLKIT_INTERFACE, "CancelCheckAuthorization");

	if (r >= 0)
		r = sd_bus_message_append(call, "s", check->cancellation);
	if (r >= 0)
		r = sd_bus_message_set_expect_reply(call, 0);
	if (r >= 0)
		r = sd_bus_message_set_auto_start(call, 0);
	if (r >= 0)
		sd_bus_send(check->bus, call, NULL);
	sd_bus_message_unref(call);
}

struct polkit_check *polkit_check_free(struct polkit_check *check)
{
	if (!check)
		return NULL;
	if (check->slot) {
		sd_bus_slot_unref(check->slot);
		cancel_question(check);
	}
	sd_bus_unref(check->bus);
	g_free(check->cancellation);
	g_free(check);
	return NULL;
}
