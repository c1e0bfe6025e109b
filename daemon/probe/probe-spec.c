/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses and prints probe specifications; see probe-spec.h. */
#include "daemon/probe/probe-spec.h"

#include <errno.h>
#include <string.h>

#include "journal/base/escape.h"

#define STACK_SUFFIX "/stack"

static const struct {
	const char *prefix;
	enum event_attach type;
} prefixes[] = {
	{ "kprobe:", EVENT_ATTACH_KPROBE },
	{ "k:", EVENT_ATTACH_KPROBE },
	{ "kretprobe:", EVENT_ATTACH_KRETPROBE },
	{ "kr:", EVENT_ATTACH_KRETPROBE },
	{ "raw_tracepoint:", EVENT_ATTACH_RAW_TRACEPOINT },
	{ "tp:", EVENT_ATTACH_RAW_TRACEPOINT },
};

const char *probe_type_name(enum event_attach type)
{
	switch (type) {
	case EVENT_ATTACH_KPROBE:
	case EVENT_ATTACH_FENTRY:
		return "kprobe";
	case EVENT_ATTACH_KRETPROBE:
		return "kretprobe";
	case EVENT_ATTACH_RAW_TRACEPOINT:
		return "raw_tracepoint";
	}
	return "";
}

/* Length of the C identifier at the start of `text`. */
static size_t identifier_length(const char *text)
{
	size_t length = 0;

	if (g_ascii_isdigit(*text))
		return 0;
	while (g_ascii_isalnum(text[length]) || text[length] == '_')
		length++;
	return length;
}

static bool symbol_valid(const char *symbol, enum event_attach type)
{
	size_t length = identifier_length(symbol), group = length;

	if (type == EVENT_ATTACH_RAW_TRACEPOINT) {
		if (!group || symbol[group] != ':')
			return false;
		length = identifier_length(symbol + group + 1);
		return length && length <= PROBE_SYMBOL_MAX && group <= PROBE_SYMBOL_MAX &&
			!symbol[group + 1 + length];
	}
	return length && length <= PROBE_SYMBOL_MAX && !symbol[length];
}

int probe_spec_parse(const char *text, struct probe_spec *ret, char **ret_reason)
{
	struct probe_spec spec = { 0 };
	g_autofree char *symbol = NULL;
	const char *rest = text;

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes) && !spec.type; i++) {
		if (g_str_has_prefix(text, prefixes[i].prefix)) {
			spec.type = prefixes[i].type;
			rest = text + strlen(prefixes[i].prefix);
		}
	}
	if (!spec.type)
		spec.type = strchr(rest, ':') ? EVENT_ATTACH_RAW_TRACEPOINT : EVENT_ATTACH_KPROBE;
	spec.stack = g_str_has_suffix(rest, STACK_SUFFIX);
	symbol = g_strndup(rest, strlen(rest) - (spec.stack ? strlen(STACK_SUFFIX) : 0));
	if (!symbol_valid(symbol, spec.type)) {
		g_autofree char *escaped = text_excerpt_dup(text);

		*ret_reason = g_strdup_printf("\"%s\" is not a probe: it must be a function, "
					      "kprobe:FUNCTION, kretprobe:FUNCTION or "
					      "tp:GROUP:TRACEPOINT, and may end in " STACK_SUFFIX,
			escaped);
		return -EINVAL;
	}
	spec.symbol = g_steal_pointer(&symbol);
	*ret = spec;
	return 0;
}

char *probe_spec_text(const struct probe_spec *spec)
{
	return g_strdup_printf("%s:%s%s", probe_type_name(spec->type), spec->symbol,
		spec->stack ? STACK_SUFFIX : "");
}

void probe_spec_clear(struct probe_spec *spec)
{
	g_clear_pointer(&spec->symbol, g_free);
}

bool probe_spec_equal(const struct probe_spec *a, const struct probe_spec *b)
{
	return a->type == b->type && g_str_equal(a->symbol, b->symbol);
}

bool probe_spec_is_nft(const struct probe_spec *spec)
{
	return spec->type == EVENT_ATTACH_KPROBE && g_str_equal(spec->symbol, PROBE_NFT_SYMBOL);
}

GArray *probe_specs_new(void)
{
	GArray *specs = g_array_new(FALSE, FALSE, sizeof(struct probe_spec));

	g_array_set_clear_func(specs, (GDestroyNotify)probe_spec_clear);
	return specs;
}

static bool specs_contain(const GArray *specs, const struct probe_spec *spec)
{
	for (unsigned int i = 0; i < specs->len; i++) {
		if (probe_spec_equal(&g_array_index(specs, struct probe_spec, i), spec))
			return true;
	}
	return false;
}

/* The number of probes except __nft_trace_packet, which has a number of its own. */
static unsigned int specs_count_further(const GArray *specs)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < specs->len; i++)
		count += !probe_spec_is_nft(&g_array_index(specs, struct probe_spec, i));
	return count;
}

int probe_specs_parse(const char *const *texts, GArray **ret, struct failure *failure)
{
	g_autoptr(GArray) specs = probe_specs_new();

	for (; *texts; texts++) {
		g_autofree char *reason = NULL;
		struct probe_spec spec;

		if (probe_spec_parse(*texts, &spec, &reason) < 0) {
			failure_set(failure, FAILURE_INVALID_OPTION, "Probes: %s", reason);
			return -EINVAL;
		}
		if (specs_contain(specs, &spec)) {
			failure_set(failure, FAILURE_INVALID_OPTION, "Probes: %s:%s is given twice",
				probe_type_name(spec.type), spec.symbol);
			probe_spec_clear(&spec);
			return -EINVAL;
		}
		g_array_append_val(specs, spec);
		if (specs_count_further(specs) > PROBES_MAX) {
			failure_set(failure, FAILURE_INVALID_OPTION,
				"Probes: at most %d probes besides " PROBE_NFT_SYMBOL
				" are possible",
				PROBES_MAX);
			return -EINVAL;
		}
	}
	*ret = g_steal_pointer(&specs);
	return 0;
}
