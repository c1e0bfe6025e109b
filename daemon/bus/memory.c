/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maximum memory of each part of the service; see memory.h. */
#include "daemon/bus/memory.h"

#include <bpf/libbpf.h>
#include <stdlib.h>

#include "daemon/base/log-queue.h"
#include "daemon/bus/callers.h"
#include "daemon/drops/drops.h"
#include "daemon/filter/filter.h"
#include "daemon/filter/matcher.h"
#include "daemon/follow/follow-json.h"
#include "daemon/follow/follow.h"
#include "daemon/names/name-writer.h"
#include "daemon/names/resolver-client.h"
#include "daemon/names/session-names.h"
#include "daemon/pipeline/pipeline-size.h"

/*
 * An instruction of a matcher has 8 bytes. The daemon keeps the current matcher and the next one.
 * So does the kernel, for up to three program types, with the same size again of machine code.
 */
#define INSTRUCTION_BYTES (2 * 8 + 2 * 3 * 2 * 8)

/* Of a session: copies of its options, with the text of the filter, and small allocations. */
#define OPTIONS_BYTES (3 * FILTER_EXPRESSION_MAX + (64U << 10))
/* A filter's programs. */
#define PROGRAMS_BYTES \
	(FILTER_VARIANTS * FILTER_INSTRUCTIONS_MAX * (unsigned int)sizeof(struct sock_filter))
#define SEGMENT_BYTES 64 /* of the record of a segment */

/*
 * Idle processes were measured with 4 MiB, including their stacks and page tables in the kernel.
 * While a session is started they need up to 8 MiB more: kernel types, symbols, rules.
 */
#define PROCESSES_BYTES (12U << 20)

static uint64_t session_bytes(const struct settings *settings)
{
	uint64_t segments = settings->journal_size / settings->segment_size + 1;

	return JOURNAL_STAGE_SIZE + NAME_REQUESTS_SESSION_BYTES + OPTIONS_BYTES + PROGRAMS_BYTES +
		SESSION_NAMES_BYTES_MAX + segments * SEGMENT_BYTES;
}

static uint64_t streams_bytes(const struct settings *settings)
{
	uint64_t streams = settings->sessions_max * settings->followers_max;

	return settings->ring_size + streams * FOLLOW_PIPE_LEAST +
		MIN(streams, FOLLOW_JSON_MAX) * FOLLOW_JSON_BYTES;
}

void memory_bound(const struct settings *settings, unsigned int cpus, struct memory_bound *ret)
{
	const struct pipeline_options options = {
		.ring_size = (uint32_t)settings->ring_size,
		.tracker_size = (uint32_t)settings->tracker_size,
		.drops_max = settings->drop_counters ? (uint32_t)settings->drop_counters_max : 0,
	};
	bool texts_here = !getenv(RESOLVER_SOCKET_VARIABLE);
	uint64_t names =
		settings->rule_texts_size / NAME_WRITER_NAME_SHARE * SESSION_NAMES_ENTRY_BYTES;
	struct pipeline_memory pipeline;

	pipeline_size_memory(&options, cpus, &pipeline);
	/* A reply has copies of the drop counters. */
	*ret = (struct memory_bound){
		.parts = {
			[MEMORY_RINGS] = pipeline.rings,
			[MEMORY_TABLES] = pipeline.tables +
				2 * (uint64_t)options.drops_max * DROPS_COUNTER_BYTES,
			[MEMORY_FILTERS] = settings->filters_size * INSTRUCTION_BYTES,
			[MEMORY_TEXTS] = texts_here ? settings->rule_texts_size : 0,
			[MEMORY_SESSIONS] = settings->sessions_max * session_bytes(settings) + names,
			[MEMORY_STREAMS] = streams_bytes(settings),
			[MEMORY_SERVICE] = PROCESSES_BYTES + 2 * CALLS_SIZE_MAX + LOG_QUEUE_SIZE,
		},
	};
}

uint64_t memory_bound_sum(const struct memory_bound *bound)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MEMORY_PARTS; i++)
		sum += bound->parts[i];
	return sum;
}

const char *memory_part_name(enum memory_part part)
{
	switch (part) {
	case MEMORY_RINGS:
		return "rings";
	case MEMORY_TABLES:
		return "tables";
	case MEMORY_FILTERS:
		return "filters";
	case MEMORY_TEXTS:
		return "texts";
	case MEMORY_SESSIONS:
		return "sessions";
	case MEMORY_STREAMS:
		return "streams";
	case MEMORY_SERVICE:
		return "service";
	case MEMORY_PARTS:
		break;
	}
	return "";
}

unsigned int memory_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus > 0 ? (unsigned int)cpus : 1;
}
