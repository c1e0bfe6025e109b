/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic BPF programs made from arbitrary bytes, and the check that the translator's fuzzers
 * share: the same program by libpcap's interpreter and, translated, by ours.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_RANDOM_PROGRAMS_H
#define NFTTRACED_TESTS_UNIT_KIT_RANDOM_PROGRAMS_H

#include <glib.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes that are used up from the front; after the last one come zeros. */
struct random_bytes {
	const uint8_t *data;
	size_t size;
};

/* A program that is valid for any bytes. The caller frees ret->filter with g_free(). */
void random_program(struct random_bytes *bytes, struct sock_fprog *ret);

/* The rest of the bytes as a program, most often not a valid one. */
void random_program_raw(struct random_bytes *bytes, struct sock_fprog *ret);

/* True if libpcap defines what the program does: no memory word is read before it is written, no
 * constant shift is too far. */
bool random_program_defined(const struct sock_fprog *program);

/*
 * One run of a fuzzer: makes a program and packets from the bytes. NULL, or a sentence (g_free it)
 * on how the translation differs from libpcap or breaks a rule of generated code.
 */
char *random_check(const uint8_t *data, size_t size);

#endif
