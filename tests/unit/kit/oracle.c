/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libpcap's interpreter; see oracle.h. In a file of its own, because libpcap's and the kernel's
 * headers differ. */
#include <pcap/pcap.h>

#include "tests/unit/kit/oracle.h"

static const struct bpf_insn *insns(const struct sock_fprog *program)
{
	return (const struct bpf_insn *)(const void *)program->filter;
}

bool oracle_accepts(
	const struct sock_fprog *program, const uint8_t *packet, uint32_t captured, uint32_t length)
{
	/* To libpcap no program at all means every packet. */
	return program->filter != NULL && bpf_filter(insns(program), packet, length, captured) != 0;
}

bool oracle_valid(const struct sock_fprog *program)
{
	return bpf_validate(insns(program), program->len) != 0;
}
