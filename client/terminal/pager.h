/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pager that standard output goes through on a terminal: $NFTTRACED_PAGER, $PAGER, or less.
 * Owned by the command that prints.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_PAGER_H
#define NFTTRACED_CLIENT_TERMINAL_PAGER_H

#include <sys/types.h>

struct pager {
	pid_t pid; /* 0: no pager */
	int fd; /* where to write: the pager, or standard output */
};

/* Starts the pager if standard output is a terminal; without one, fd is standard output. */
void pager_open(struct pager *pager);

/* Opens standard output without a pager. */
void pager_none(struct pager *pager);

/* Waits until the pager is left. Accepts a closed one. */
void pager_close(struct pager *pager);

#define auto_pager __attribute__((cleanup(pager_close))) struct pager

#endif
