/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's configuration file: a table of keys, each with its type, its range and its place. */
#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../journal/keyfile.h"
#include "config.h"

#define GROUP "Daemon"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

enum key_type {
	KEY_BOOLEAN,
	KEY_ATTACH,
	KEY_SIZE, /* bytes, with K, M, G */
	KEY_NUMBER,
	KEY_SECONDS, /* with s, min, h */
	KEY_PATH,
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset; /* in struct settings */
	uint64_t min, max;
	const char *allowed; /* for a person */
};

#define AT(field) offsetof(struct settings, field)

static const struct key keys[] = {
	{ "AllowSystemChanges", KEY_BOOLEAN, AT(allow_system_changes), 0, 0, "yes or no" },
	{ "Attach", KEY_ATTACH, AT(attach), 0, 0, "auto, kprobe or fentry" },
	{ "RingSize", KEY_SIZE, AT(ring_size), 64 * KIB, 2 * GIB, "a size from 64K to 2G" },
	{ "TrackerSize", KEY_NUMBER, AT(tracker_size), 1024, 1 << 22,
		"a number from 1024 to 4194304" },
	{ "TrackerAge", KEY_SECONDS, AT(tracker_age), 1, 86400, "a time from 1s to 24h" },
	{ "JournalSize", KEY_SIZE, AT(journal_size), 256 * KIB, 1024 * GIB,
		"a size from 256K to 1024G" },
	{ "SegmentSize", KEY_SIZE, AT(segment_size), 64 * KIB, 1 * GIB, "a size from 64K to 1G" },
	{ "StateDirectory", KEY_PATH, AT(state_directory), 0, 0, "an absolute path" },
	{ "MaxSessions", KEY_NUMBER, AT(sessions_max), 1, EVENT_SESSIONS_MAX,
		"a number from 1 to 64" },
	{ "FollowersMax", KEY_NUMBER, AT(followers_max), 1, 64, "a number from 1 to 64" },
	{ "JournalsSize", KEY_SIZE, AT(journals_size), 0, 1024 * 1024 * GIB,
		"a size up to 1048576G, or 0 for no limit" },
	{ "DropCounters", KEY_BOOLEAN, AT(drop_counters), 0, 0, "yes or no" },
	{ "DropCountersMax", KEY_NUMBER, AT(drop_counters_max), 16, 1 << 20,
		"a number from 16 to 1048576" },
	{ "DropSummary", KEY_BOOLEAN, AT(drop_summary), 0, 0, "yes or no" },
	{ "DropSummaryInterval", KEY_SECONDS, AT(drop_summary_interval), 1, 86400,
		"a time from 1s to 24h" },
	{ "DropSummaryRules", KEY_NUMBER, AT(drop_summary_rules), 1, 1000,
		"a number from 1 to 1000" },
	{ "UserSessions", KEY_NUMBER, AT(user_sessions), 0, EVENT_SESSIONS_MAX,
		"a number from 0 to 64" },
	{ "UserJournalSize", KEY_SIZE, AT(user_journal_size), 256 * KIB, 1024 * GIB,
		"a size from 256K to 1024G" },
	{ "UserRate", KEY_NUMBER, AT(user_rate), 1, 1000000000, "a number from 1 to 1000000000" },
};

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = { { "", 1 }, { "K", KIB }, { "M", MIB }, { "G", GIB },
	{ NULL } };
static const struct unit time_units[] = { { "", 1 }, { "s", 1 }, { "min", 60 }, { "h", 3600 },
	{ NULL } };
static const struct unit no_units[] = { { "", 1 }, { NULL } };

struct settings *settings_new(void)
{
	struct settings *settings = g_new0(struct settings, 1);

	settings->allow_system_changes = true;
	settings->attach = ATTACH_AUTO;
	settings->ring_size = 16 * MIB;
	settings->tracker_size = 65536;
	settings->tracker_age = 60;
	settings->journal_size = 1 * GIB;
	settings->segment_size = 32 * MIB;
	settings->sessions_max = EVENT_SESSIONS_MAX;
	settings->followers_max = 16;
	settings->state_directory = g_strdup(NFTTRACED_STATE_DIR);
	settings->journals_size = 16 * GIB;
	settings->drop_counters = true;
	settings->drop_counters_max = 4096;
	settings->drop_summary = true;
	settings->drop_summary_interval = 10;
	settings->drop_summary_rules = 20;
	settings->user_sessions = 8;
	settings->user_journal_size = 4 * GIB;
	settings->user_rate = 10000;
	return settings;
}

