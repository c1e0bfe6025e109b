/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constructors of eBPF instructions, for code generators; only those that the matcher and the stubs
 * of tracepoints need. "32" works on the lower half of a register and zeroes the upper one.
 */
#ifndef NFTTRACED_DAEMON_FILTER_EBPF_H
#define NFTTRACED_DAEMON_FILTER_EBPF_H

#include <linux/bpf.h>
#include <stdint.h>

static inline struct bpf_insn ebpf_insn(
	uint8_t code, uint8_t dst, uint8_t src, int16_t off, uint32_t imm)
{
	return (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = (int32_t)imm
	};
}

static inline struct bpf_insn ebpf_alu32_imm(uint8_t op, uint8_t dst, uint32_t imm)
{
	return ebpf_insn(BPF_ALU | op | BPF_K, dst, 0, 0, imm);
}

static inline struct bpf_insn ebpf_alu32_reg(uint8_t op, uint8_t dst, uint8_t src)
{
	return ebpf_insn(BPF_ALU | op | BPF_X, dst, src, 0, 0);
}

/* `imm` is sign-extended to 64 bits. */
static inline struct bpf_insn ebpf_alu64_imm(uint8_t op, uint8_t dst, int32_t imm)
{
	return ebpf_insn(BPF_ALU64 | op | BPF_K, dst, 0, 0, (uint32_t)imm);
}

static inline struct bpf_insn ebpf_alu64_reg(uint8_t op, uint8_t dst, uint8_t src)
{
	return ebpf_insn(BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

/* From big endian to the machine's order; `bits` is 16, 32 or 64. */
static inline struct bpf_insn ebpf_from_be(uint8_t dst, uint32_t bits)
{
	return ebpf_insn(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
}

/* `size` is BPF_B, BPF_H, BPF_W or BPF_DW. */
static inline struct bpf_insn ebpf_load(uint8_t size, uint8_t dst, uint8_t src, int16_t off)
{
	return ebpf_insn(BPF_LDX | size | BPF_MEM, dst, src, off, 0);
}

static inline struct bpf_insn ebpf_store(uint8_t size, uint8_t dst, int16_t off, uint8_t src)
{
	return ebpf_insn(BPF_STX | size | BPF_MEM, dst, src, off, 0);
}

static inline struct bpf_insn ebpf_store_imm(uint8_t size, uint8_t dst, int16_t off, uint32_t imm)
{
	return ebpf_insn(BPF_ST | size | BPF_MEM, dst, 0, off, imm);
}

/* Jumps go `off` instructions beyond the next one. */
static inline struct bpf_insn ebpf_jump(int16_t off)
{
	return ebpf_insn(BPF_JMP | BPF_JA, 0, 0, off, 0);
}

static inline struct bpf_insn ebpf_jump32_imm(uint8_t op, uint8_t dst, uint32_t imm, int16_t off)
{
	return ebpf_insn(BPF_JMP32 | op | BPF_K, dst, 0, off, imm);
}

static inline struct bpf_insn ebpf_jump32_reg(uint8_t op, uint8_t dst, uint8_t src, int16_t off)
{
	return ebpf_insn(BPF_JMP32 | op | BPF_X, dst, src, off, 0);
}

static inline struct bpf_insn ebpf_jump64_imm(uint8_t op, uint8_t dst, int32_t imm, int16_t off)
{
	return ebpf_insn(BPF_JMP | op | BPF_K, dst, 0, off, (uint32_t)imm);
}

static inline struct bpf_insn ebpf_jump64_reg(uint8_t op, uint8_t dst, uint8_t src, int16_t off)
{
	return ebpf_insn(BPF_JMP | op | BPF_X, dst, src, off, 0);
}

static inline struct bpf_insn ebpf_call(uint32_t helper)
{
	return ebpf_insn(BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static inline struct bpf_insn ebpf_exit(void)
{
	return ebpf_insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The first of the two instructions that load a map's address; the second is all zero. */
static inline struct bpf_insn ebpf_load_map(uint8_t dst, int map_fd)
{
	return ebpf_insn(BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, (uint32_t)map_fd);
}

#endif
