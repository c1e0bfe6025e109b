/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper's loop: questions, notifications, readers that have ended. Between two waits it never takes
 * long: what does is done by readers; a look through all processes, and through the kernel's symbols,
 * take milliseconds and are not done often.
 */
#include "daemon/resolver/resolver.h"

#include <errno.h>
#include <glib.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "daemon/names/resolver-client.h"
#include "daemon/resolver/drop-reasons.h"
#include "daemon/base/netns.h"
#include "daemon/resolver/rule-store.h"
#include "daemon/resolver/rule-watch.h"
#include "daemon/resolver/symbols.h"
#include "journal/base/clock.h"

#define LOOK_USEC         (5 * G_USEC_PER_SEC) /* between looks for namespaces that nobody asked for */
#define LOOK_PAUSE_USEC   (100 * 1000) /* between looks that somebody waits for, at least */
#define LOOK_PAUSE_FACTOR 4 /* and so many times what the last one took */
#define SYMBOLS_USEC      (20 * 1000) /* questions are gathered so long: one stack brings many */

struct keeper {
	int fd;
	bool ended;
	bool watching;
	bool assign;
	bool answer_watch; /* the answer to KEEPER_WATCH is owed */
	uint32_t watch_id;
	GPtrArray *netns; /* of struct netns */
	struct netns_seen seen; /* by the last look */
	int64_t looked,
		look_pause; /* us: when the last look was, and how long there is none after it */
	struct keeper_state lost; /* by stores there were */
	struct rule_store *store;
	struct rule_watch *watch; /* NULL: it can't hear; rules are read when they are asked for */
	GArray *symbols; /* struct keeper_ask */
	int64_t symbols_due; /* us */
	uint64_t symbols_since; /* ns */
	char *reasons; /* or NULL */
};

/* Blocks while the daemon is behind: it never waits for us meanwhile. */
static void answer(struct keeper *keeper, const struct keeper_answer *head, const char *text)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)head, .iov_len = sizeof(*head) },
		{ .iov_base = (void *)text, .iov_len = head->length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };

	while (sendmsg(keeper->fd, &message, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		keeper->ended = true;
		return;
	}
}

static void answer_text(
	struct keeper *keeper, enum keeper_kind kind, uint32_t id, uint64_t since, const char *text)
{
	const struct keeper_answer head = {
		.kind = kind,
		.id = id,
		.since = since,
		.length = text ? (uint32_t)MIN(strlen(text), KEEPER_TEXT_MAX) : 0,
	};

	answer(keeper, &head, text);
}

static void answer_rule(void *context, uint32_t id, const struct rule_told *told)
{
	const struct keeper_answer head = {
		.kind = KEEPER_RULE,
		.id = id,
		.fate = told->fate,
		.length = (uint32_t)told->length,
		.since = told->since,
		.more = told->more,
	};

	answer(context, &head, told->text);
}

static void tell_replaced(void *context, const struct rule_key *key, const struct rule_told *told)
{
	const struct keeper_answer head = {
		.kind = KEEPER_REPLACED,
		.fate = told->fate,
		.length = (uint32_t)told->length,
		.since = told->since,
		.rule = *key,
	};

	answer(context, &head, told->text);
}

static void look(struct keeper *keeper)
{
	int64_t begun = g_get_monotonic_time();

	netns_look(keeper->netns, keeper->assign, &keeper->seen);
	rule_store_looked(keeper->store);
	keeper->looked = g_get_monotonic_time();
	keeper->look_pause = MAX(LOOK_PAUSE_USEC, LOOK_PAUSE_FACTOR * (keeper->looked - begun));
}

static void add_lost(struct keeper_state *state, const struct rule_store *store)
{
	struct rule_store_counts counts;

	rule_store_count(store, &counts);
	state->texts_refused += counts.texts.refused;
	state->texts_evicted += counts.texts.evicted;
	state->texts_forgotten += counts.texts.forgotten;
	state->readers_hung += counts.hung;
	state->readings_failed += counts.failed;
}

static void answer_ping(struct keeper *keeper, uint32_t id)
{
	struct keeper_state state = keeper->lost;
	const struct keeper_answer head = {
		.kind = KEEPER_PING,
		.id = id,
		.length = sizeof(state),
	};
	struct rule_store_counts counts;

	if (keeper->store) {
		rule_store_count(keeper->store, &counts);
		add_lost(&state, keeper->store);
		state.texts_bytes = counts.texts.bytes;
		state.netns = keeper->netns->len;
		state.netns_passed = keeper->seen.passed;
	}
	answer(keeper, &head, (const char *)&state);
}

