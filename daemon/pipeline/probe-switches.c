/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches that silence probes, see probe-switches.h. */
#include "daemon/pipeline/probe-switches.h"

#include <glib.h>

#define FTRACE_SWITCH "/proc/sys/kernel/ftrace_enabled"
#define KPROBE_SWITCH "/sys/kernel/debug/kprobes/enabled"

static bool is_off(const char *path)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && text[0] == '0';
}

char *probe_switches_find(bool kprobes)
{
	if (is_off(FTRACE_SWITCH))
		return g_strdup(
			"kernel.ftrace_enabled is 0: no probe runs and nothing is seen; run "
			"\"sysctl kernel.ftrace_enabled=1\"");
	if (kprobes && is_off(KPROBE_SWITCH))
		return g_strdup(KPROBE_SWITCH
			" is 0: no kprobe runs and nothing is seen; write 1 to that file");
	return NULL;
}
