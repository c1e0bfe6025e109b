/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features of this kernel; see features.h. */
#include "daemon/sessions/features.h"

#include <sys/utsname.h>

#include "daemon/sessions/manager-private.h"

static void add_kernel_release(GArray *features)
{
	struct utsname system;

	features_add(
		features, "kernel", FEATURE_TEXT, uname(&system) < 0 ? "?" : system.release, NULL);
}

/* A feature that is yes or no, with the remedy for a no. */
static void add_flag(GArray *features, const char *name, bool flag, const char *advice)
{
	features_add(features, name, flag ? FEATURE_YES : FEATURE_NO, NULL, flag ? NULL : advice);
}

/* How packets are tracked, and the functions through which this kernel does not let them be
 * tracked. */
static void add_tracking(GArray *features, const struct pipeline_features *found)
{
	g_autofree char *absent = NULL, *advice = NULL;

	if (found->hooks_absent) {
		absent = pipeline_hooks_names(found->hooks_absent);
		advice = g_strdup_printf("this kernel has no function to attach to for %s: "
					 "there packets are tracked as new ones",
			absent);
	}
	features_add(features, "tracking", FEATURE_TEXT, attach_mode_name(found->hooks), advice);
}

/* The features that are known once the pipeline is loaded. */
static void add_pipeline(GArray *features, const struct manager *manager)
{
	const struct engine_status *status = &manager->status;

	add_flag(features, "fentry", status->attach == ATTACH_FENTRY,
		manager->settings->attach == ATTACH_KPROBE
			? "Attach=kprobe is set: set Attach=auto to try fentry"
			: "no action needed: a kprobe does the same, at about twice the cost");
	features_add(features, "layout", FEATURE_TEXT, status->layout, NULL);
	add_flag(features, "missed", status->features.missed_known,
		"calls that the kernel skips under load are not counted: fentry counts them, "
		"and kprobes do from Linux 6.7 on");
	add_tracking(features, &status->features);
	add_flag(features, "drop-reasons", status->features.drop_reasons,
		"use Linux 5.17 or later to see why the kernel freed a packet");
}

static void add_unopened(GArray *features)
{
	static const char *const names[] = { "fentry", "layout", "missed", "tracking",
		"drop-reasons" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		features_add(features, names[i], FEATURE_UNKNOWN, NULL, NULL);
}

static void add_trace_key(GArray *features, const struct manager *manager)
{
	if (manager->settings->allow_system_changes)
		add_flag(features, "trace-key", manager->status.armed,
			"no action needed: it is armed while a session runs or drops are counted");
	else if (manager->warning)
		features_add(features, "trace-key", FEATURE_NO, NULL,
			"add a rule with \"meta nftrace set 1\", or set AllowSystemChanges=yes");
	else
		features_add(features, "trace-key", FEATURE_TEXT, "the administrator's", NULL);
}

GArray *features_of(const struct manager *manager)
{
	GArray *features = features_new();

	add_kernel_release(features);
	features_add_kernel(features, "");
	add_flag(features, "nf-tables", manager->status.open,
		manager->settings->allow_system_changes
			? "no action needed: it is loaded when a session starts"
			: "AllowSystemChanges=no: run \"modprobe nf_tables\"");
	if (manager->status.open)
		add_pipeline(features, manager);
	else
		add_unopened(features);
	add_trace_key(features, manager);
	add_flag(features, "drop-counters", manager->settings->drop_counters,
		"set DropCounters=yes to count every drop");
	add_flag(features, "allow-system-changes", manager->settings->allow_system_changes, NULL);
	return features;
}
