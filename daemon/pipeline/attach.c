/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches programs. Kprobes are perf events with a BPF link, which the kernel removes with the
 * descriptors; tracefs would leave them behind after a crash.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

#define KPROBE_RETPROBE "/sys/bus/event_source/devices/kprobe/format/retprobe"

/*
 * struct bpf_link_info for a kprobe as include/uapi/linux/bpf.h has it since 6.7: earlier ones have
 * fewer members, and libbpf's headers may be older than the kernel.
 */
struct kprobe_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	uint32_t reserved;
	uint32_t perf_type;
	uint32_t perf_reserved;
	uint64_t function_name;
	uint32_t name_length;
	uint32_t offset;
	uint64_t address;
	uint64_t missed;
};

/* Reads the number after `prefix` in a file of one line. */
static int number_read(const char *path, const char *prefix, unsigned int *ret)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -EOPNOTSUPP;
	if (!g_str_has_prefix(text, prefix))
		return -EINVAL;
	*ret = (unsigned int)g_ascii_strtoull(text + strlen(prefix), NULL, 10);
	return 0;
}

static int kprobe_event(const char *function, enum attach_point place, int *ret)
{
	struct perf_event_attr attributes = { .size = sizeof(attributes) };
	unsigned int type, bit = 0;
	long fd;
	int r;

	r = number_read(KPROBE_TYPE, "", &type);
	if (r == 0 && place == ATTACH_RETURN)
		r = number_read(KPROBE_RETPROBE, "config:", &bit);
	if (r < 0)
		return r;
	attributes.type = type;
	attributes.config = place == ATTACH_RETURN ? 1ull << bit : 0;
	attributes.kprobe_func = (uint64_t)(uintptr_t)function;
	fd = syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = (int)fd;
	return 0;
}

void attachment_detach(struct attachment *attachment)
{
	fd_close(&attachment->link);
	fd_close(&attachment->event);
}

int attach_kprobe(int program, const char *function, enum attach_point place, uint64_t cookie,
	struct attachment *ret)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = cookie);
	auto_fd event = -1;
	int link, r;

	r = kprobe_event(function, place, &event);
	if (r < 0)
		return r;
	link = bpf_link_create(program, event, BPF_PERF_EVENT, &options);
	if (link < 0)
		return link;
	if (ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		r = -errno;
		close(link);
		return r;
	}
	ret->event = fd_steal(&event);
	ret->link = link;
	return 0;
}

int attach_tracepoint(int program, const char *name, struct attachment *ret)
{
	int link = bpf_raw_tracepoint_open(name, program);

	if (link < 0)
		return link;
	ret->link = link;
	return 0;
}

int attach_tracing(int program, struct attachment *ret)
{
	return attach_tracepoint(program, NULL, ret);
}

int attach_stub(struct pipeline *pipeline, char **ret_reason)
{
	int program = pipeline_program_stub(pipeline), r;
	struct attachment stub = ATTACHMENT_NONE;

	if (pipeline->mode == ATTACH_FENTRY)
		r = attach_tracing(program, &stub);
	else
		r = attach_kprobe(program, PIPELINE_FUNCTION, ATTACH_ENTRY, 0, &stub);
	if (r < 0) {
		*ret_reason = kernel_refusal("can't attach to " PIPELINE_FUNCTION, r);
		return r;
	}
	g_mutex_lock(&pipeline->attached_lock);
	pipeline->stub = stub;
	g_mutex_unlock(&pipeline->attached_lock);
	return 0;
}

void detach_stub(struct pipeline *pipeline)
{
	struct attachment stub = pipeline->stub;
	auto_fd program = pipeline->stub_program;
	uint64_t missed = 0;

	g_mutex_lock(&pipeline->attached_lock);
	if (stub_missed(pipeline, &missed) == 0)
		pipeline->stub_missed += missed;
	pipeline->stub = ATTACHMENT_NONE;
	pipeline->stub_program = -1;
	g_mutex_unlock(&pipeline->attached_lock);
	attachment_detach(&stub);
}

int stub_program(const struct pipeline *pipeline)
{
	if (pipeline->stub_program >= 0)
		return pipeline->stub_program;
	return pipeline->stub.link >= 0 ? pipeline_program_stub(pipeline) : -1;
}

int kprobe_missed(int link, uint64_t *ret)
{
	struct kprobe_link_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &size) < 0)
		return -errno;
	if (size < sizeof(info))
		return -EOPNOTSUPP;
	*ret = info.missed;
	return 0;
}

int program_missed(int program, uint64_t *ret)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &size) < 0)
		return -errno;
	if (size < offsetof(struct bpf_prog_info, recursion_misses) + sizeof(info.recursion_misses))
		return -EOPNOTSUPP;
	*ret = info.recursion_misses;
	return 0;
}

int stub_missed(const struct pipeline *pipeline, uint64_t *ret)
{
	if (pipeline->stub.link < 0) {
		*ret = 0;
		return 0;
	}
	if (pipeline->mode == ATTACH_FENTRY)
		return program_missed(stub_program(pipeline), ret);
	return kprobe_missed(pipeline->stub.link, ret);
}
