/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resources of the fixture's daemon. NFTTRACED_TEST_ALONE says that no other process loads
 * programs and maps into the kernel, so that those are counted, too.
 */
#ifndef NFTTRACED_TESTS_BUS_HOLDINGS_H
#define NFTTRACED_TESTS_BUS_HOLDINGS_H

struct holdings {
	unsigned long memory; /* KiB, anonymous */
	unsigned int descriptors, programs, maps;
};

void hold(struct holdings *ret);

/* Waits until the daemon holds no more than `before`, because the kernel frees programs some time
 * later. Memory may grow by `memory_allowed` KiB. */
void assert_no_more(const struct holdings *before, unsigned long memory_allowed);

#endif
