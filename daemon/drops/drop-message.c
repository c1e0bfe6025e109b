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

static void add_field(struct drop_message *message, const char *name, const char *value)
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
	add_field(message, name, text);
}

/* A message with the fields that all messages have; takes over the text. */
static struct drop_message *message_new(GString *text, const char *id, int priority)
{
	struct drop_message *message = g_new0(struct drop_message, 1);

	message->text = g_string_free(text, FALSE);
	message->fields = g_array_new(FALSE, FALSE, sizeof(struct iovec));
	g_array_set_clear_func(message->fields, field_clear);
	add_field(message, "MESSAGE", message->text);
	add_field(message, "MESSAGE_ID", id);
	add_number(message, "PRIORITY", (uint64_t)priority);
	add_field(message, "SYSLOG_IDENTIFIER", "nfttraced");
	return message;
}

static void append_amount(GString *text, uint64_t packets, uint64_t bytes, uint64_t usec)
{
	char count[AMOUNT_SIZE], size[AMOUNT_SIZE], span[AMOUNT_SIZE];

	g_string_append_printf(text, "Dropped %s (%s) in %s",
		amount_count(packets, "packet", count), amount_bytes(bytes, size),
		amount_duration(usec, span));
}

/* Cuts between two characters: journalctl does not print a line with half of one. */
static void append_rule(GString *text, const char *rule)
{
	size_t length = strlen(rule), quoted = MIN(length, DROP_MESSAGE_RULE_MAX);
	const char *end = rule + quoted;

	if (quoted < length && (*end & 0xc0) == 0x80)
		quoted = (size_t)(g_utf8_find_prev_char(rule, end) - rule);
	g_string_append(text, " \"");
	g_string_append_len(text, rule, (gssize)quoted);
	g_string_append(text, quoted < length ? "...\"" : "\"");
}

/* Appends the rule or policy that dropped. */
static void append_rule_path(GString *text, const struct drop_counter *counter, uint32_t home)
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

static GString *rule_text(const struct drop_delta *delta)
{
	const struct drop_counter *counter = delta->counter;
	GString *text = g_string_new(NULL);

	append_amount(text, delta->packets, delta->bytes, delta->usec);
	append_rule_path(text, counter, delta->home);
	if (counter->example)
		g_string_append_printf(text, ", last %s", counter->example);
	return text;
}

struct drop_message *drop_message_rule(const struct drop_delta *delta)
{
	const struct drop_counter *counter = delta->counter;
	struct drop_message *message = message_new(rule_text(delta), DROP_MESSAGE_RULE, LOG_INFO);

	add_field(message, "NFT_FAMILY", event_family_name(counter->family));
	add_field(message, "NFT_TABLE", counter->table);
	add_field(message, "NFT_CHAIN", counter->chain);
	add_field(message, "NFT_POLICY", counter->policy ? "yes" : "no");
	if (!counter->policy)
		add_number(message, "NFT_HANDLE", counter->handle);
	if (!counter->policy && counter->rule)
		add_field(message, "NFT_RULE", counter->rule);
	if (counter->netns)
		add_field(message, "NETNS", counter->netns);
	else
		add_number(message, "NETNS", counter->netns_inode);
	add_number(message, "PACKETS", delta->packets);
	add_number(message, "BYTES", delta->bytes);
	if (counter->example)
		add_field(message, "EXAMPLE", counter->example);
	add_number(message, "INTERVAL_USEC", delta->usec);
	return message;
}

static void append_separator(GString *text)
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
		append_separator(text);
		g_string_append_printf(text,
			"%s dropped in %s that no rule's counter has: "
			"their table is full (DropCountersMax=)",
			amount_count(rest->uncounted, "packet", count),
			amount_duration(rest->usec, span));
	}
	if (rest->missed > 0) {
		append_separator(text);
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
