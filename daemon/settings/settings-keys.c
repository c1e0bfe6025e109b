/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration: two tables; see settings-keys.h. */
#include "daemon/settings/settings-keys.h"

#include <string.h>

#include "bpf/shared/abi.h"
#include "config.h"
#include "daemon/base/edit-distance.h"
#include "daemon/filter/matcher.h"
#include "daemon/settings/settings-private.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define SUGGEST_SHARE 3 /* one letter in this many may be wrong */

#define AT(field) offsetof(struct settings, field)

#define YES_OR_NO "yes or no"

static const struct setting_key daemon_keys[] = {
	{ "AllowSystemChanges", SETTING_BOOLEAN, SETTING_AT_ONCE, AT(allow_system_changes), 0, 0,
		false, "yes", YES_OR_NO },
	{ "Attach", SETTING_ATTACH, SETTING_AT_RESTART, AT(attach), 0, 0, false, "auto",
		"auto, kprobe or fentry" },
	{ "RingSize", SETTING_SIZE, SETTING_AT_RESTART, AT(ring_size), 64 * KIB, 2 * GIB, false,
		"16M", "a size from 64K to 2G" },
	{ "TrackerSize", SETTING_NUMBER, SETTING_AT_RESTART, AT(tracker_size), 1024, 1 << 22, false,
		"65536", "a number from 1024 to 4194304" },
	{ "TrackerAge", SETTING_SECONDS, SETTING_AT_ONCE, AT(tracker_age), 1, 86400, false, "60s",
		"a time from 1s to 24h" },
	{ "JournalSize", SETTING_SIZE, SETTING_AT_ONCE, AT(journal_size), 256 * KIB, 1024 * GIB,
		false, "1G", "a size from 256K to 1024G" },
	{ "SegmentSize", SETTING_SIZE, SETTING_AT_ONCE, AT(segment_size), 64 * KIB, 1 * GIB, false,
		"32M", "a size from 64K to 1G" },
	{ "JournalsSize", SETTING_SIZE, SETTING_AT_ONCE, AT(journals_size), 1 * MIB,
		1024 * 1024 * GIB, true, "16G", "a size from 1M to 1048576G, or 0 for no limit" },
	{ "SyncInterval", SETTING_SECONDS, SETTING_AT_ONCE, AT(sync_interval), 1, 3600, false, "5s",
		"a time from 1s to 1h" },
	{ "SyncTimeout", SETTING_SECONDS, SETTING_AT_ONCE, AT(sync_timeout), 1, 60, false, "10s",
		"a time from 1s to 60s" },
	{ "StateDirectory", SETTING_PATH, SETTING_AT_RESTART, AT(state_directory), 0, 0, false,
		NFTTRACED_STATE_DIR, "an absolute path" },
	{ "MaxSessions", SETTING_NUMBER, SETTING_AT_ONCE, AT(sessions_max), 1, EVENT_SESSIONS_MAX,
		false, "64", "a number from 1 to 64" },
	{ "FollowersMax", SETTING_NUMBER, SETTING_AT_ONCE, AT(followers_max), 1, 64, false, "16",
		"a number from 1 to 64" },
	{ "DropCounters", SETTING_BOOLEAN, SETTING_AT_RESTART, AT(drop_counters), 0, 0, false,
		"yes", YES_OR_NO },
	{ "DropCountersMax", SETTING_NUMBER, SETTING_AT_RESTART, AT(drop_counters_max), 16, 1 << 16,
		false, "4096", "a number from 16 to 65536" },
	{ "RuleTextsSize", SETTING_SIZE, SETTING_AT_ONCE, AT(rule_texts_size), 1 * MIB, 1 * GIB,
		false, "64M", "a size from 1M to 1G" },
	{ "FiltersSize", SETTING_NUMBER, SETTING_AT_ONCE, AT(filters_size), 1000,
		(uint64_t)STAGE_PARTS_MAX *MATCHER_PART_INSTRUCTIONS, false, "840000",
		"a number from 1000 to 840000" },
	{ "DropSummary", SETTING_BOOLEAN, SETTING_AT_ONCE, AT(drop_summary), 0, 0, false, "yes",
		YES_OR_NO },
	{ "DropSummaryInterval", SETTING_SECONDS, SETTING_AT_ONCE, AT(drop_summary_interval), 1,
		86400, false, "10s", "a time from 1s to 24h" },
	{ "DropSummaryRules", SETTING_NUMBER, SETTING_AT_ONCE, AT(drop_summary_rules), 1, 1000,
		false, "20", "a number from 1 to 1000" },
	{ "UserSessions", SETTING_NUMBER, SETTING_AT_ONCE, AT(user_sessions), 0, EVENT_SESSIONS_MAX,
		false, "8", "a number from 0 to 64" },
	{ "UserJournalSize", SETTING_SIZE, SETTING_AT_ONCE, AT(user_journal_size), 256 * KIB,
		1024 * GIB, false, "4G", "a size from 256K to 1024G" },
	{ "UserRate", SETTING_NUMBER, SETTING_AT_ONCE, AT(user_rate), 1, 1000000000, false, "10000",
		"a number from 1 to 1000000000" },
	{ "UserFilterSize", SETTING_NUMBER, SETTING_AT_ONCE, AT(user_filter_size), 1000,
		(uint64_t)STAGE_PARTS_MAX *MATCHER_PART_INSTRUCTIONS, false, "210000",
		"a number from 1000 to 840000" },
};

