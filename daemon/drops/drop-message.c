/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about dropped packets; see drop-message.h. */
#include "daemon/drops/drop-message.h"

#include <inttypes.h>
#include <string.h>
#include <syslog.h>

#include "journal/base/amounts.h"
#include "journal/event/decode.h"

static void field_clear(void *field)
{
	g_free(((struct iovec *)field)->iov_base);
}

static void add(struct drop_message *message, const char *name, const char *value)
{
	struct iovec field;

	field.iov_base = g_strconcat(name, "=", value, NULL);
	field.iov_len = strlen(field.iov_base);
	g_array_append_val(message->fields, field);
}

static void add_number(struct drop_message *message, const char *name, uint64_t value)
{
	char text[sizeof("18446744073709551615")];

	g_snprintf(text, sizeof(text), "%" PRIu64, value);
	add(message, name, text);
}

/* Takes over the text. What every message has. */
static struct drop_message *message_new(GString *text, const char *id, int priority)
{
	struct drop_message *message = g_new0(struct drop_message, 1);

	message->text = g_string_free(text, FALSE);
	message->fields = g_array_new(FALSE, FALSE, sizeof(struct iovec));
	g_array_set_clear_func(message->fields, field_clear);
	add(message, "MESSAGE", message->text);
	add(message, "MESSAGE_ID", id);
	add_number(message, "PRIORITY", (uint64_t)priority);
	add(message, "SYSLOG_IDENTIFIER", "nfttraced");
	return message;
}

static void append_amount(GString *text, uint64_t packets, uint64_t bytes, uint64_t usec)
{
	char count[AMOUNT_SIZE], size[AMOUNT_SIZE], span[AMOUNT_SIZE];

	g_string_append_printf(text, "Dropped %s (%s) in %s",
		amount_count(packets, "packet", count), amount_bytes(bytes, size),
		amount_duration(usec, span));
}

/* Cut between two characters: a line with half of one in it is shown by nobody. */
static void append_rule(GString *text, const char *rule)
{
	size_t length = strlen(rule), told = MIN(length, DROP_MESSAGE_RULE_MAX);
	const char *end = rule + told;

	if (told < length && (*end & 0xc0) == 0x80)
		told = (size_t)(g_utf8_find_prev_char(rule, end) - rule);
	g_string_append(text, " \"");
	g_string_append_len(text, rule, (gssize)told);
	g_string_append(text, told < length ? "...\"" : "\"");
}

/* Where the packets ended. */
static void append_place(GString *text, const struct drop_counter *counter, uint32_t home)
{
	g_string_append_printf(text, ": %s %s %s", event_family_name(counter->family),
		counter->table, counter->chain);
	if (counter->policy)
		g_string_append(text, " policy");
	else
		g_string_append_printf(text, " handle %" PRIu64, counter->handle);
	if (!counter->policy && counter->rule)
		append_rule(text, counter->rule);
	if (counter->netns)
		g_string_append_printf(text, " in netns %s", counter->netns);
	else if (counter->netns_inode != home)
		g_string_append_printf(text, " in netns %" PRIu32, counter->netns_inode);
}

static GString *rule_text(const struct drop_news *news)
{
	const struct drop_counter *counter = news->counter;
	GString *text = g_string_new(NULL);

	append_amount(text, news->packets, news->bytes, news->usec);
	append_place(text, counter, news->home);
	if (counter->example)
		g_string_append_printf(text, ", last %s", counter->example);
	return text;
}

struct drop_message *drop_message_rule(const struct drop_news *news)
{
	const struct drop_counter *counter = news->counter;
	struct drop_message *message = message_new(rule_text(news), DROP_MESSAGE_RULE, LOG_INFO);

	add(message, "NFT_FAMILY", event_family_name(counter->family));
	add(message, "NFT_TABLE", counter->table);
	add(message, "NFT_CHAIN", counter->chain);
	add(message, "NFT_POLICY", counter->policy ? "yes" : "no");
	if (!counter->policy)
		add_number(message, "NFT_HANDLE", counter->handle);
	if (!counter->policy && counter->rule)
		add(message, "NFT_RULE", counter->rule);
	if (counter->netns)
		add(message, "NETNS", counter->netns);
	else
		add_number(message, "NETNS", counter->netns_inode);
	add_number(message, "PACKETS", news->packets);
	add_number(message, "BYTES", news->bytes);
	if (counter->example)
		add(message, "EXAMPLE", counter->example);
	add_number(message, "INTERVAL_USEC", news->usec);
	return message;
}

static void separate(GString *text)
{
	if (text->len > 0)
		g_string_append(text, "; ");
}

static GString *rest_text(const struct drop_rest *rest)
{
	GString *text = g_string_new(NULL);
	char count[AMOUNT_SIZE], span[AMOUNT_SIZE];

	if (rest->rules > 0) {
		append_amount(text, rest->packets, rest->bytes, rest->usec);
		g_string_append_printf(
			text, " by %s", amount_count(rest->rules, "more rule", count));
	}
	if (rest->uncounted > 0) {
		separate(text);
		g_string_append_printf(text,
			"%s dropped in %s that no rule's counter has: "
			"their table is full (DropCountersMax=)",
			amount_count(rest->uncounted, "packet", count),
			amount_duration(rest->usec, span));
	}
	if (rest->missed > 0) {
		separate(text);
		g_string_append_printf(text,
			"%s missed in %s: the kernel skipped them, and if they were drops, "
			"they are not counted",
			amount_count(rest->missed, "call", count),
			amount_duration(rest->usec, span));
	}
	return text;
}

struct drop_message *drop_message_rest(const struct drop_rest *rest)
{
	struct drop_message *message = message_new(rest_text(rest), DROP_MESSAGE_REST, LOG_INFO);

	add_number(message, "RULES", rest->rules);
	add_number(message, "PACKETS", rest->packets);
	add_number(message, "BYTES", rest->bytes);
	add_number(message, "UNCOUNTED", rest->uncounted);
	add_number(message, "MISSED", rest->missed);
	add_number(message, "INTERVAL_USEC", rest->usec);
	return message;
}

struct drop_message *drop_message_free(struct drop_message *message)
{
	if (!message)
		return NULL;
	g_free(message->text);
	g_array_unref(message->fields);
	g_free(message);
	return NULL;
}
