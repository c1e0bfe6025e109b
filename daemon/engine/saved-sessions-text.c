/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the saved sessions: a line with version and checksum, then a key file. Strings are
 * escaped and quoted, so that any bytes are read back unchanged. Stateless.
 */
#include "daemon/engine/saved-sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "journal/format/crc32c.h"

#define TITLE_FORMAT "nfttraced-sessions %u %08x" /* version, checksum of what follows the line */
#define TITLE_MAX    80
#define GROUP        "Daemon"
#define GROUP_BIT    "Session " /* and its bit */
#define GROUP_PROBE  "Probe " /* and its number */
#define LIST_SPACE   "\n" /* between the probes of a session */

static void text_put(GKeyFile *file, const char *group, const char *key, const char *text)
{
	g_autofree char *escaped = g_strescape(text, NULL),
			*quoted = g_strdup_printf("\"%s\"", escaped);

	g_key_file_set_value(file, group, key, quoted);
}

static char *text_get(GKeyFile *file, const char *group, const char *key)
{
	g_autofree char *quoted = g_key_file_get_value(file, group, key, NULL);
	size_t length = quoted ? strlen(quoted) : 0;

	if (length < 2 || quoted[0] != '"' || quoted[length - 1] != '"')
		return g_strdup("");
	quoted[length - 1] = '\0';
	return g_strcompress(quoted + 1);
}

static void number_put(GKeyFile *file, const char *group, const char *key, uint64_t number)
{
	g_key_file_set_uint64(file, group, key, number);
}

static uint64_t number_get(GKeyFile *file, const char *group, const char *key)
{
	return g_key_file_get_uint64(file, group, key, NULL);
}

static void probes_put(GKeyFile *file, const char *group, const GArray *probes)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < probes->len; i++) {
		g_autofree char *text =
			probe_spec_text(&g_array_index(probes, struct probe_spec, i));

		g_string_append_printf(list, "%s%s", i ? LIST_SPACE : "", text);
	}
	text_put(file, group, "Probes", list->str);
}

static int probes_get(GKeyFile *file, const char *group, GArray **probes)
{
	g_autofree char *list = text_get(file, group, "Probes");
	g_auto(GStrv) texts = g_strsplit(list, LIST_SPACE, -1);
	auto_failure failure = { 0 };
	GArray *parsed = NULL;
	int r;

	if (!*list)
		return 0;
	r = probe_specs_parse((const char *const *)texts, &parsed, &failure);
	if (r < 0)
		return r;
	g_array_unref(*probes);
	*probes = parsed;
	return 0;
}

static void options_put(GKeyFile *file, const char *group, const struct session_options *options)
{
	text_put(file, group, "Name", options->name);
	text_put(file, group, "Filter", options->filter);
	number_put(file, group, "Verdicts", options->verdicts);
	number_put(file, group, "Sections", options->sections);
	number_put(file, group, "Track", options->track);
	number_put(file, group, "Stack", options->stack);
	number_put(file, group, "BindToCaller", options->bind_to_caller);
	number_put(file, group, "Boot", options->configured);
	number_put(file, group, "Limit", options->limit);
	number_put(file, group, "Duration", options->duration);
	number_put(file, group, "Rate", options->rate);
	number_put(file, group, "Burst", options->burst);
	number_put(file, group, "Size", options->size);
	probes_put(file, group, options->probes);
}

static int options_get(GKeyFile *file, const char *group, struct session_options *options)
{
	auto_failure failure = { 0 };

	g_free(options->name);
	g_free(options->filter);
	options->name = text_get(file, group, "Name");
	options->filter = text_get(file, group, "Filter");
	options->verdicts = (uint32_t)number_get(file, group, "Verdicts") & VERDICT_MASK_ALL;
	options->sections = (uint32_t)number_get(file, group, "Sections");
	options->track = number_get(file, group, "Track");
	options->stack = number_get(file, group, "Stack");
	options->bind_to_caller = number_get(file, group, "BindToCaller");
	options->configured = number_get(file, group, "Boot");
	options->limit = number_get(file, group, "Limit");
	options->duration = number_get(file, group, "Duration");
	options->rate = number_get(file, group, "Rate");
	options->burst = number_get(file, group, "Burst");
	options->size = number_get(file, group, "Size");
	if (probes_get(file, group, &options->probes) < 0 ||
		session_options_check(options, &failure) < 0)
		return -EBADMSG;
	return 0;
}

static void session_put(GKeyFile *file, const struct saved_session *session)
{
	g_autofree char *group = g_strdup_printf(GROUP_BIT "%u", session->bit);

	number_put(file, group, "Id", session->id);
	number_put(file, group, "Change", session->change);
	options_put(file, group, &session->options);
	number_put(file, group, "Owner", session->owner);
	text_put(file, group, "Command", session->command);
	if (session->caller)
		text_put(file, group, "Caller", session->caller);
	number_put(file, group, "Started", session->started);
	number_put(file, group, "Deadline", session->deadline);
	number_put(file, group, "Since", session->since);
	number_put(file, group, "Matched", session->before.matched);
	number_put(file, group, "RingFull", session->before.ring_full);
	number_put(file, group, "Suppressed", session->before.suppressed);
}

