/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libbpf's callbacks: its messages, and the preparation of fentry programs. libbpf has them once
 * for the process, so the pipeline and its messages are variables of the thread that works with it.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* Collects libbpf's warnings in this thread; NULL: they are dropped. */
static _Thread_local GString *messages;

/* The pipeline whose programs libbpf loads in this thread. */
static _Thread_local const struct pipeline *loading;

static int message_take(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (messages && level == LIBBPF_WARN)
		g_string_append_vprintf(messages, format, arguments);
	return 0;
}

/*
 * Sets the function of a fentry or fexit program. libbpf could find it, but would search the types
 * of the kernel and of every module for each program.
 */
static int program_prepare(
	struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie)
{
	const char *function = strchr(bpf_program__section_name(program), '/') + 1;
	bool in_module = loading->facts.module_btf && strcmp(function, PIPELINE_FUNCTION) == 0;

	options->attach_btf_id = kernel_function_id(&loading->facts, function);
	options->attach_btf_obj_fd = in_module ? (uint32_t)loading->module_btf : 0;
	return options->attach_btf_id ? 0 : -ENOENT;
}

static int handlers_register(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = program_prepare);
	int r = libbpf_register_prog_handler(
		"fentry/", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, &options);

	return r < 0 ? r
		     : libbpf_register_prog_handler(
			       "fexit/", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, &options);
}

int libbpf_hooks_prepare(void)
{
	static int result;
	static gsize prepared;

	if (g_once_init_enter(&prepared)) {
		libbpf_set_print(message_take);
		result = handlers_register();
		g_once_init_leave(&prepared, 1);
	}
	return MIN(result, 0);
}

void libbpf_hooks_begin(const struct pipeline *pipeline, GString *warnings)
{
	messages = warnings;
	loading = pipeline;
}

void libbpf_hooks_end(void)
{
	messages = NULL;
	loading = NULL;
}
