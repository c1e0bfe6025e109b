/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a session: defaults, names and ranges; see session-options.h. */
#include "daemon/settings/session-options.h"

#include <errno.h>
#include <string.h>

#include "bpf/shared/abi.h"
#include "journal/base/escape.h"
#include "journal/format/section-names.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_DROP] = "drop",
	[VERDICT_ACCEPT] = "accept",
	[VERDICT_STOLEN] = "stolen",
	[VERDICT_QUEUE] = "queue",
	[VERDICT_REPEAT] = "repeat",
	[VERDICT_CONTINUE] = "continue",
	[VERDICT_BREAK] = "break",
	[VERDICT_JUMP] = "jump",
	[VERDICT_GOTO] = "goto",
	[VERDICT_RETURN] = "return",
};

#define VERDICTS_ALLOWED \
	"drop, accept, stolen, queue, repeat, continue, break, jump, goto, return or all"

#define SECTIONS_ALLOWED "packet, dev, ns, ct, nft, tracking, drop, skb, stack or all"

void session_options_init(struct session_options *options)
{
	*options = (struct session_options){
		.name = g_strdup(""),
		.filter = g_strdup(""),
		.verdicts = VERDICT_MASK_DEFAULT,
		.sections = SECTION_MASK_DEFAULT,
		.track = true,
		.probes = probe_specs_new(),
	};
}

void session_options_copy(struct session_options *ret, const struct session_options *options)
{
	*ret = *options;
	ret->name = g_strdup(options->name);
	ret->filter = g_strdup(options->filter);
	ret->probes = g_array_ref(options->probes);
}

void session_options_clear(struct session_options *options)
{
	g_free(options->name);
	g_free(options->filter);
	g_clear_pointer(&options->probes, g_array_unref);
	*options = (struct session_options){ 0 };
}

int session_name_check(const char *name, struct failure *failure)
{
	bool digits = true;

	if (!*name || strlen(name) > SESSION_NAME_MAX) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Name: a name must have 1 to %d bytes, not %zu", SESSION_NAME_MAX,
			strlen(name));
		return -EINVAL;
	}
	if (*name == '-' || *name == '.') {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Name: a name must not begin with '%c'", *name);
		return -EINVAL;
	}
	for (const char *i = name; *i; i = g_utf8_next_char(i)) {
		gunichar c = g_utf8_get_char_validated(i, -1);

		if (c >= (gunichar)-2 || !g_unichar_isprint(c) || c == '/') {
			g_autofree char *escaped = text_escape_dup(name);

			failure_set(failure, FAILURE_INVALID_OPTION,
				"Name: a name must be printable text without a slash, not \"%s\"",
				escaped);
			return -EINVAL;
		}
		digits = digits && g_ascii_isdigit(*i);
	}
	if (digits) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Name: invalid name \"%s\": all-digit names are session ids", name);
		return -EINVAL;
	}
	return 0;
}

/* `bound` is "at most" or "at least". */
static int refuse_value(struct failure *failure, const char *key, const char *bound, uint64_t limit,
	const char *unit, uint64_t value)
{
	failure_set(failure, FAILURE_INVALID_OPTION,
		"%s must be 0 or %s %" G_GUINT64_FORMAT " (%s), not %" G_GUINT64_FORMAT, key, bound,
		limit, unit, value);
	return -EINVAL;
}

int session_options_check(const struct session_options *options, struct failure *failure)
{
	if (options->duration > SESSION_DURATION_MAX)
		return refuse_value(failure, "Duration", "at most", SESSION_DURATION_MAX,
			"a year, in microseconds", options->duration);
	if (options->rate > SESSION_RATE_MAX)
		return refuse_value(failure, "Rate", "at most", SESSION_RATE_MAX, "events a second",
			options->rate);
	if (options->burst > SESSION_RATE_MAX)
		return refuse_value(
			failure, "Burst", "at most", SESSION_RATE_MAX, "events", options->burst);
	if (options->burst && !options->rate) {
		failure_set(failure, FAILURE_INVALID_OPTION, "Burst: needs Rate");
		return -EINVAL;
	}
	if (options->size && options->size < SESSION_SIZE_MIN)
		return refuse_value(
			failure, "Size", "at least", SESSION_SIZE_MIN, "bytes", options->size);
	return *options->name ? session_name_check(options->name, failure) : 0;
}

static int verdict_parse(const char *name, uint32_t *ret)
{
	if (g_str_equal(name, "all")) {
		*ret = VERDICT_MASK_ALL;
		return 0;
	}
	for (unsigned int i = 0; i < VERDICT_COUNT; i++) {
		if (verdict_names[i] && g_str_equal(name, verdict_names[i])) {
			*ret = 1u << i;
			return 0;
		}
	}
	return -EINVAL;
}

int verdicts_parse(const char *const *names, uint32_t *ret, struct failure *failure)
{
	uint32_t verdicts = 0;

	for (; *names; names++) {
		uint32_t verdict;

		if (verdict_parse(*names, &verdict) < 0) {
			g_autofree char *escaped = text_excerpt_dup(*names);

			failure_set(failure, FAILURE_INVALID_VERDICT,
				"unknown verdict \"%s\": it must be " VERDICTS_ALLOWED, escaped);
			return -EINVAL;
		}
		verdicts |= verdict;
	}
	if (!verdicts) {
		failure_set(failure, FAILURE_INVALID_VERDICT,
			"a session needs at least one verdict: " VERDICTS_ALLOWED);
		return -EINVAL;
	}
	*ret = verdicts;
	return 0;
}

char **verdicts_names(uint32_t verdicts)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (verdicts == VERDICT_MASK_ALL) {
		g_ptr_array_add(names, g_strdup("all"));
	} else {
		for (unsigned int i = 0; i < VERDICT_COUNT; i++) {
			if (verdict_names[i] && verdicts & 1u << i)
				g_ptr_array_add(names, g_strdup(verdict_names[i]));
		}
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}

int sections_parse(const char *const *names, uint32_t *ret, struct failure *failure)
{
	const char *unknown;

	if (!*names) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Sections: a session needs at least one section: " SECTIONS_ALLOWED);
		return -EINVAL;
	}
	unknown = section_names_parse(names, ret);
	if (unknown) {
		g_autofree char *escaped = text_excerpt_dup(unknown);

		failure_set(failure, FAILURE_INVALID_OPTION,
			"Sections: unknown section \"%s\": it must be " SECTIONS_ALLOWED, escaped);
		return -EINVAL;
	}
	return 0;
}
