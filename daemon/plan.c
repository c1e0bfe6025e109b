/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel side shall do, as its matcher and its configuration want it. */
#include "plan.h"

#include <glib.h>

#include "../journal/clock.h"

bool plan_is_empty(const struct plan *plan)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (plan->entries[bit].used)
			return false;
	}
	return true;
}

size_t plan_sessions(const struct plan *plan, struct matcher_session *ret)
{
	size_t count = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		const struct plan_entry *entry = &plan->entries[bit];

		if (!entry->used)
			continue;
		ret[count++] = (struct matcher_session){
			.bit = bit,
			.verdicts = entry->verdicts,
			.probes = 1u << EVENT_PROBE_NFT,
			.filter = entry->filter,
		};
	}
	return count;
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
		config.since[bit] = entry->since;
		config.sections[bit] = entry->sections;
		if (entry->rate) {
			/* A burst of one second's worth passes, and at least one event. */
			config.interval[bit] = MAX(NSEC_PER_SEC / entry->rate, 1);
			config.tolerance[bit] = NSEC_PER_SEC - config.interval[bit];
		}
	}
	*ret = config;
}
