/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel features that files show; see feature.h. */
#include "journal/base/feature.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define BTF         "/sys/kernel/btf/vmlinux"
#define KPROBE_TYPE "/sys/bus/event_source/devices/kprobe/type"
#define JIT         "/proc/sys/net/core/bpf_jit_enable"
#define LOCKDOWN    "/sys/kernel/security/lockdown"
#define MODULE      "/sys/module/nf_tables"

static void feature_clear(void *context)
{
	struct feature *feature = context;

	g_free(feature->text);
	g_free(feature->advice);
}

GArray *features_new(void)
{
	GArray *features = g_array_new(FALSE, FALSE, sizeof(struct feature));

	g_array_set_clear_func(features, feature_clear);
	return features;
}

void features_add(GArray *features, const char *name, enum feature_state state, const char *text,
	const char *advice)
{
	const struct feature feature = {
		.name = name,
		.state = state,
		.text = g_strdup(text),
		.advice = g_strdup(advice),
	};

	g_array_append_val(features, feature);
}

/* A feature that exists if a file or folder does. */
static void add_file(
	GArray *features, const char *name, const char *root, const char *path, const char *advice)
{
	g_autofree char *file = g_strconcat(root, path, NULL);
	bool there = access(file, F_OK) == 0;

	features_add(features, name, there ? FEATURE_YES : FEATURE_NO, NULL, there ? NULL : advice);
}

/* Only root may read it. */
static void add_jit(GArray *features, const char *root)
{
	g_autofree char *file = g_strconcat(root, JIT, NULL);
	g_autofree char *text = NULL;
	bool on;

	if (!g_file_get_contents(file, &text, NULL, NULL)) {
		features_add(features, "bpf-jit", FEATURE_UNKNOWN, NULL, NULL);
		return;
	}
	on = *text != '0';
	features_add(features, "bpf-jit", on ? FEATURE_YES : FEATURE_NO, NULL,
		on ? NULL
		   : "run \"sysctl net.core.bpf_jit_enable=1\": programs are interpreted, which "
		     "is several times slower");
}

/* The file says "none [integrity] confidentiality"; without it there is no lockdown. */
static void add_lockdown(GArray *features, const char *root)
{
	g_autofree char *file = g_strconcat(root, LOCKDOWN, NULL);
	g_autofree char *text = NULL, *level = NULL;
	const char *begin, *end;

	if (g_file_get_contents(file, &text, NULL, NULL) && (begin = strchr(text, '[')) &&
		(end = strchr(begin, ']')))
		level = g_strndup(begin + 1, (gsize)(end - begin - 1));
	features_add(features, "lockdown", FEATURE_TEXT, level ? level : "none",
		g_strcmp0(level, "confidentiality") == 0
			? "start the kernel with lockdown=integrity or without lockdown: programs "
			  "may not read the kernel's memory"
			: NULL);
}

void features_add_kernel(GArray *features, const char *root)
{
	add_file(features, "btf", root, BTF, "use a kernel with CONFIG_DEBUG_INFO_BTF");
	add_file(features, "kprobes", root, KPROBE_TYPE, "use a kernel with CONFIG_KPROBE_EVENTS");
	add_jit(features, root);
	add_lockdown(features, root);
}

void features_add_module(GArray *features, const char *root)
{
	add_file(features, "nf-tables", root, MODULE,
		"run \"modprobe nf_tables\"; it is loaded when a session starts unless "
		"AllowSystemChanges=no");
}

const char *feature_value(const struct feature *feature)
{
	switch (feature->state) {
	case FEATURE_NO:
		return "no";
	case FEATURE_YES:
		return "yes";
	case FEATURE_UNKNOWN:
		return "unknown";
	case FEATURE_TEXT:
		return feature->text;
	}
	return "";
}
