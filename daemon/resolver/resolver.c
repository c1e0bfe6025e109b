/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's loop, see resolver.h. A turn takes milliseconds at most: rules are read by other
 * processes, and scans of all processes and of the kernel's symbols, which take that long, are
 * rare.
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

#include "daemon/base/netns.h"
#include "daemon/resolver/drop-reasons.h"
#include "daemon/resolver/protocol.h"
#include "daemon/resolver/rule-store.h"
#include "daemon/resolver/rule-watch.h"
#include "daemon/resolver/symbols.h"
#include "journal/base/clock.h"

#define SCAN_USEC         (5 * G_USEC_PER_SEC) /* between scans that no question waits for */
#define SCAN_PAUSE_USEC   (100 * 1000) /* between scans that a question waits for, at least */
#define SCAN_PAUSE_FACTOR 4 /* and this many times as long as the last one took */
#define SYMBOLS_USEC      (20 * 1000) /* to collect questions: one stack has many */

struct resolver {
	int fd;
	bool ended;
	bool watching;
	bool assign;
	bool answer_watch; /* RESOLVER_WATCH is not answered yet */
	uint32_t watch_id;
	GPtrArray *netns; /* of struct netns */
	struct netns_scan_result scan; /* the last */
	int64_t scanned, scan_pause; /* us: when the last scan ended, and the pause after it */
	struct resolver_state lost; /* by earlier stores */
	struct rule_store *store;
	/* NULL: there are no notifications; rules are read when a question is asked. */
	struct rule_watch *watch;
	GArray *symbols; /* struct resolver_question */
	int64_t symbols_due; /* us */
	uint64_t symbols_since; /* ns */
	char *reasons; /* or NULL */
};

