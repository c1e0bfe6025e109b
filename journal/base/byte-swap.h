/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Swaps numbers in the other byte order, which journals of other machines have. Stateless. */
#ifndef NFTTRACED_JOURNAL_BASE_BYTE_SWAP_H
#define NFTTRACED_JOURNAL_BASE_BYTE_SWAP_H

#include <linux/types.h>

/* Turns a field of 16, 32 or 64 unsigned bits. */
#define SWAP(field)                                    \
	((field) = _Generic((field), __u16             \
			    : __builtin_bswap16, __u64 \
			    : __builtin_bswap64, __u32 \
			    : __builtin_bswap32)(field))

#endif