#undef AT
#define AT(field) offsetof(struct session_options, field)

static const struct setting_key session_keys[] = {
	{ "Verdicts", SETTING_VERDICTS, SETTING_AT_ONCE, AT(verdicts), 0, 0, false, "drop accept",
		"names of verdicts" },
	{ "Filter", SETTING_TEXT, SETTING_AT_ONCE, AT(filter), 0, 0, false, "",
		"a pcap expression" },
	{ "Sections", SETTING_SECTIONS, SETTING_AT_ONCE, AT(sections), 0, 0, false,
		"packet dev ns ct nft tracking drop", "names of sections" },
	{ "Probes", SETTING_PROBES, SETTING_AT_ONCE, AT(probes), 0, 0, false, "",
		"probes, see nfttracectl(1)" },
	{ "Stack", SETTING_BOOLEAN, SETTING_AT_ONCE, AT(stack), 0, 0, false, "no", YES_OR_NO },
	{ "Track", SETTING_BOOLEAN, SETTING_AT_ONCE, AT(track), 0, 0, false, "yes", YES_OR_NO },
	{ "Rate", SETTING_NUMBER, SETTING_AT_ONCE, AT(rate), 0, SESSION_RATE_MAX, true, "1000",
		"events a second up to 1000000000, or 0 for no limit" },
	{ "Burst", SETTING_NUMBER, SETTING_AT_ONCE, AT(burst), 0, SESSION_RATE_MAX, true, "0",
		"a number of events up to 1000000000, or 0 for as many as Rate" },
	{ "Size", SETTING_SIZE, SETTING_AT_ONCE, AT(size), SESSION_SIZE_MIN, 1024 * GIB, true, "0",
		"a size from 256K to 1024G, or 0 for JournalSize" },
};

const struct setting_group settings_daemon_keys = { daemon_keys, G_N_ELEMENTS(daemon_keys) };
const struct setting_group settings_session_keys = { session_keys, G_N_ELEMENTS(session_keys) };

int setting_find(const struct setting_group *group, const char *name)
{
	for (size_t i = 0; i < group->count; i++) {
		if (g_str_equal(group->keys[i].name, name))
			return (int)i;
	}
	return -1;
}

const char *setting_suggest(const struct setting_group *group, const char *name)
{
	unsigned int most;
	const char *best = NULL;

	if (strlen(name) > SPELLING_MAX)
		return NULL;
	most = (unsigned int)strlen(name) / SUGGEST_SHARE;
	for (size_t i = 0; i < group->count; i++) {
		const char *known = group->keys[i].name;
		unsigned int distance = g_ascii_strcasecmp(name, known) == 0
			? 0
			: spelling_distance(name, known, most);

		if (distance > most || (best && distance == most))
			continue;
		best = known;
		most = distance;
	}
	return best;
}

void setting_origin_set(
	struct setting_origin *origin, const char *text, const char *file, unsigned int line)
{
	g_free(origin->text);
	g_free(origin->file);
	origin->text = g_strdup(text);
	origin->file = g_strdup(file);
	origin->line = line;
}

struct setting_origin *settings_defaults(const struct setting_group *group, void *target)
{
	struct setting_origin *origins = g_new0(struct setting_origin, group->count);

	for (size_t i = 0; i < group->count; i++) {
		const struct setting_key *key = &group->keys[i];
		g_autofree char *reason = NULL;

		if (setting_apply(key, target, key->initial, &reason) < 0)
			g_error("invalid default %s=%s", key->name, key->initial);
		setting_origin_set(&origins[i], key->initial, NULL, 0);
	}
	return origins;
}

void settings_origins_free(const struct setting_group *group, struct setting_origin *origins)
{
	for (size_t i = 0; origins && i < group->count; i++) {
		g_free(origins[i].text);
		g_free(origins[i].file);
		g_free(origins[i].pending);
	}
	g_free(origins);
}
