/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person writes on the command line, as numbers and lists. Every parser takes the whole text:
 * anything left over is -EINVAL, a number too large -ERANGE; *ret is untouched on failure.
 */
#ifndef NFTTRACED_CLIENT_INPUT_PARSE_H
#define NFTTRACED_CLIENT_INPUT_PARSE_H

#include <stdint.h>

/* A plain decimal number. */
int parse_count(const char *text, uint64_t *ret);

/*
 * A span of time as microseconds: "30" and "30s" are seconds; us, ms, s (sec), min (m), h (hr), d.
 * Several add up: "1h 30min". Not 0.
 */
int parse_duration(const char *text, uint64_t *ret_usec);

/* A size as bytes: "4096", "64M", "1G"; K, M, G, T are powers of 1024, with "B" or "iB" behind or
 * not. Not 0. */
int parse_size(const char *text, uint64_t *ret);

/* Comma-separated names as a NULL-terminated list (g_strfreev it); an empty name is -EINVAL. */
int parse_names(const char *text, char ***ret);

#endif
