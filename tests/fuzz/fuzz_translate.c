/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer's entry to the translator: bytes make a classic BPF program and packets, libpcap's
 * interpreter is the reference. Run it with a folder for its corpus.
 */
#include <glib.h>
#include <stdint.h>

#include "tests/unit/kit/random-programs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *reason = random_check(data, size);

	if (reason != NULL)
		g_error("%s", reason);
	return 0;
}
