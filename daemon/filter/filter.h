/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session's packet filter: a pcap expression compiled by libpcap to classic BPF, once for packets
 * with an Ethernet header and once for raw IP. Owned by the session; immutable.
 *
 * The programs are in the kernel's types: libpcap's headers and the kernel's <linux/bpf.h> both
 * define a struct bpf_insn and can't be included together. The layout is the same.
 */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_H
#define NFTTRACED_DAEMON_FILTER_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

enum filter_variant {
	FILTER_RAW = 0, /* EVENT_LINK_RAW */
	FILTER_ETHERNET = 1, /* EVENT_LINK_ETHERNET */
	FILTER_VARIANTS,
};

#define FILTER_EXPRESSION_MAX   65536 /* bytes */
#define FILTER_SECONDS_MAX      10 /* of CPU time for libpcap */
#define FILTER_SHORT            1024 /* bytes of an expression that takes libpcap a second at most */
#define FILTER_INSTRUCTIONS_MAX 4096 /* classic BPF, each variant: the kernel's BPF_MAXINSNS */

struct filter {
	char *expression;
	/* .filter NULL in one: libpcap can't compile the expression for this link type, or it would
	 * reject every packet; it never matches. NULL in both: matches everything. */
	struct sock_fprog programs[FILTER_VARIANTS];
	/* Bytes of a packet that the filter would look at; beyond FRAME_VIEW_MAX it rejects. */
	uint32_t view;
};

/*
 * Compiles `expression`, and waits for it: of CPU time libpcap may take FILTER_SECONDS_MAX. Names of
 * hosts and networks are never resolved (an error says so); ports and protocols may be names. NULL or
 * "" matches everything (and gives no programs). It is optimised unless that takes longer and it is
 * short enough without. -EINVAL with libpcap's message in *ret_reason (g_free it) or with ours: a
 * name, a control character, a loop ("protochain"). -E2BIG: a variant has more than
 * FILTER_INSTRUCTIONS_MAX instructions, or making it shorter takes more than FILTER_SECONDS_MAX, or
 * the expression more than FILTER_EXPRESSION_MAX bytes. -ENOTSUP: libpcap would resolve names here in
 * spite of us (it is not the shared library that we were built for).
 */
int filter_new(const char *expression, struct filter **ret, char **ret_reason);

/* An expression, not empty, that a process is compiling. */
struct filter_job;

/* Begins it, without waiting. Refuses what filter_new refuses without asking libpcap. Any thread. */
int filter_job_new(const char *expression, struct filter_job **ret, char **ret_reason);

/* Becomes readable when filter_job_result is worth a call. The job's. */
int filter_job_fd(const struct filter_job *job);

/* us of g_get_monotonic_time: when filter_job_result is worth a call though its descriptor is not readable:
 * the process may hang. */
int64_t filter_job_deadline(const struct filter_job *job);

/*
 * -EINPROGRESS: it is not done yet. -ERESTART, once: its process hung, or was killed, and another one
 * compiles: filter_job_fd and filter_job_deadline are that one's. Else the result as filter_new has it,
 * once.
 */
int filter_job_result(struct filter_job *job, struct filter **ret, char **ret_reason);

/* Ends its process if it still runs. Accepts NULL; returns NULL. */
struct filter_job *filter_job_free(struct filter_job *job);

static inline void filter_job_freep(struct filter_job **job)
{
	*job = filter_job_free(*job);
}

/* A job that is ended when it goes out of scope. */
#define auto_filter_job __attribute__((cleanup(filter_job_freep))) struct filter_job

/*
 * Begins the process whose children compile, if it does not run; filter_new does so by itself, but a
 * program with threads begins it before it has any. It ends with this process.
 */
int filter_compiler_start(void);

/* Ends it. */
void filter_compiler_stop(void);

/* Looks after it: what has ended of it is waited for, so that it does not stay as a zombie until the next filter. Any
 * thread; to be called now and then. */
void filter_compiler_tend(void);

/* How many processes that compile hung, or were killed by somebody, and were replaced. Any thread. */
uint64_t filter_compilers_replaced(void);

/* Accepts NULL; returns NULL. */
struct filter *filter_free(struct filter *filter);

static inline void filter_freep(struct filter **filter)
{
	*filter = filter_free(*filter);
}

/* A filter that is freed when it goes out of scope. */
#define auto_filter __attribute__((cleanup(filter_freep))) struct filter

#endif
