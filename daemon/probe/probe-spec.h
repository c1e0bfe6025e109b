/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probe specifications as users write them: "ip_local_deliver", "kprobe:FUNC", "kretprobe:FUNC",
 * "tp:GROUP:NAME" or "GROUP:NAME", optionally with "/stack" appended. This folder parses them
 * (probe-spec.h) and looks them up in the kernel (probe-btf.h).
 *
 * Plain data, owned by the options of a session; the functions are stateless, any thread. A
 * specification that is invalid, or that the kernel can't probe, is refused with one sentence.
 */
#ifndef NFTTRACED_DAEMON_PROBE_PROBE_SPEC_H
#define NFTTRACED_DAEMON_PROBE_PROBE_SPEC_H

#include <glib.h>
#include <stdbool.h>

#include "bpf/shared/event.h"
#include "daemon/base/failure.h"

#define PROBE_NFT_SYMBOL "__nft_trace_packet" /* each session probes it */
#define PROBE_SYMBOL_MAX 127 /* bytes: KSYM_NAME_LEN until 6.1, without its NUL */

/* Limit of further probes of all sessions together. */
#define PROBES_MAX (EVENT_PROBES_MAX - EVENT_PROBE_FIRST)

struct probe_spec {
	enum event_attach type; /* EVENT_ATTACH_KPROBE, _KRETPROBE or _RAW_TRACEPOINT */
	char *symbol; /* a function's name, or a tracepoint's as GROUP:NAME */
	bool stack;
};

/* -EINVAL: *ret_reason is a sentence (g_free it). */
int probe_spec_parse(const char *text, struct probe_spec *ret, char **ret_reason);
void probe_spec_clear(struct probe_spec *spec);

/* True if both are the same probe, with or without a stack. */
bool probe_spec_equal(const struct probe_spec *a, const struct probe_spec *b);

/* True for the probe that each session has; it is only specified to add a stack. */
bool probe_spec_is_nft(const struct probe_spec *spec);

/* The text of a specification, with its type, which can be parsed again; g_free it. */
char *probe_spec_text(const struct probe_spec *spec);

/* "kprobe", "kretprobe", "raw_tracepoint". */
const char *probe_type_name(enum event_attach type);

/*
 * Parses a session's list (g_array_unref it) of struct probe_spec. -EINVAL and
 * FAILURE_INVALID_OPTION: one is invalid or given twice, or there are more than PROBES_MAX.
 */
int probe_specs_parse(const char *const *texts, GArray **ret, struct failure *failure);

/* An empty list. */
GArray *probe_specs_new(void);

#endif