/* Blocks while the daemon has not read earlier answers: it never waits for us meanwhile. */
static void answer(struct resolver *resolver, const struct resolver_answer *head, const char *text)
{
	struct iovec parts[] = {
		{ .iov_base = (void *)head, .iov_len = sizeof(*head) },
		{ .iov_base = (void *)text, .iov_len = head->length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS(parts) };

	while (sendmsg(resolver->fd, &message, MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		resolver->ended = true;
		return;
	}
}

static void answer_text(struct resolver *resolver, enum resolver_kind kind, uint32_t id,
	uint64_t since, const char *text)
{
	const struct resolver_answer head = {
		.kind = kind,
		.id = id,
		.since = since,
		.length = text ? (uint32_t)MIN(strlen(text), RESOLVER_TEXT_MAX) : 0,
	};

	answer(resolver, &head, text);
}

static void answer_rule(void *context, uint32_t id, const struct rule_text *text)
{
	const struct resolver_answer head = {
		.kind = RESOLVER_RULE,
		.id = id,
		.fate = text->fate,
		.length = (uint32_t)text->length,
		.since = text->since,
		.more = text->more,
	};

	answer(context, &head, text->text);
}

static void report_replaced(void *context, const struct rule_key *key, const struct rule_text *text)
{
	const struct resolver_answer head = {
		.kind = RESOLVER_REPLACED,
		.fate = text->fate,
		.length = (uint32_t)text->length,
		.since = text->since,
		.rule = *key,
	};

	answer(context, &head, text->text);
}

static void scan_netns(struct resolver *resolver)
{
	int64_t started = g_get_monotonic_time();

	netns_scan(resolver->netns, resolver->assign, &resolver->scan);
	rule_store_scanned(resolver->store);
	resolver->scanned = g_get_monotonic_time();
	resolver->scan_pause =
		MAX(SCAN_PAUSE_USEC, SCAN_PAUSE_FACTOR * (resolver->scanned - started));
}

static void add_lost(struct resolver_state *state, const struct rule_store *store)
{
	struct rule_store_counts counts;

	rule_store_count(store, &counts);
	state->texts_refused += counts.texts.refused;
	state->texts_evicted += counts.texts.evicted;
	state->texts_forgotten += counts.texts.forgotten;
	state->readers_hung += counts.hung;
	state->readings_failed += counts.failed;
}

static void answer_ping(struct resolver *resolver, uint32_t id)
{
	struct resolver_state state = resolver->lost;
	const struct resolver_answer head = {
		.kind = RESOLVER_PING,
		.id = id,
		.length = sizeof(state),
	};
	struct rule_store_counts counts;

	if (resolver->store) {
		rule_store_count(resolver->store, &counts);
		add_lost(&state, resolver->store);
		state.texts_bytes = counts.texts.bytes;
		state.netns = resolver->netns->len;
		state.netns_passed = resolver->scan.passed;
	}
	answer(resolver, &head, (const char *)&state);
}

static void unwatch(struct resolver *resolver)
{
	resolver->watching = false;
	resolver->answer_watch = false;
	if (resolver->store)
		add_lost(&resolver->lost, resolver->store);
	resolver->store = rule_store_free(resolver->store);
	resolver->watch = rule_watch_free(resolver->watch);
	g_ptr_array_set_size(resolver->netns, 0);
	g_array_set_size(resolver->symbols, 0);
	g_clear_pointer(&resolver->reasons, g_free);
	/* There may be no session for a long time. */
	malloc_trim(0);
}

static void watch(struct resolver *resolver, const struct resolver_question *question)
{
	static const struct rule_store_listener listener = {
		.answer = answer_rule,
		.replaced = report_replaced,
	};

	if (!resolver->watching) {
		resolver->watching = true;
		resolver->assign = question->assign;
		resolver->symbols_since = clock_ns(CLOCK_MONOTONIC);
		resolver->store = rule_store_new(resolver->netns, &listener, resolver);
		/* Before rules are read, so that no change is missed. */
		if (rule_watch_new(&resolver->watch) < 0)
			resolver->watch = NULL;
		scan_netns(resolver);
	}
	rule_store_set_size(resolver->store, question->texts_size);
	resolver->answer_watch = true;
	resolver->watch_id = question->id;
}

static const struct netns *netns_find(
	const struct resolver *resolver, const struct resolver_question *question)
{
	for (unsigned int i = 0; i < resolver->netns->len; i++) {
		const struct netns *netns = resolver->netns->pdata[i];

		if (netns->inode == question->inode &&
			(!question->cookie || netns->cookie == question->cookie))
			return netns;
	}
	return NULL;
}

/* True if its name led to it at the last scan, and leads to another one now. */
static bool is_renamed(const struct netns *netns)
{
	struct stat status;

	return netns && netns->name &&
		(stat(netns->path, &status) < 0 || (uint32_t)status.st_ino != netns->inode);
}

static void answer_netns(struct resolver *resolver, const struct resolver_question *question)
{
	const struct netns *netns = netns_find(resolver, question);

	/* The name may belong to another namespace since the last scan. Only root can rename, and
	 * so cause another scan before the pause is over. */
	if (g_get_monotonic_time() - resolver->scanned > resolver->scan_pause ||
		is_renamed(netns)) {
		scan_netns(resolver);
		netns = netns_find(resolver, question);
	}
	answer_text(resolver, RESOLVER_NETNS, question->id, 0, netns ? netns->name : NULL);
}

static void take_question(struct resolver *resolver, const struct resolver_question *question)
{
	switch ((enum resolver_kind)question->kind) {
	case RESOLVER_WATCH:
		watch(resolver, question);
		return;
	case RESOLVER_UNWATCH:
		unwatch(resolver);
		return;
	case RESOLVER_RULE:
		if (resolver->store)
			rule_store_ask(resolver->store, question->id, &question->rule);
		return;
	case RESOLVER_SYMBOL:
		if (resolver->symbols->len == 0)
			resolver->symbols_due = g_get_monotonic_time() + SYMBOLS_USEC;
		g_array_append_val(resolver->symbols, *question);
		return;
	case RESOLVER_NETNS:
		if (resolver->store)
			answer_netns(resolver, question);
		return;
	case RESOLVER_REASONS:
		if (!resolver->reasons)
			resolver->reasons = reasons_read();
		answer_text(resolver, RESOLVER_REASONS, question->id, 0, resolver->reasons);
		return;
	case RESOLVER_PING:
		answer_ping(resolver, question->id);
		return;
	case RESOLVER_REPLACED:
	case RESOLVER_MODULES:
		return;
	}
}

static void take_questions(struct resolver *resolver)
{
	for (;;) {
		struct resolver_question question;
		ssize_t n = recv(resolver->fd, &question, sizeof(question), MSG_DONTWAIT);

		if (n == sizeof(question)) {
			take_question(resolver, &question);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			resolver->ended = resolver->ended || n == 0 || (n < 0 && errno != EAGAIN);
			return;
		}
	}
}

static void answer_symbols(struct resolver *resolver)
{
	guint count = resolver->symbols->len;
	g_autofree uint64_t *addresses = g_new(uint64_t, count);
	g_auto(GStrv) names = NULL;

	for (guint i = 0; i < count; i++)
		addresses[i] =
			g_array_index(resolver->symbols, struct resolver_question, i).address;
	symbols_find(SYMBOLS_PATH, addresses, count, &names);
	for (guint i = 0; i < count; i++)
		answer_text(resolver, RESOLVER_SYMBOL,
			g_array_index(resolver->symbols, struct resolver_question, i).id,
			resolver->symbols_since, names ? names[i] : NULL);
	g_array_set_size(resolver->symbols, 0);
}

static void on_rules(void *context, int id)
{
	struct resolver *resolver = context;

	for (unsigned int i = 0; i < resolver->netns->len; i++) {
		const struct netns *netns = resolver->netns->pdata[i];

		if (id == NETNS_ID_NONE ? netns->own : netns->id == id)
			rule_store_notify(resolver->store, netns);
	}
}

static void on_lost(void *context)
{
	struct resolver *resolver = context;

	rule_store_notify(resolver->store, NULL);
}

static void on_modules(void *context)
{
	struct resolver *resolver = context;

	resolver->symbols_since = clock_ns(CLOCK_MONOTONIC);
	g_clear_pointer(&resolver->reasons, g_free);
	answer_text(resolver, RESOLVER_MODULES, 0, resolver->symbols_since, NULL);
}

/* Runs everything that is due; returns when it is to be called again at the latest, us. */
static int64_t run_due(struct resolver *resolver)
{
	int64_t now = g_get_monotonic_time(), next = INT64_MAX, scan_due;

	if (!resolver->watching)
		return next;
	next = rule_store_run(resolver->store);
	scan_due = resolver->scanned +
		MAX(resolver->scan_pause, rule_store_needs_scan(resolver->store) ? 0 : SCAN_USEC);
	if (scan_due <= now) {
		scan_netns(resolver);
		return now;
	}
	if (resolver->answer_watch && rule_store_complete(resolver->store)) {
		resolver->answer_watch = false;
		answer_text(resolver, RESOLVER_WATCH, resolver->watch_id, 0, NULL);
	}
	if (resolver->symbols->len > 0 && resolver->symbols_due <= now)
		answer_symbols(resolver);
	else if (resolver->symbols->len > 0)
		next = MIN(next, resolver->symbols_due);
	return MIN(next, scan_due);
}

static int timeout_until(int64_t next)
{
	int64_t left;

	if (next == INT64_MAX)
		return -1;
	left = next - g_get_monotonic_time();
	return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

static void wait_for_events(struct resolver *resolver, int64_t next)
{
	static const struct rule_watch_ops ops = {
		.rules = on_rules,
		.lost = on_lost,
		.modules = on_modules,
	};
	struct pollfd fds[1 + RULE_WATCH_FDS + RULE_READERS_MAX];
	int watched[RULE_WATCH_FDS];
	unsigned int count = 0;

	fds[count++] = (struct pollfd){ .fd = resolver->fd, .events = POLLIN };
	if (resolver->watch) {
		rule_watch_fds(resolver->watch, watched);
		for (unsigned int i = 0; i < RULE_WATCH_FDS; i++)
			fds[count++] = (struct pollfd){ .fd = watched[i], .events = POLLIN };
	}
	if (resolver->store)
		count += rule_store_poll_fds(resolver->store, &fds[count]);
	if (poll(fds, count, timeout_until(next)) <= 0)
		return;
	if (resolver->watch)
		rule_watch_receive(resolver->watch, &ops, resolver);
	if (fds[0].revents)
		take_questions(resolver);
}

void resolver_loop(int fd)
{
	struct resolver resolver = { .fd = fd };

	resolver.netns = g_ptr_array_new_with_free_func(netns_free);
	resolver.symbols = g_array_new(FALSE, FALSE, sizeof(struct resolver_question));
	while (!resolver.ended)
		wait_for_events(&resolver, run_due(&resolver));
	unwatch(&resolver);
	g_ptr_array_unref(resolver.netns);
	g_array_unref(resolver.symbols);
}
