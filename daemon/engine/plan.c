/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan of the kernel side, see plan.h. Stateless. */
#include "daemon/engine/plan.h"

#include <errno.h>
#include <glib.h>

#include "journal/base/clock.h"

bool plan_is_empty(const struct plan *plan)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (plan->entries[bit].used)
			return false;
	}
	return true;
}

static bool probe_is(const struct pipeline_probe *probe, const struct probe_spec *spec)
{
	return probe->config.attach == spec->type && g_str_equal(probe->symbol, spec->symbol);
}

/* The number of a probe, or a free one for it; EVENT_PROBES_MAX: none is left. */
static unsigned int probe_number(
	const struct plan *plan, const struct plan *in_force, const struct probe_spec *spec)
{
	for (unsigned int i = EVENT_PROBE_FIRST; i < EVENT_PROBES_MAX; i++) {
		if (probe_is(&plan->probes[i], spec))
			return i;
	}
	for (unsigned int i = EVENT_PROBE_FIRST; i < EVENT_PROBES_MAX; i++) {
		if (!plan->probes[i].config.attach &&
			(!in_force->probes[i].config.attach ||
				probe_is(&in_force->probes[i], spec)))
			return i;
	}
	return EVENT_PROBES_MAX;
}

int plan_add_probes(struct plan *plan, const struct plan *in_force, unsigned int bit,
	const GArray *specs, const struct probe_config *configs)
{
	struct plan_entry *entry = &plan->entries[bit];

	for (unsigned int i = 0; i < specs->len; i++) {
		const struct probe_spec *spec = &g_array_index(specs, struct probe_spec, i);
		unsigned int number = EVENT_PROBE_NFT;

		if (!probe_spec_is_nft(spec)) {
			number = probe_number(plan, in_force, spec);
			if (number == EVENT_PROBES_MAX)
				return -ENOSPC;
			g_strlcpy(plan->probes[number].symbol, spec->symbol,
				sizeof(plan->probes[number].symbol));
			plan->probes[number].config = configs[i];
			entry->probes |= 1u << number;
		}
		if (spec->stack)
			entry->stacks |= 1u << number;
	}
	return 0;
}

/* A stolen packet may be freed when its verdict is seen, so that it is parsed before the rules
 * run. */
static const struct pipeline_probe entry_probe = {
	.symbol = "nft_do_chain",
	.config = {
		.attach = EVENT_ATTACH_KPROBE,
		.way = PROBE_WAY_PKTINFO,
		.state = PROBE_NO_ARGUMENT,
		.reason = PROBE_NO_ARGUMENT,
	},
};

void plan_add_entry(struct plan *plan)
{
	bool wanted = false;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct plan_entry *entry = &plan->entries[bit];

		entry->probes &= ~(1u << PROBE_ENTRY);
		if (entry->used && entry->verdicts & 1u << VERDICT_STOLEN) {
			entry->probes |= 1u << PROBE_ENTRY;
			wanted = true;
		}
	}
	plan->probes[PROBE_ENTRY] = wanted ? entry_probe : (struct pipeline_probe){ 0 };
}

void plan_prune_probes(struct plan *plan)
{
	uint32_t used = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		used |= plan->entries[bit].probes;
	for (unsigned int i = 0; i < EVENT_PROBES_MAX; i++) {
		if (!(used & 1u << i))
			plan->probes[i] = (struct pipeline_probe){ 0 };
	}
}

static struct matcher_session session_of(const struct plan *plan, unsigned int bit)
{
	const struct plan_entry *entry = &plan->entries[bit];

	return (struct matcher_session){
		.bit = bit,
		.verdicts = entry->verdicts,
		.probes = 1u << EVENT_PROBE_NFT | entry->probes,
		.filter = entry->filter,
	};
}

/* Of all users if `owner` is NULL. */
static size_t collect_sessions(
	const struct plan *plan, const uid_t *owner, struct matcher_session *ret)
{
	size_t count = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		const struct plan_entry *entry = &plan->entries[bit];

		if (entry->used && (!owner || entry->owner == *owner))
			ret[count++] = session_of(plan, bit);
	}
	return count;
}

size_t plan_sessions(const struct plan *plan, struct matcher_session *ret)
{
	return collect_sessions(plan, NULL, ret);
}

size_t plan_owner_sessions(const struct plan *plan, uid_t owner, struct matcher_session *ret)
{
	return collect_sessions(plan, &owner, ret);
}

void plan_config(const struct plan *plan, uint32_t wakeup, struct pipeline_config *ret)
{
	struct pipeline_config config = { .wakeup = wakeup };

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		const struct plan_entry *entry = &plan->entries[bit];

		if (!entry->used)
			continue;
		config.verdicts |= entry->verdicts;
		if (entry->filter)
			config.view = MAX(config.view, entry->filter->view);
		if (entry->track)
			config.tracking |= 1ULL << bit;
		if (entry->filter && entry->probes & 1u << PROBE_ENTRY)
			config.stolen |= 1ULL << bit;
		for (unsigned int probe = 0; probe < EVENT_PROBES_MAX; probe++) {
			if (entry->stacks & 1u << probe)
				config.stacks[probe] |= 1ULL << bit;
		}
		config.since[bit] = entry->since;
		config.sections[bit] = entry->sections;
		if (entry->rate) {
			uint64_t burst = entry->burst ? entry->burst : entry->rate;

			config.interval[bit] = MAX(NSEC_PER_SEC / entry->rate, 1);
			config.tolerance[bit] = (burst - 1) * config.interval[bit];
		}
	}
	*ret = config;
}
