/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon of the fixture holds. NFTTRACED_TEST_ALONE says that nobody else loads programs and
 * maps into the kernel, so that those are counted, too.
 */
#ifndef NFTTRACED_TESTS_BUS_HOLDINGS_H
#define NFTTRACED_TESTS_BUS_HOLDINGS_H

struct holdings {
	unsigned long memory; /* KiB, anonymous */
	unsigned int descriptors, programs, maps;
};

void hold(struct holdings *ret);

/* Waits until the daemon holds no more than `before`, as the kernel frees programs in its own time;
 * of memory it may hold `memory_allowed` KiB more. */
void assert_no_more(const struct holdings *before, unsigned long memory_allowed);

#endif
