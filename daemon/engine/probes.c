/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The further probes of a session: from its options to the plan, and to the journal's settings. On
 * the worker. */
#include "daemon/engine/engine-private.h"

#include <errno.h>

#include "daemon/probe/probe-btf.h"

int engine_probes_plan(struct engine *engine, struct plan *plan, unsigned int bit,
	const struct session_options *options, struct failure *failure)
{
	struct plan_entry *entry = &plan->entries[bit];
	g_autofree struct probe_config *configs =
		g_new0(struct probe_config, options->probes->len + 1);
	g_autofree char *reason = NULL;
	int r = probes_look_up(options->probes, configs, &reason);

	if (r < 0) {
		failure_set(failure, r == -EINVAL ? FAILURE_INVALID_OPTION : FAILURE_NOT_SUPPORTED,
			"Probes: %s", reason);
		return r;
	}
	r = plan_add_probes(plan, &engine->plan, bit, options->probes, configs);
	if (r < 0) {
		failure_set(failure, FAILURE_INVALID_OPTION,
			"Probes: all sessions together can have %d different probes besides "
			"__nft_trace_packet: stop one of them",
			PROBES_MAX);
		return r;
	}
	if (options->stack || options->sections & 1u << EVENT_SECTION_STACK)
		entry->stacks = entry->probes | 1u << EVENT_PROBE_NFT;
	return 0;
}

GArray *engine_probes_describe(const struct plan *plan, unsigned int bit)
{
	const struct plan_entry *entry = &plan->entries[bit];
	GArray *probes = g_array_new(FALSE, FALSE, sizeof(struct dictionary_probe));

	for (uint8_t i = EVENT_PROBE_FIRST; i < EVENT_PROBES_MAX; i++) {
		const struct pipeline_probe *probe = &plan->probes[i];
		const struct dictionary_probe description = {
			.number = i,
			.type = (char *)probe_type_name(probe->config.attach),
			.symbol = (char *)probe->symbol,
			.stack = entry->stacks & 1u << i,
		};

		if (entry->probes & 1u << i)
			g_array_append_val(probes, description);
	}
	return probes;
}
