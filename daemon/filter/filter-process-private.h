/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between the daemon and the processes that compile filters. */
#ifndef NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_PRIVATE_H
#define NFTTRACED_DAEMON_FILTER_FILTER_PROCESS_PRIVATE_H

#include <stdint.h>
#include <stdnoreturn.h>

#include "daemon/filter/filter.h"

#define FILTER_REASON_MAX 4096 /* bytes of a sentence in an answer */
/* Bytes of memory for libpcap: tens of times the need of any filter that is accepted. */
#define FILTER_MEMORY_MAX (256ULL << 20)

/*
 * The answer of a process, in one packet: this, the programs' instructions, the reason without a
 * NUL. The last answer that is not -ETIME counts.
 */
struct answer {
	int32_t result; /* of filter_compile; -ETIME: FILTER_SECONDS_MAX are over */
	uint32_t is_last; /* 1: none follows */
	uint32_t view;
	uint32_t lengths[FILTER_VARIANTS]; /* instructions */
	uint32_t reason_length;
};

#define ANSWER_MAX                                   \
	(sizeof(struct answer) + FILTER_REASON_MAX + \
		FILTER_VARIANTS * FILTER_INSTRUCTIONS_MAX * sizeof(struct sock_filter))

/* The server's message on the expression's socket, with a pidfd of the child that it has forked. */
struct forked {
	int32_t pid;
};

_Static_assert(sizeof(struct forked) < sizeof(struct answer), "told apart by their sizes");

/* filter-server.c: runs the fork server until the other end of `socket` is closed. */
noreturn void filter_server_run(int socket);

#endif
