/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's packet filter: a pcap expression, compiled by libpcap to classic BPF, once for
 * packets with an Ethernet header and once for raw IP. Immutable, and owned by the session's
 * request or job.
 *
 * This folder takes an expression all the way into the kernel. filter-queue.h (control thread)
 * queues it. filter-process.h has a process compile it, because libpcap's parser sees untrusted
 * text and its optimiser may take minutes: a crash, a hang or a limit fails one filter and nothing
 * else. cbpf.h analyses the result and cbpf-translate.h translates it to eBPF. matcher.h (worker)
 * puts the filters of all sessions into one program and loads it.
 *
 * The programs have the kernel's types: libpcap's headers and the kernel's <linux/bpf.h> both
 * define a struct bpf_insn and can't be included together. The layout is the same.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_H
#define NFTTRACED_DAEMON_FILTER_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#include "journal/base/cleanup.h"

enum filter_variant {
	FILTER_RAW = 0, /* EVENT_LINK_RAW */
	FILTER_ETHERNET = 1, /* EVENT_LINK_ETHERNET */
	FILTER_VARIANTS,
};

#define FILTER_EXPRESSION_MAX   65536 /* bytes */
#define FILTER_SECONDS_MAX      10 /* of CPU time for libpcap */
#define FILTER_SHORT            1024 /* bytes; libpcap takes a second at most for it */
#define FILTER_INSTRUCTIONS_MAX 4096 /* classic BPF, each variant: the kernel's BPF_MAXINSNS */

struct filter {
	char *expression;
	/*
	 * .filter NULL in one: never matches this link type, because the expression is invalid for
	 * it or rejects every packet. NULL in both: matches every packet.
	 */
	struct sock_fprog programs[FILTER_VARIANTS];
	/* Bytes of a packet that the filter may read; beyond FRAME_VIEW_MAX it rejects. */
	uint32_t view;
};

/*
 * Compiles `expression` and waits for the result. NULL or "" matches every packet, and gives no
 * programs. Names of hosts and networks are refused, never resolved; ports and protocols may be
 * names. libpcap gets FILTER_SECONDS_MAX of CPU time; if that is too short to optimise a program
 * that is short enough without, it stays as it is. On failure *ret_reason is a sentence (g_free
 * it). -EINVAL: libpcap's message, or a name, a control character, a loop ("protochain"). -E2BIG:
 * more than FILTER_INSTRUCTIONS_MAX instructions for a link type, or more than
 * FILTER_EXPRESSION_MAX bytes, or optimising took too long. -ENOTSUP: this libpcap would resolve
 * names (it is not the shared library that the daemon was built for).
 */
int filter_new(const char *expression, struct filter **ret, char **ret_reason);

/* An expression (not empty) that a process compiles. Used by one thread at a time. */
struct filter_job;

/*
 * Starts it without waiting. Errors as filter_new, as far as they do not take libpcap. Any thread.
 */
int filter_job_new(const char *expression, struct filter_job **ret, char **ret_reason);

/* Owned by the job. Becomes readable when there may be a result. */
int filter_job_fd(const struct filter_job *job);

/*
 * us of g_get_monotonic_time: when to call filter_job_result even if the descriptor is not
 * readable, because the process may hang.
 */
int64_t filter_job_deadline(const struct filter_job *job);

/*
 * The result, as filter_new has it; call it only once more after -EINPROGRESS (it is not done yet)
 * or -ERESTART (its process hung or was killed, and was replaced: filter_job_fd and
 * filter_job_deadline have changed).
 */
int filter_job_result(struct filter_job *job, struct filter **ret, char **ret_reason);

/* Ends its process. Accepts NULL; returns NULL. */
struct filter_job *filter_job_free(struct filter_job *job);

DEFINE_FREEP(filter_job)

/* A job that is ended when it goes out of scope. */
#define auto_filter_job __attribute__((cleanup(filter_job_freep))) struct filter_job

/*
 * Starts the fork server whose children compile, if it does not run. filter_new does so by itself,
 * but a program with threads must start it before it has any. It ends with this process. Negative
 * errno.
 */
int filter_compiler_start(void);

/* Ends the fork server. */
void filter_compiler_stop(void);

/*
 * Reaps the fork server if it has ended, so that it is no zombie until the next filter. Any thread;
 * called periodically.
 */
void filter_compiler_tend(void);

/* How many processes hung or were killed, and were replaced. Any thread. */
uint64_t filter_compilers_replaced(void);

/* Accepts NULL; returns NULL. */
struct filter *filter_free(struct filter *filter);

DEFINE_FREEP(filter)

/* A filter that is freed when it goes out of scope. */
#define auto_filter __attribute__((cleanup(filter_freep))) struct filter

#endif
