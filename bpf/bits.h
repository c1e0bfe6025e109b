/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a 64-bit session mask: BPF has no instruction that finds the lowest bit.
 */
#ifndef NFTTRACED_BPF_BITS_H
#define NFTTRACED_BPF_BITS_H

#include <linux/types.h>

extern const __u8 bit_positions[64];

/* All six-bit windows of the sequence differ, so the product's upper bits identify the shift. */
#define BIT_SEQUENCE 0x03f79d71b4cb0a89ull

static __always_inline __u32 bit_lowest(__u64 mask)
{
	return bit_positions[((mask & -mask) * BIT_SEQUENCE) >> 58] & 63;
}

#endif
