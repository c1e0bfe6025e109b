/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the kernel's memory, with failure instead of a fault. The helper for it costs about a hundred
 * instructions a call and more than one a byte. Since 6.2 there is bpf_rdonly_cast, which makes any
 * address one that can be loaded from directly, at about seven instructions a load, zero where nothing
 * is mapped. It knows the types of vmlinux only, not those of modules, so whatever is read is presented
 * to the verifier as what it takes for a row of words: struct pt_regs, whose number the loader keeps.
 */
#ifndef NFTTRACED_BPF_READ_H
#define NFTTRACED_BPF_READ_H

#include <linux/ptrace.h>
#include <stdbool.h>

#include "bpf/kernel.h"
#include "bpf/maps.h"

#include <bpf/bpf_core_read.h>

/* Keeps the compiler from reasoning about where a value came from. */
#define opaque(value) asm volatile("" : "+r"(value))

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define direct(address) \
	bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(struct pt_regs))

/*
 * Reads members `first` to `last` of a kernel object in one go. True if it went well. The buffer must
 * hold what the kernel at hand has between them: the verifier knows.
 */
#define span_read(buffer, address, type, first, last)                                             \
	({                                                                                        \
		__u32 _start = bpf_core_field_offset(type, first);                                \
		__u32 _end = bpf_core_field_offset(type, last) + bpf_core_field_size(type, last); \
		bpf_probe_read_kernel(buffer, _end - _start, (void *)(address) + _start) == 0;    \
	})

/*
 * The object whose member `first` is at `base`: only what was read may be accessed. The verifier lets
 * nobody subtract from an address on the stack, and forgets what it knows of a negated number.
 */
#define span_object(base, type, first)                        \
	({                                                    \
		const void *_base = (const void *)(base);     \
		__s64 _shift = 0;                             \
		opaque(_base);                                \
		opaque(_shift);                               \
		_shift -= bpf_core_field_offset(type, first); \
		opaque(_shift);                               \
		(const type *)(_base + _shift);               \
	})

/*
 * A kernel object of which members from `first` to `last` may be accessed, no more than 17 words; by
 * way of the buffer where there are no direct loads. NULL: it can't be read.
 */
#define object_open(address, buffer, type, first, last)                                        \
	({                                                                                     \
		const type *_object = NULL;                                                    \
                                                                                               \
		if (direct_loads)                                                              \
			_object = span_object(                                                 \
				direct((__u64)(address) + bpf_core_field_offset(type, first)), \
				type, first);                                                  \
		else if (span_read(buffer, address, type, first, last))                        \
			_object = span_object(buffer, type, first);                            \
		_object;                                                                       \
	})

/* A single number; 0 where it can't be read. */
static __always_inline __u64 word_read(__u64 address)
{
	__u64 word;

	if (direct_loads)
		return *(const __u64 *)direct(address);
	word = 0;
	bpf_probe_read_kernel(&word, sizeof(word), (void *)address);
	return word;
}

static __always_inline __u32 half_read(__u64 address)
{
	__u32 half;

	if (direct_loads)
		return *(const __u32 *)direct(address);
	half = 0;
	bpf_probe_read_kernel(&half, sizeof(half), (void *)address);
	return half;
}

static __always_inline __u8 byte_read(__u64 address)
{
	__u8 byte;

	if (direct_loads)
		return *(const __u8 *)direct(address);
	byte = 0;
	bpf_probe_read_kernel(&byte, sizeof(byte), (void *)address);
	return byte;
}

#endif