static void unwatch(struct keeper *keeper)
{
	keeper->watching = false;
	keeper->answer_watch = false;
	if (keeper->store)
		add_lost(&keeper->lost, keeper->store);
	keeper->store = rule_store_free(keeper->store);
	keeper->watch = rule_watch_free(keeper->watch);
	g_ptr_array_set_size(keeper->netns, 0);
	g_array_set_size(keeper->symbols, 0);
	g_clear_pointer(&keeper->reasons, g_free);
	/* Until the next session, which may be in a year. */
	malloc_trim(0);
}

static void watch(struct keeper *keeper, const struct keeper_ask *ask)
{
	static const struct rule_store_listener listener = {
		.answer = answer_rule,
		.replaced = tell_replaced,
	};

	if (!keeper->watching) {
		keeper->watching = true;
		keeper->assign = ask->assign;
		keeper->symbols_since = clock_ns(CLOCK_MONOTONIC);
		keeper->store = rule_store_new(keeper->netns, &listener, keeper);
		/* Before rules are read, so that none comes between. */
		if (rule_watch_new(&keeper->watch) < 0)
			keeper->watch = NULL;
		look(keeper);
	}
	rule_store_set_size(keeper->store, ask->texts_size);
	keeper->answer_watch = true;
	keeper->watch_id = ask->id;
}

static const struct netns *netns_find(const struct keeper *keeper, const struct keeper_ask *ask)
{
	for (unsigned int i = 0; i < keeper->netns->len; i++) {
		const struct netns *netns = keeper->netns->pdata[i];

		if (netns->inode == ask->inode && (!ask->cookie || netns->cookie == ask->cookie))
			return netns;
	}
	return NULL;
}

/* Its name led to it at the last look, and leads elsewhere now. */
static bool is_renamed(const struct netns *netns)
{
	struct stat status;

	return netns && netns->name &&
		(stat(netns->path, &status) < 0 || (uint32_t)status.st_ino != netns->inode);
}

static void ask_netns(struct keeper *keeper, const struct keeper_ask *ask)
{
	const struct netns *netns = netns_find(keeper, ask);

	/* A name that was there a while ago may be another namespace's by now. Only root can make us look
	 * again before the pause has passed. */
	if (g_get_monotonic_time() - keeper->looked > keeper->look_pause || is_renamed(netns)) {
		look(keeper);
		netns = netns_find(keeper, ask);
	}
	answer_text(keeper, KEEPER_NETNS, ask->id, 0, netns ? netns->name : NULL);
}

static void take_ask(struct keeper *keeper, const struct keeper_ask *ask)
{
	switch ((enum keeper_kind)ask->kind) {
	case KEEPER_WATCH:
		watch(keeper, ask);
		return;
	case KEEPER_UNWATCH:
		unwatch(keeper);
		return;
	case KEEPER_RULE:
		if (keeper->store)
			rule_store_ask(keeper->store, ask->id, &ask->rule, ask->cookie, ask->inode);
		return;
	case KEEPER_SYMBOL:
		if (keeper->symbols->len == 0)
			keeper->symbols_due = g_get_monotonic_time() + SYMBOLS_USEC;
		g_array_append_val(keeper->symbols, *ask);
		return;
	case KEEPER_NETNS:
		if (keeper->store)
			ask_netns(keeper, ask);
		return;
	case KEEPER_REASONS:
		if (!keeper->reasons)
			keeper->reasons = reasons_read();
		answer_text(keeper, KEEPER_REASONS, ask->id, 0, keeper->reasons);
		return;
	case KEEPER_PING:
		answer_ping(keeper, ask->id);
		return;
	case KEEPER_REPLACED:
	case KEEPER_MODULES:
		return;
	}
}

static void take_asks(struct keeper *keeper)
{
	for (;;) {
		struct keeper_ask ask;
		ssize_t n = recv(keeper->fd, &ask, sizeof(ask), MSG_DONTWAIT);

		if (n == sizeof(ask)) {
			take_ask(keeper, &ask);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			keeper->ended = keeper->ended || n == 0 || (n < 0 && errno != EAGAIN);
			return;
		}
	}
}

