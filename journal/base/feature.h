/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel features that nfttraced needs, each with advice if the running kernel lacks it. Both
 * programs can read those that files show; the daemon adds others. The caller owns the array;
 * nothing is cached.
 */
#ifndef NFTTRACED_JOURNAL_BASE_FEATURE_H
#define NFTTRACED_JOURNAL_BASE_FEATURE_H

#include <glib.h>

enum feature_state {
	FEATURE_NO,
	FEATURE_YES,
	FEATURE_UNKNOWN,
	FEATURE_TEXT, /* a value: `text` */
};

struct feature {
	const char *name; /* as in the Features of org.nfttraced1(5); static text */
	enum feature_state state;
	char *text; /* FEATURE_TEXT */
	char *advice; /* one sentence; NULL: none */
};

/* An empty array of struct feature that frees what is in them. */
GArray *features_new(void);

/* Appends one. `text` and `advice` are copied, and may be NULL. */
void features_add(GArray *features, const char *name, enum feature_state state, const char *text,
	const char *advice);

/* Appends those that files show: btf, kprobes, bpf-jit, lockdown. `root` is put before their paths:
 * "", except in tests. */
void features_add_kernel(GArray *features, const char *root);

/* Appends nf-tables, for a client without a daemon: if built into the kernel it has no file, and is
 * unknown. */
void features_add_module(GArray *features, const char *root);

/* "yes", "no", "unknown" or the text. */
const char *feature_value(const struct feature *feature);

#endif
