/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Amounts as a person reads them, the same in every locale: "132 packets", "8.4 kB", "3 min 20 s". For
 * messages, tables and live displays; machines get the plain numbers. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_BASE_AMOUNTS_H
#define NFTTRACED_JOURNAL_BASE_AMOUNTS_H

#include <stdint.h>

#define QUANTITY_SIZE 40 /* bytes that are enough for any of these, with the NUL */

/* "831 B", "8.4 kB", "1.0 MB": powers of 1000. Each of these returns `out`. */
const char *quantity_bytes(uint64_t bytes, char out[QUANTITY_SIZE]);

/* "0.4 s", "10 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
const char *quantity_span(uint64_t usec, char out[QUANTITY_SIZE]);

/* "1 packet", "132 packets": `noun` is a word of a few letters that takes an s. */
const char *quantity_count(uint64_t number, const char *noun, char out[QUANTITY_SIZE]);

#endif
