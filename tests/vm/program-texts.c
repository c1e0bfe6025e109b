/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints the name and a checksum of the machine code of each loaded BPF program whose name begins
 * with one of the arguments. For the VM lab: bpftool shows machine code only where it was built
 * with a disassembler.
 *
 * usage: program-texts PREFIX...
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool wanted(const char *name, char *const *prefixes)
{
	for (; *prefixes; prefixes++) {
		if (g_str_has_prefix(name, *prefixes))
			return true;
	}
	return false;
}

/* 0, or a negative errno. */
static int print_text(int fd, char *const *prefixes)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	g_autofree unsigned char *text = NULL;
	g_autofree char *sum = NULL, *name = NULL;
	int r = bpf_obj_get_info_by_fd(fd, &info, &size);

	if (r < 0 || !wanted(info.name, prefixes))
		return r;
	if (info.jited_prog_len == 0)
		return -ENOEXEC;
	name = g_strdup(info.name);
	text = g_malloc0(info.jited_prog_len);
	info = (struct bpf_prog_info){
		.jited_prog_len = info.jited_prog_len,
		.jited_prog_insns = (uintptr_t)text,
	};
	size = sizeof(info);
	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r < 0)
		return r;
	sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, text, info.jited_prog_len);
	printf("%s %s\n", name, sum);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t id = 0;

	if (argc < 2) {
		fputs("usage: program-texts PREFIX...\n", stderr);
		return EXIT_FAILURE;
	}
	while (bpf_prog_get_next_id(id, &id) == 0) {
		int fd = bpf_prog_get_fd_by_id(id), r;

		/* It may have been unloaded by now. */
		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : print_text(fd, argv + 1);
		if (fd >= 0)
			close(fd);
		if (r < 0) {
			fprintf(stderr, "program-texts: program %u: %s\n", id, g_strerror(-r));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
