/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap's interpreter and validator on the kernel's types: the reference for generated code. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_ORACLE_H
#define NFTTRACED_TESTS_UNIT_KIT_ORACLE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* True if libpcap's interpreter accepts the packet. A program that is NULL accepts none. */
bool oracle_accepts(const struct sock_fprog *program, const uint8_t *packet, uint32_t captured,
	uint32_t length);

/* True if libpcap would run the program. */
bool oracle_valid(const struct sock_fprog *program);

#endif
