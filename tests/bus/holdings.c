/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's resources: descriptors and memory of its process, programs and maps in the
 * kernel. */
#include "tests/bus/holdings.h"

#include <check.h>
#include <glib.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bus/bus-fixture.h"

#define PATIENCE_USEC (60 * G_USEC_PER_SEC)

/* Of the whole machine: only valid where no one else loads programs. */
static unsigned int count_objects(enum bpf_cmd command)
{
	union bpf_attr attr = { 0 };
	unsigned int count = 0;

	if (!getenv("NFTTRACED_TEST_ALONE"))
		return 0;
	while (syscall(SYS_bpf, command, &attr, sizeof(attr)) == 0) {
		attr.start_id = attr.next_id;
		count++;
	}
	return count;
}

void hold(struct holdings *ret)
{
	g_autofree char *descriptors = g_strdup_printf("/proc/%d/fd", (int)fixture.daemon);
	g_autofree char *status = g_strdup_printf("/proc/%d/status", (int)fixture.daemon);
	g_autofree char *text = NULL;
	g_autoptr(GDir) directory = g_dir_open(descriptors, 0, NULL);
	const char *line;

	*ret = (struct holdings){
		.programs = count_objects(BPF_PROG_GET_NEXT_ID),
		.maps = count_objects(BPF_MAP_GET_NEXT_ID),
	};
	ck_assert_ptr_nonnull(directory);
	while (g_dir_read_name(directory))
		ret->descriptors++;
	ck_assert(g_file_get_contents(status, &text, NULL, NULL));
	line = strstr(text, "RssAnon:");
	ck_assert_ptr_nonnull(line);
	ret->memory = strtoul(line + strlen("RssAnon:"), NULL, 10);
}

/* AddressSanitizer keeps freed memory for a while, so the daemon's memory can't be compared. */
#ifdef __SANITIZE_ADDRESS__
static const bool memory_is_its_own = false;
#else
static const bool memory_is_its_own = true;
#endif

void assert_no_more(const struct holdings *before, unsigned long memory_allowed)
{
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	struct holdings now;

	for (;;) {
		hold(&now);
		if (now.descriptors <= before->descriptors && now.programs <= before->programs &&
			now.maps <= before->maps)
			break;
		ck_assert_msg(g_get_monotonic_time() < end,
			"descriptors %u programs %u maps %u became %u %u %u", before->descriptors,
			before->programs, before->maps, now.descriptors, now.programs, now.maps);
		g_usleep(20 * 1000);
	}
	printf("# RssAnon %lu KiB, was %lu KiB\n", now.memory, before->memory);
	if (memory_is_its_own)
		ck_assert_uint_le(now.memory, before->memory + memory_allowed);
}
