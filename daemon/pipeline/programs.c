/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the programs while they are needed; see pipeline-private.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/pipeline/pipeline-private.h"
#include "journal/base/cleanup.h"

/* The module's BTF object, for programs that are attached to its functions; -1: none. */
static int module_btf_open(void)
{
	uint32_t id = 0;

	while (bpf_btf_get_next_id(id, &id) == 0) {
		char name[sizeof(PIPELINE_MODULE)] = "";
		struct bpf_btf_info info = {
			.name = (uint64_t)(uintptr_t)name,
			.name_len = sizeof(name),
		};
		uint32_t size = sizeof(info);
		auto_fd fd = bpf_btf_get_fd_by_id(id);

		/* The call fails with -ENOSPC for a longer name. */
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.kernel_btf &&
			strcmp(name, PIPELINE_MODULE) == 0)
			return fd_steal(&fd);
	}
	return -1;
}

/* Programs that wait for a session must not keep the module from being removed. */
void programs_release(struct pipeline *pipeline)
{
	if (pipeline->mode == ATTACH_FENTRY) {
		pipeline_unload(pipeline);
		fd_close(&pipeline->module_btf);
	}
}

int programs_ensure(struct pipeline *pipeline, char **ret_reason)
{
	if (pipeline->mode == ATTACH_FENTRY && pipeline->facts.module_btf &&
		pipeline->module_btf < 0) {
		pipeline->module_btf = module_btf_open();
		if (pipeline->module_btf < 0) {
			*ret_reason = kernel_refusal(
				"can't open the type information of nf_tables", -EPERM);
			return -EPERM;
		}
	}
	return pipeline->programs ? 0 : pipeline_load(pipeline, &pipeline->options, ret_reason);
}
