/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker's hooks: which program of bpf/tracker.bpf.c is attached to which function of the
 * kernel. Hooks whose function the kernel does not have are left out, unless packets could be
 * confused without them; `status` names those that are left out.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/libbpf.h>

#include "bpf/pipeline.skel.h"

/* The offset of a program in the skeleton; 0: none. */
#define PROGRAM(name) offsetof(struct pipeline_bpf, progs.name)
#define NONE          0

static const struct {
	const char *function;
	enum attach_point place;
	bool required; /* without it a packet could have the identity of another one */
	size_t fentry, kprobe;
} hooks[PIPELINE_HOOKS] = {
	[HOOK_FREE] = { "skb_free_head", ATTACH_ENTRY, true, PROGRAM(fentry_free),
		PROGRAM(kprobe_free) },
	[HOOK_PARTIAL] = { "kfree_skb_partial", ATTACH_ENTRY, true, PROGRAM(fentry_partial),
		PROGRAM(kprobe_partial) },
	[HOOK_STOLEN] = { "napi_skb_free_stolen_head", ATTACH_ENTRY, true, PROGRAM(fentry_stolen),
		PROGRAM(kprobe_free) },
	[HOOK_REUSE] = { "napi_reuse_skb", ATTACH_ENTRY, false, PROGRAM(fentry_reuse),
		PROGRAM(kprobe_reuse) },
	[HOOK_EXPAND] = { "pskb_expand_head", ATTACH_ENTRY, true, PROGRAM(fentry_expand),
		PROGRAM(kprobe_expand) },
	[HOOK_EXPANDED] = { "pskb_expand_head", ATTACH_RETURN, true, PROGRAM(fexit_expand),
		PROGRAM(kretprobe_expand) },
	[HOOK_COPY] = { "skb_copy_header", ATTACH_ENTRY, false, PROGRAM(fentry_copy),
		PROGRAM(kprobe_copy) },
	/*
	 * A kretprobe does not know at the return which skb was segmented: its entry is probed,
	 * too.
	 */
	[HOOK_SEGMENT] = { "skb_segment", ATTACH_ENTRY, false, NONE, PROGRAM(kprobe_expand) },
	[HOOK_SEGMENTED] = { "skb_segment", ATTACH_RETURN, false, PROGRAM(fexit_segment),
		PROGRAM(kretprobe_segment) },
	[HOOK_SEGMENT_LIST] = { "skb_segment_list", ATTACH_ENTRY, false, NONE,
		PROGRAM(kprobe_expand) },
	[HOOK_SEGMENTED_LIST] = { "skb_segment_list", ATTACH_RETURN, false,
		PROGRAM(fexit_segment_list), PROGRAM(kretprobe_segment) },
	[HOOK_FRAGMENT] = { "ip_copy_metadata", ATTACH_ENTRY, false, PROGRAM(fentry_fragment),
		PROGRAM(kprobe_fragment) },
	[HOOK_FRAGMENT6] = { "ip6_copy_metadata", ATTACH_ENTRY, false, PROGRAM(fentry_fragment6),
		PROGRAM(kprobe_fragment) },
	[HOOK_SEND] = { "ip_queue_xmit", ATTACH_ENTRY, false, PROGRAM(fentry_send),
		PROGRAM(kprobe_send) },
	[HOOK_SEND6] = { "inet6_csk_xmit", ATTACH_ENTRY, false, PROGRAM(fentry_send6),
		PROGRAM(kprobe_send) },
};

static struct bpf_program *hook_program(
	const struct pipeline *pipeline, const struct pipeline_bpf *skeleton, unsigned int hook)
{
	size_t place =
		pipeline->hook_mode == ATTACH_FENTRY ? hooks[hook].fentry : hooks[hook].kprobe;

	return place == NONE
		? NULL
		: *(struct bpf_program *const *)(const void *)((const char *)skeleton + place);
}

static bool hook_absent(const struct pipeline *pipeline, unsigned int hook)
{
	return !kernel_function_id(&pipeline->facts, hooks[hook].function);
}

/* A required function that is missing is an error when it is attached to. */
static bool hook_left_out(const struct pipeline *pipeline, unsigned int hook)
{
	return !hooks[hook].required && hook_absent(pipeline, hook);
}

void choose_hooks(const struct pipeline *pipeline, struct pipeline_bpf *skeleton)
{
	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++) {
		struct bpf_program *program = hook_program(pipeline, skeleton, i);

		if (program && !hook_left_out(pipeline, i))
			bpf_program__set_autoload(program, true);
	}
}

static int hook_attach(struct pipeline *pipeline, unsigned int hook)
{
	struct bpf_program *program = hook_program(pipeline, pipeline->programs, hook);
	struct attachment *attachment = &pipeline->hooks[hook];

	if (!program || hook_left_out(pipeline, hook))
		return 0;
	if (pipeline->hook_mode == ATTACH_FENTRY)
		return attach_tracing(bpf_program__fd(program), attachment);
	return attach_kprobe(
		bpf_program__fd(program), hooks[hook].function, hooks[hook].place, 0, attachment);
}

int attach_hooks(struct pipeline *pipeline, char **ret_reason)
{
	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++) {
		int r = hook_attach(pipeline, i);

		if (r < 0) {
			g_autofree char *what = g_strdup_printf(
				"can't track packets (start the session without tracking): "
				"can't attach to %s",
				hooks[i].function);

			detach_hooks(pipeline);
			*ret_reason = kernel_refusal(what, r);
			return r;
		}
	}
	pipeline->hooked = true;
	return 0;
}

void detach_hooks(struct pipeline *pipeline)
{
	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++)
		attachment_detach(&pipeline->hooks[i]);
	pipeline->hooked = false;
}

int hooks_adopted(struct pipeline *pipeline)
{
	unsigned int attached = 0;
	bool complete = true;

	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++) {
		attached += pipeline->hooks[i].link >= 0;
		complete = complete && (!hooks[i].required || pipeline->hooks[i].link >= 0);
	}
	pipeline->hooked = attached > 0;
	return attached == 0 || complete ? 0 : -ENODATA;
}

uint32_t hooks_absent(const struct pipeline *pipeline)
{
	uint32_t absent = 0;

	/* The facts of an adopted pipeline are not known yet. */
	if (!pipeline->facts.functions[KERNEL_TRACE])
		return 0;

	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++) {
		if (hook_absent(pipeline, i))
			absent |= 1U << i;
	}
	return absent;
}

char *pipeline_hooks_names(uint32_t which)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (unsigned int i = 0; i < PIPELINE_HOOKS; i++) {
		/* A function is named once; its entry and return follow each other. */
		if (which & 1U << i &&
			(!names->len ||
				!g_str_equal(hooks[i].function, names->pdata[names->len - 1])))
			g_ptr_array_add(names, (void *)hooks[i].function);
	}
	g_ptr_array_add(names, NULL);
	return g_strjoinv(", ", (char **)names->pdata);
}
