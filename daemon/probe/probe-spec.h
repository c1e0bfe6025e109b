/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a probe is asked for as: "ip_local_deliver", "kprobe:FUNC", "kretprobe:FUNC",
 * "tp:GROUP:NAME", "GROUP:NAME", each with "/stack" behind it or not. Plain data; nothing here asks
 * the kernel. Owned by the options of a session.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_SPEC_H
#define NFTTRACED_DAEMON_PROBE_PROBE_SPEC_H

#include <glib.h>
#include <stdbool.h>

#include "bpf/shared/event.h"
#include "daemon/base/failure.h"

#define PROBE_NFT_SYMBOL "__nft_trace_packet" /* is probed in each session */
#define PROBE_SYMBOL_MAX 127 /* bytes: KSYM_NAME_LEN until 6.1, without its NUL */

/* Further probes that there can be at a time, those of all sessions together. */
#define PROBES_MAX (EVENT_PROBES_MAX - EVENT_PROBE_FIRST)

struct probe_spec {
	enum event_attach type; /* EVENT_ATTACH_KPROBE, _KRETPROBE or _RAW_TRACEPOINT */
	char *symbol; /* a function's name, or a tracepoint's as GROUP:NAME */
	bool stack;
};

/* -EINVAL, and *ret_reason is a sentence. */
int probe_spec_parse(const char *text, struct probe_spec *ret, char **ret_reason);
void probe_spec_clear(struct probe_spec *spec);

/* The two are the same probe, with a stack or not. */
bool probe_spec_equal(const struct probe_spec *a, const struct probe_spec *b);

/* It is the probe that each session has: it can only be asked for with a stack. */
bool probe_spec_is_nft(const struct probe_spec *spec);

/* As it can be parsed again, with its type before it; g_free it. */
char *probe_spec_text(const struct probe_spec *spec);

/* "kprobe", "kretprobe", "raw_tracepoint". */
const char *probe_type_name(enum event_attach type);

/*
 * A session's list (g_array_unref it) of struct probe_spec. -EINVAL and FAILURE_INVALID_OPTION: one of
 * them is none, is given twice, or there are more than PROBES_MAX.
 */
int probe_specs_parse(const char *const *texts, GArray **ret, struct failure *failure);

/* An empty list. */
GArray *probe_specs_new(void);

#endif
