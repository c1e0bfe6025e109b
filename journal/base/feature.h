/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running kernel allows of what nfttraced needs, one thing at a time, with what to do where it
 * does not. What files tell can be asked here by both programs; the daemon knows more. Owned by who
 * asks; nothing is kept.
 */
#ifndef NFTTRACED_JOURNAL_BASE_FEATURE_H
#define NFTTRACED_JOURNAL_BASE_FEATURE_H

#include <glib.h>

enum feature_state {
	FEATURE_NO,
	FEATURE_YES,
	FEATURE_UNKNOWN,
	FEATURE_TEXT, /* not a matter of yes and no: `text` */
};

struct feature {
	const char *name; /* as in the Features of org.nfttraced1(5); static text */
	enum feature_state state;
	char *text; /* FEATURE_TEXT */
	char *advice; /* what to do about it, one sentence; NULL: nothing */
};

/* An empty array of struct feature that frees what is in them. */
GArray *features_new(void);

/* Appends one. `text` and `advice` are copied, and may be NULL. */
void features_add(GArray *features, const char *name, enum feature_state state, const char *text,
	const char *advice);

/* Appends what files tell: btf, kprobes, bpf-jit, lockdown. `root` is put before their paths: "" but
 * for tests. */
void features_add_kernel(GArray *features, const char *root);

/* The same for nf-tables, where there is nobody who knows: it may be built in, and then has no file. */
void features_add_module(GArray *features, const char *root);

/* "yes", "no", "unknown" or the text. */
const char *feature_value(const struct feature *feature);

#endif
