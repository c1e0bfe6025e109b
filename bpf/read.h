/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the kernel's memory, with failure instead of a fault. The helper for this costs about a
 * hundred instructions a call and more than one a byte. Since 6.2 there is bpf_rdonly_cast: any
 * address can be loaded from directly, at about seven instructions a load, and gives zero where
 * nothing is mapped. It knows the types of vmlinux only, not those of modules, so all memory is
 * presented to the verifier as struct pt_regs, a sequence of words, whose type number the loader
 * preserves.
 */
#ifndef NFTTRACED_BPF_READ_H
#define NFTTRACED_BPF_READ_H

#include <linux/ptrace.h>
#include <stdbool.h>

#include "bpf/kernel.h"
#include "bpf/maps.h"

#include <bpf/bpf_core_read.h>

/* Hides the origin of a value from the compiler. */
#define opaque(value) asm volatile("" : "+r"(value))

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define direct(address) \
	bpf_rdonly_cast((const void *)(address), bpf_core_type_id_kernel(struct pt_regs))

/*
 * Reads members `first` to `last` of a kernel object at once. False: it can't be read. The buffer
 * must be large enough for the layout of the running kernel: the verifier checks this.
 */
#define span_read(buffer, address, type, first, last)                                             \
	({                                                                                        \
		__u32 _start = bpf_core_field_offset(type, first);                                \
		__u32 _end = bpf_core_field_offset(type, last) + bpf_core_field_size(type, last); \
		bpf_probe_read_kernel(buffer, _end - _start, (void *)(address) + _start) == 0;    \
	})

/*
 * The object whose member `first` is at `base`; only the members that were read may be accessed.
 * The verifier forbids to subtract from a stack address, but forgets the value of a negated number.
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
 * A kernel object of which members `first` to `last` may be accessed, at most 17 words; without
 * direct loads they are copied to the buffer. NULL: it can't be read.
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

/* A single number; 0: it can't be read. */
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
