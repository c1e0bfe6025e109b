/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JOURNAL_START of a session on this machine, see dictionary.h. Stateless. */
#include "journal/format/dictionary.h"

#include <sys/utsname.h>

#include "config.h"
#include "journal/base/clock.h"
#include "journal/format/record.h"

/* CLOCK_REALTIME - CLOCK_MONOTONIC. */
static void clock_offset(int64_t *ret_sec, uint32_t *ret_nsec)
{
	uint64_t realtime = 0, monotonic = 0;
	int64_t offset, sec;

	clock_pair(&realtime, &monotonic);
	offset = (int64_t)(realtime - monotonic);
	sec = offset / (int64_t)NSEC_PER_SEC;
	if (offset < sec * (int64_t)NSEC_PER_SEC)
		sec--;
	*ret_sec = sec;
	*ret_nsec = (uint32_t)(offset - sec * (int64_t)NSEC_PER_SEC);
}

static char *boot_id_text(void)
{
	struct journal_segment segment;
	GString *text = g_string_new(NULL);

	journal_segment_begin(&segment, 0, 0);
	for (size_t i = 0; i < sizeof(segment.boot_id); i++)
		g_string_append_printf(text, "%02x", segment.boot_id[i]);
	return g_string_free(text, FALSE);
}

char *journal_start_new(uint64_t session, const char *name, const char *command)
{
	g_autofree char *boot_id = boot_id_text();
	struct utsname system = { 0 };
	struct dictionary_start start = {
		.version = (char *)NFTTRACED_VERSION,
		.boot_id = boot_id,
		.session = session,
		.name = (char *)name,
		.command = (char *)command,
	};

	uname(&system);
	start.host = system.nodename;
	start.kernel = system.release;
	start.build = system.version;
	start.machine = system.machine;
	clock_offset(&start.offset_sec, &start.offset_nsec);
	return dictionary_start_new(&start);
}
