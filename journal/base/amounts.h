/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Amounts: bytes, durations and counts, as a person writes them on the command line, in a profile
 * and in the configuration, and as reports, messages and live displays print them, the same in
 * every locale. Machines get plain numbers. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_BASE_AMOUNTS_H
#define NFTTRACED_JOURNAL_BASE_AMOUNTS_H

#include <stdint.h>

#define AMOUNT_SIZE 40 /* bytes that are enough for any printed amount, with the NUL */

/* "831 B", "8.3 KiB", "1.0 MiB": powers of 1024. Each of these returns `out`. */
const char *amount_bytes(uint64_t bytes, char out[AMOUNT_SIZE]);

/* "0.4 s", "10 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
const char *amount_duration(uint64_t usec, char out[AMOUNT_SIZE]);

/* "1 packet", "132 packets": `noun` is a word of a few letters that takes an s. */
const char *amount_count(uint64_t number, const char *noun, char out[AMOUNT_SIZE]);

/*
 * Every parser takes the whole text: anything left over is -EINVAL, a number too large -ERANGE;
 * *ret is untouched on failure. 0 is an amount.
 */

/* A plain decimal number. */
int parse_count(const char *text, uint64_t *ret);

/*
 * A duration as microseconds: "30" and "30s" are seconds; us, ms, s (sec), min (m), h (hr), d.
 * Several add up: "1h 30min".
 */
int parse_duration(const char *text, uint64_t *ret_usec);

/*
 * A size as bytes: "4096", "64M", "1.5 GiB"; K, M, G, T are powers of 1024, alone or followed by
 * "B" or "iB". A fraction, of at most six digits, needs such a unit; parts of a byte are dropped.
 */
int parse_size(const char *text, uint64_t *ret);

#endif
