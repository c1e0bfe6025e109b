/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration is made to fit into a limit of memory: what costs most is halved first. */
#include "daemon/bus/memory.h"

#include <inttypes.h>

#include "daemon/settings/settings-keys.h"
#include "journal/base/amounts.h"

#define MIB ((uint64_t)1 << 20)
#define KIB ((uint64_t)1 << 10)

#define SESSIONS_LEAST 4 /* beside those of the configuration */
#define ORIGIN         "memory limit"

/* What may be made smaller, and how small. */
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

static uint64_t sum(const struct settings *settings, unsigned int cpus)
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

/* Bytes that are saved if the key's value is halved; 0: it must not be. */
static uint64_t saving(struct settings *settings, const struct measure *measure, unsigned int cpus)
{
	int key = setting_find(&settings_daemon_keys, measure->key);
	uint64_t *value = value_of(settings, key), before = *value, all = sum(settings, cpus), less;

	if (settings->origins[key].file || before / 2 < least_of(settings, measure))
		return 0;
	*value = before / 2;
	less = sum(settings, cpus);
	*value = before;
	return all - less;
}

static const struct measure *best(struct settings *settings, unsigned int cpus)
{
	const struct measure *found = NULL;
	uint64_t most = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(measures); i++) {
		uint64_t saved = saving(settings, &measures[i], cpus);

		if (saved > most) {
			most = saved;
			found = &measures[i];
		}
	}
	return found;
}

/* As it would be written into the configuration. */
static char *value_text(enum setting_type type, uint64_t value)
{
	if (type == SETTING_SIZE && value % MIB == 0)
		return g_strdup_printf("%" PRIu64 "M", value / MIB);
	if (type == SETTING_SIZE && value % KIB == 0)
		return g_strdup_printf("%" PRIu64 "K", value / KIB);
	return g_strdup_printf("%" PRIu64, value);
}

/* What was chosen becomes the key's value in force, with its origin. Lists it in `chosen`. */
static void settle(struct settings *settings, const struct measure *measure, GString *chosen)
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
	uint64_t wanted = sum(settings, cpus), left = wanted;
	char takes[AMOUNT_SIZE], allowed[AMOUNT_SIZE];
	g_autoptr(GString) chosen = g_string_new(NULL);
	const struct measure *measure;

	while (left > limit && (measure = best(settings, cpus))) {
		*value_of(settings, setting_find(&settings_daemon_keys, measure->key)) /= 2;
		left = sum(settings, cpus);
	}
	if (wanted <= limit)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(measures); i++)
		settle(settings, &measures[i], chosen);
	amount_bytes(limit, allowed);
	if (left > limit)
		return g_strdup_printf(
			"the service may take %s of memory%s%s and its limit is %s: the kernel "
			"may end it, raise MemoryMax= of the service or set smaller sizes in "
			"nfttraced.conf",
			amount_bytes(left, takes), chosen->len ? " even with " : "", chosen->str,
			allowed);
	return g_strdup_printf(
		"the service would take up to %s of memory and its limit is %s: it goes with %s; "
		"raise MemoryMax= of the service, or set the sizes in nfttraced.conf, for others",
		amount_bytes(wanted, takes), allowed, chosen->str);
}
