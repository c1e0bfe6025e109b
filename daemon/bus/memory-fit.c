/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fits the configuration to a limit of memory: the size that saves most is halved first; see
 * memory.h. */
#include "daemon/bus/memory.h"

#include <inttypes.h>

#include "daemon/settings/settings-keys.h"
#include "journal/base/amounts.h"

#define MIB ((uint64_t)1 << 20)
#define KIB ((uint64_t)1 << 10)

#define SESSIONS_LEAST 4 /* in addition to configured sessions */
#define ORIGIN         "memory limit"

/* A size that may be reduced, and its minimum. */
struct measure {
	const char *key;
	uint64_t least;
};

static const struct measure measures[] = {
	{ "RingSize", 1 * MIB },
	{ "TrackerSize", 4096 },
	{ "DropCountersMax", 256 },
	{ "RuleTextsSize", 1 * MIB },
	{ "FiltersSize", 13000 },
	{ "MaxSessions", SESSIONS_LEAST },
	{ "FollowersMax", 1 },
};

static uint64_t *value_of(struct settings *settings, int key)
{
	return (uint64_t *)(void *)((char *)settings + settings_daemon_keys.keys[key].offset);
}

static uint64_t bound_sum(const struct settings *settings, unsigned int cpus)
{
	struct memory_bound bound;

	memory_bound(settings, cpus, &bound);
	return memory_bound_sum(&bound);
}

static uint64_t least_of(const struct settings *settings, const struct measure *measure)
{
	return g_str_equal(measure->key, "MaxSessions")
		? measure->least + settings->configured_sessions->len
		: measure->least;
}

/* Bytes that halving the key's value saves; 0: it must not be halved. */
static uint64_t bytes_saved(
	struct settings *settings, const struct measure *measure, unsigned int cpus)
{
	int key = setting_find(&settings_daemon_keys, measure->key);
	uint64_t *value = value_of(settings, key), before = *value, all = bound_sum(settings, cpus),
		 less;

	if (settings->origins[key].file || before / 2 < least_of(settings, measure))
		return 0;
	*value = before / 2;
	less = bound_sum(settings, cpus);
	*value = before;
	return all - less;
}

static const struct measure *find_best(struct settings *settings, unsigned int cpus)
{
	const struct measure *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(measures); i++) {
		uint64_t saved = bytes_saved(settings, &measures[i], cpus);

		if (saved > most) {
			most = saved;
			found = &measures[i];
		}
	}
	return found;
}

/* In the form of the configuration file. */
static char *value_text(enum setting_type type, uint64_t value)
{
	if (type == SETTING_SIZE && value % MIB == 0)
		return g_strdup_printf("%" PRIu64 "M", value / MIB);
	if (type == SETTING_SIZE && value % KIB == 0)
		return g_strdup_printf("%" PRIu64 "K", value / KIB);
	return g_strdup_printf("%" PRIu64, value);
}

/* Sets the key to the chosen value, with its origin, and appends it to `chosen`. */
static void apply_choice(struct settings *settings, const struct measure *measure, GString *chosen)
{
	int key = setting_find(&settings_daemon_keys, measure->key);
	const struct setting_key *found = &settings_daemon_keys.keys[key];
	g_autofree char *text = value_text(found->type, *value_of(settings, key)), *reason = NULL;

	if (settings->origins[key].file || g_str_equal(text, found->initial))
		return;
	if (settings_override(settings, ORIGIN, measure->key, text, &reason) < 0)
		g_error("%s", reason);
	g_string_append_printf(chosen, "%s%s=%s", chosen->len ? ", " : "", measure->key, text);
}

char *memory_fit(struct settings *settings, unsigned int cpus, uint64_t limit)
{
	uint64_t wanted = bound_sum(settings, cpus), left = wanted;
	char bytes[AMOUNT_SIZE], limit_text[AMOUNT_SIZE];
	g_autoptr(GString) chosen = g_string_new(NULL);
	const struct measure *measure;

	while (left > limit && (measure = find_best(settings, cpus))) {
		*value_of(settings, setting_find(&settings_daemon_keys, measure->key)) /= 2;
		left = bound_sum(settings, cpus);
	}
	if (wanted <= limit)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(measures); i++)
		apply_choice(settings, &measures[i], chosen);
	amount_bytes(limit, limit_text);
	if (left > limit)
		return g_strdup_printf(
			"the service may use %s of memory%s%s, but its limit is %s: the kernel "
			"may end it; raise MemoryMax= of the service, or set smaller sizes in "
			"nfttraced.conf",
			amount_bytes(left, bytes), chosen->len ? " even with " : "", chosen->str,
			limit_text);
	return g_strdup_printf(
		"the service would use up to %s of memory, but its limit is %s: it uses %s; "
		"raise MemoryMax= of the service, or set other sizes in nfttraced.conf",
		amount_bytes(wanted, bytes), limit_text, chosen->str);
}