struct settings *settings_free(struct settings *settings)
{
	if (!settings)
		return NULL;
	g_free(settings->state_directory);
	g_free(settings);
	return NULL;
}

int settings_parse_attach(const char *text, enum attach_mode *ret)
{
	static const char *const names[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_KPROBE] = "kprobe",
		[ATTACH_FENTRY] = "fentry",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_equal(text, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_boolean(const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1", NULL };
	static const char *const no[] = { "no", "false", "off", "0", NULL };

	if (g_strv_contains(yes, text))
		*ret = true;
	else if (g_strv_contains(no, text))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

static int parse_number(const char *text, const struct unit *units, uint64_t *ret)
{
	char *end;
	uint64_t number;

	if (!g_ascii_isdigit(*text))
		return -EINVAL;
	errno = 0;
	number = g_ascii_strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	while (*end == ' ')
		end++;
	for (; units->name; units++) {
		if (g_str_equal(end, units->name)) {
			if (number > G_MAXUINT64 / units->factor)
				return -ERANGE;
			*ret = number * units->factor;
			return 0;
		}
	}
	return -EINVAL;
}

static int key_apply_number(struct settings *settings, const struct key *key, const char *text,
	const struct unit *units)
{
	uint64_t number;
	int r = parse_number(text, units, &number);

	if (r < 0)
		return r;
	if (number < key->min || number > key->max)
		return -ERANGE;
	*(uint64_t *)((char *)settings + key->offset) = number;
	return 0;
}

static int key_apply(struct settings *settings, const struct key *key, const char *text)
{
	switch (key->type) {
	case KEY_BOOLEAN:
		return parse_boolean(text, (bool *)((char *)settings + key->offset));
	case KEY_ATTACH:
		return settings_parse_attach(text, &settings->attach);
	case KEY_SIZE:
		return key_apply_number(settings, key, text, size_units);
	case KEY_NUMBER:
		return key_apply_number(settings, key, text, no_units);
	case KEY_SECONDS:
		return key_apply_number(settings, key, text, time_units);
	case KEY_PATH:
		if (!g_path_is_absolute(text))
			return -EINVAL;
		g_free(settings->state_directory);
		settings->state_directory = g_strdup(text);
		return 0;
	}
	return -EINVAL;
}

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_equal(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static int check_groups(GKeyFile *file, const char *text, const char *name, char **ret_reason)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group; group++) {
		g_autofree char *header = NULL;

		if (g_str_equal(*group, GROUP))
			continue;
		header = g_strdup_printf("[%s]", *group);
		*ret_reason =
			g_strdup_printf("%s:%u: no such group as %s: there is [" GROUP "] only",
				name, keyfile_line(text, header), header);
		return -EINVAL;
	}
	return 0;
}

int settings_parse(struct settings *settings, const char *text, const char *name, char **ret_reason)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;
	int r;

	if (!*text)
		return 0;
	if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &error)) {
		*ret_reason = g_strdup_printf(
			"%s:%u: %s", name, keyfile_line(text, NULL), error->message);
		return -EINVAL;
	}
	r = check_groups(file, text, name, ret_reason);
	if (r < 0)
		return r;

	names = g_key_file_get_keys(file, GROUP, NULL, NULL);
	for (char **i = names; i && *i; i++) {
		g_autofree char *value = g_key_file_get_string(file, GROUP, *i, NULL);
		const struct key *key = key_find(*i);

		if (!key) {
			*ret_reason = g_strdup_printf(
				"%s:%u: no such key as %s; see nfttraced.conf(5) for those there are",
				name, keyfile_line(text, *i), *i);
			return -EINVAL;
		}
		if (!value || key_apply(settings, key, g_strstrip(value)) < 0) {
			*ret_reason = g_strdup_printf("%s:%u: %s=%s: must be %s", name,
				keyfile_line(text, *i), *i, value ? value : "", key->allowed);
			return -EINVAL;
		}
	}
	return 0;
}

int settings_load(struct settings *settings, const char *path, char **ret_reason)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		int r = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? -ENOENT : -EIO;

		*ret_reason = g_strdup(error->message);
		return r;
	}
	return settings_parse(settings, text, path, ret_reason);
}
