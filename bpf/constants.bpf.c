/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The constants that the loader sets before the programs are loaded. They are an object of their
 * own, so that the compiler knows that they don't change, and reads each only once, but does not
 * know the values here.
 */
#include "bpf/bits.h"
#include "bpf/maps.h"

const __u32 argument_layout = LAYOUT_VERDICT;
const __u32 direct_loads = 0;
const __u32 possible_cpus = 0;
const __u32 ring_mask = 0;
const __u32 tracker_mask = 0;
const __u32 drop_mask = 0;

const __u8 bit_positions[64] = { 0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4, 62, 55,
	59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5, 63, 47, 56, 27, 60, 41, 37, 16, 54,
	35, 52, 21, 44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6 };
