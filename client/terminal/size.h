/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as a person reads them, and as parse_size takes them. */
#ifndef NFTTRACED_CLIENT_TERMINAL_SIZE_H
#define NFTTRACED_CLIENT_TERMINAL_SIZE_H

#include <stdint.h>

/* "512", "4K", "1.5M", "20G": powers of 1024, rounded; g_free it. */
char *size_text(uint64_t bytes);

#endif