static void answer_symbols(struct keeper *keeper)
{
	guint count = keeper->symbols->len;
	g_autofree uint64_t *addresses = g_new(uint64_t, count);
	g_auto(GStrv) names = NULL;

	for (guint i = 0; i < count; i++)
		addresses[i] = g_array_index(keeper->symbols, struct keeper_ask, i).address;
	symbols_find(SYMBOLS_PATH, addresses, count, &names);
	for (guint i = 0; i < count; i++)
		answer_text(keeper, KEEPER_SYMBOL,
			g_array_index(keeper->symbols, struct keeper_ask, i).id,
			keeper->symbols_since, names ? names[i] : NULL);
	g_array_set_size(keeper->symbols, 0);
}

static void hear_rules(void *context, int id)
{
	struct keeper *keeper = context;

	for (unsigned int i = 0; i < keeper->netns->len; i++) {
		const struct netns *netns = keeper->netns->pdata[i];

		if (id == NETNS_ID_NONE ? netns->own : netns->id == id)
			rule_store_dirty(keeper->store, netns);
	}
}

static void hear_lost(void *context)
{
	struct keeper *keeper = context;

	rule_store_dirty(keeper->store, NULL);
}

static void hear_modules(void *context)
{
	struct keeper *keeper = context;

	keeper->symbols_since = clock_ns(CLOCK_MONOTONIC);
	g_clear_pointer(&keeper->reasons, g_free);
	answer_text(keeper, KEEPER_MODULES, 0, keeper->symbols_since, NULL);
}

/* What is due; when it wants its next turn, us. */
static int64_t turn(struct keeper *keeper)
{
	int64_t now = g_get_monotonic_time(), next = INT64_MAX, look_due;

	if (!keeper->watching)
		return next;
	next = rule_store_turn(keeper->store);
	look_due = keeper->looked +
		MAX(keeper->look_pause, rule_store_wants_look(keeper->store) ? 0 : LOOK_USEC);
	if (look_due <= now) {
		look(keeper);
		return now;
	}
	if (keeper->answer_watch && rule_store_complete(keeper->store)) {
		keeper->answer_watch = false;
		answer_text(keeper, KEEPER_WATCH, keeper->watch_id, 0, NULL);
	}
	if (keeper->symbols->len > 0 && keeper->symbols_due <= now)
		answer_symbols(keeper);
	else if (keeper->symbols->len > 0)
		next = MIN(next, keeper->symbols_due);
	return MIN(next, look_due);
}

static int timeout_until(int64_t next)
{
	int64_t left;

	if (next == INT64_MAX)
		return -1;
	left = next - g_get_monotonic_time();
	return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

static void wait_for_news(struct keeper *keeper, int64_t next)
{
	static const struct rule_watch_news news = {
		.rules = hear_rules,
		.lost = hear_lost,
		.modules = hear_modules,
	};
	struct pollfd fds[1 + RULE_WATCH_FDS + RULE_STORE_READERS_MAX];
	int watched[RULE_WATCH_FDS];
	unsigned int count = 0;

	fds[count++] = (struct pollfd){ .fd = keeper->fd, .events = POLLIN };
	if (keeper->watch) {
		rule_watch_fds(keeper->watch, watched);
		for (unsigned int i = 0; i < RULE_WATCH_FDS; i++)
			fds[count++] = (struct pollfd){ .fd = watched[i], .events = POLLIN };
	}
	if (keeper->store)
		count += rule_store_poll(keeper->store, &fds[count]);
	if (poll(fds, count, timeout_until(next)) <= 0)
		return;
	if (keeper->watch)
		rule_watch_hear(keeper->watch, &news, keeper);
	if (fds[0].revents)
		take_asks(keeper);
}

void keeper_loop(int fd)
{
	struct keeper keeper = { .fd = fd };

	keeper.netns = g_ptr_array_new_with_free_func(netns_free);
	keeper.symbols = g_array_new(FALSE, FALSE, sizeof(struct keeper_ask));
	while (!keeper.ended)
		wait_for_news(&keeper, turn(&keeper));
	unwatch(&keeper);
	g_ptr_array_unref(keeper.netns);
	g_array_unref(keeper.symbols);
}