static int session_get(GKeyFile *file, const char *group, struct saved_sessions *saved)
{
	struct saved_session *session = saved_session_new();

	g_ptr_array_add(saved->sessions, session);
	session->bit = (unsigned int)g_ascii_strtoull(group + strlen(GROUP_BIT), NULL, 10);
	session->id = number_get(file, group, "Id");
	session->change = (enum saved_change)number_get(file, group, "Change");
	session->owner = (uid_t)number_get(file, group, "Owner");
	g_free(session->command);
	session->command = text_get(file, group, "Command");
	if (g_key_file_has_key(file, group, "Caller", NULL))
		session->caller = text_get(file, group, "Caller");
	session->started = number_get(file, group, "Started");
	session->deadline = number_get(file, group, "Deadline");
	session->since = (uint32_t)number_get(file, group, "Since");
	session->before.matched = number_get(file, group, "Matched");
	session->before.ring_full = number_get(file, group, "RingFull");
	session->before.suppressed = number_get(file, group, "Suppressed");
	if (session->bit >= EVENT_SESSIONS_MAX || session->id == 0 ||
		session->change > SAVED_STOPPING)
		return -EBADMSG;
	return options_get(file, group, &session->options);
}

static void probe_put(GKeyFile *file, unsigned int number, const struct pipeline_probe *probe)
{
	g_autofree char *group = g_strdup_printf(GROUP_PROBE "%u", number);

	text_put(file, group, "Symbol", probe->symbol);
	number_put(file, group, "Attach", probe->config.attach);
}

static int probe_get(GKeyFile *file, const char *group, struct saved_sessions *saved)
{
	uint64_t number = g_ascii_strtoull(group + strlen(GROUP_PROBE), NULL, 10);
	g_autofree char *symbol = text_get(file, group, "Symbol");
	struct pipeline_probe *probe;

	if (number == EVENT_PROBE_NFT || number >= EVENT_PROBES_MAX)
		return -EBADMSG;
	probe = &saved->probes[number];
	g_strlcpy(probe->symbol, symbol, sizeof(probe->symbol));
	probe->config.attach = (uint8_t)number_get(file, group, "Attach");
	return 0;
}

char *saved_sessions_text(const struct saved_sessions *saved, size_t *ret_size)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *body = NULL;
	size_t size;
	char *text;

	text_put(file, GROUP, "Boot", saved->boot);
	number_put(file, GROUP, "Tries", saved->tries);
	number_put(file, GROUP, "Layout", saved->traits.layout);
	number_put(file, GROUP, "Attach", saved->traits.attach);
	number_put(file, GROUP, "HookAttach", saved->traits.hook_attach);
	number_put(file, GROUP, "Module", saved->traits.module);
	number_put(file, GROUP, "Missed", saved->traits.missed);
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++) {
		if (saved->probes[i].config.attach)
			probe_put(file, i, &saved->probes[i]);
	}
	for (guint i = 0; i < saved->sessions->len; i++)
		session_put(file, saved->sessions->pdata[i]);
	body = g_key_file_to_data(file, &size, NULL);
	text = g_strdup_printf(
		TITLE_FORMAT "\n%s", SAVED_SESSIONS_VERSION, crc32c(0, body, size), body);
	*ret_size = strlen(text);
	return text;
}

static int groups_read(GKeyFile *file, struct saved_sessions *saved)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	uint64_t bits = 0;
	int r = 0;

	for (char **group = groups; *group && r == 0; group++) {
		if (g_str_has_prefix(*group, GROUP_BIT))
			r = session_get(file, *group, saved);
		else if (g_str_has_prefix(*group, GROUP_PROBE))
			r = probe_get(file, *group, saved);
	}
	for (guint i = 0; i < saved->sessions->len && r == 0; i++) {
		const struct saved_session *session = saved->sessions->pdata[i];

		if (bits & 1ULL << session->bit)
			r = -EBADMSG;
		bits |= 1ULL << session->bit;
	}
	return r;
}

static int body_parse(const char *body, size_t size, struct saved_sessions **ret)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	auto_saved_sessions *saved = saved_sessions_new();
	g_autofree char *boot = NULL;
	int r;

	if (!g_key_file_load_from_data(file, body, size, G_KEY_FILE_NONE, NULL))
		return -EBADMSG;
	boot = text_get(file, GROUP, "Boot");
	g_strlcpy(saved->boot, boot, sizeof(saved->boot));
	saved->tries = (unsigned int)number_get(file, GROUP, "Tries");
	saved->traits = (struct pipeline_traits){
		.layout = (uint32_t)number_get(file, GROUP, "Layout"),
		.attach = (enum attach_mode)number_get(file, GROUP, "Attach"),
		.hook_attach = (enum attach_mode)number_get(file, GROUP, "HookAttach"),
		.module = number_get(file, GROUP, "Module"),
		.missed = number_get(file, GROUP, "Missed"),
	};
	r = groups_read(file, saved);
	if (r == 0)
		*ret = g_steal_pointer(&saved);
	return r;
}

int saved_sessions_parse(
	const char *text, size_t size, struct saved_sessions **ret, char **ret_reason)
{
	const char *end = memchr(text, '\n', MIN(size, TITLE_MAX));
	g_autofree char *line = end ? g_strndup(text, (size_t)(end - text)) : NULL, *again = NULL;
	unsigned int version, checksum;
	size_t rest = end ? size - (size_t)(end + 1 - text) : 0;

	if (line && sscanf(line, TITLE_FORMAT, &version, &checksum) == 2)
		again = g_strdup_printf(TITLE_FORMAT, version, checksum);
	if (g_strcmp0(line, again) != 0 || !line) {
		*ret_reason = g_strdup("its first line is invalid");
		return -EBADMSG;
	}
	if (version != SAVED_SESSIONS_VERSION) {
		*ret_reason = g_strdup_printf(
			"its version is %u, not %u", version, SAVED_SESSIONS_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (crc32c(0, end + 1, rest) != checksum || body_parse(end + 1, rest, ret) < 0) {
		*ret_reason = g_strdup("it is damaged");
		return -EBADMSG;
	}
	return 0;
}
