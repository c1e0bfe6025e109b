/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's property Memory: the maximum of each part, the use and the limit of the service. */
#include "daemon/base/memory-limit.h"
#include "daemon/bus/bus-private.h"
#include "daemon/bus/memory.h"
#include "daemon/sessions/index-job.h"

static int append_number(sd_bus_message *reply, const char *name, uint64_t number)
{
	return sd_bus_message_append(reply, "{st}", name, number);
}

int bus_get_memory(sd_bus *connection, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	const struct manager *manager = ((struct bus *)userdata)->manager;
	/* The number of journals depends on the disk, not on the configuration. */
	uint64_t journals =
		JOURNAL_INDEX_BYTES * (uint64_t)journal_index_count(manager_journals(manager));
	struct memory_bound bound;
	uint64_t used = memory_used(NULL, NULL), limit = memory_limit(NULL, NULL);
	int r = sd_bus_message_open_container(reply, 'a', "{st}");

	memory_bound(manager_settings(manager), memory_cpus(), &bound);
	if (r >= 0)
		r = append_number(reply, "bound", memory_bound_sum(&bound) + journals);
	if (r >= 0 && used)
		r = append_number(reply, "used", used);
	if (r >= 0 && limit != MEMORY_UNLIMITED)
		r = append_number(reply, "limit", limit);
	for (unsigned int i = 0; r >= 0 && i < MEMORY_PARTS; i++)
		r = append_number(reply, memory_part_name(i), bound.parts[i]);
	if (r >= 0)
		r = append_number(reply, "journals", journals);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
