/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the addresses where the kernel maps its pages (x86); the loader runs it once. The kernel
 * finds a symbol in less than a tenth of the time that it takes to print all of them in
 * /proc/kallsyms. Owns the two addresses.
 */
#include "bpf/maps.h"

__u64 vmemmap_start;
__u64 page_offset_start;

/* A variable's value; 0: the kernel has no such variable, or hides it. */
static __always_inline __u64 variable_read(const char *name, int size)
{
	__u64 address = 0, value = 0;

	if (bpf_kallsyms_lookup_name(name, size, 0, &address) == 0)
		bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

SEC("syscall")
int addresses_read(void *context)
{
	static const char vmemmap[] = "vmemmap_base", page_offset[] = "page_offset_base";

	vmemmap_start = variable_read(vmemmap, sizeof(vmemmap));
	page_offset_start = variable_read(page_offset, sizeof(page_offset));
	return 0;
}
