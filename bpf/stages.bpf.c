/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stages as programs, for each attach mode: STUB, the only attached one, CAPTURE, EMIT and
 * SECTIONS. The matcher between CAPTURE and EMIT is generated, and so are the stubs of tracepoints.
 * Owns the global variables of the kernel side. The stages are one object because libbpf 1.1 can't
 * link objects that call the same function of the kernel.
 */
#include "bpf/stage-capture.h"
#include "bpf/stage-probe.h"
#include "bpf/stage-sections.h"

char LICENSE[] SEC("license") = "GPL";

struct pipeline_config config;
__u64 next_allowed[EVENT_SESSIONS_MAX];
__u64 chain_cache[CHAIN_CACHE_SIZE];
struct ring_fill fills[RINGS_MAX];
struct drop_control drop_control;
struct suppressed_slot suppressed[SUPPRESSED_SLOTS];

SEC("kprobe/__nft_trace_packet")
int kprobe_stub(struct pt_regs *context)
{
	bpf_tail_call(context, &kprobe_stages, STAGE_CAPTURE);
	return 0;
}

SEC("kprobe/__nft_trace_packet")
int kprobe_capture(struct pt_regs *context)
{
	struct cpu_stats *stats;
	struct call call;
	__u32 cpu;

	stats = cpu_stats(FRAME_KPROBE, &cpu);
	if (!stats)
		return 0;
	stats->counts[COUNT_CALLS]++;
	if (!call_read_kprobe(&call, context))
		stats->counts[COUNT_FAULTS]++;
	else if (call_capture(context, &call, FRAME_KPROBE, stats))
		stage_call(context, &kprobe_stages, STAGE_MATCHER);
	return 0;
}

SEC("kprobe/__nft_trace_packet")
int kprobe_emit(struct pt_regs *context)
{
	return emit(context, FRAME_KPROBE, EVENT_ATTACH_KPROBE);
}

SEC("kprobe/__nft_trace_packet")
int kprobe_sections(struct pt_regs *context)
{
	return sections(context, FRAME_KPROBE);
}

SEC("fentry/__nft_trace_packet")
int fentry_stub(__u64 *context)
{
	bpf_tail_call(context, &fentry_stages, STAGE_CAPTURE);
	return 0;
}

SEC("fentry/__nft_trace_packet")
int fentry_capture(__u64 *context)
{
	struct cpu_stats *stats;
	struct call call;
	__u32 cpu;

	stats = cpu_stats(FRAME_TRACING, &cpu);
	if (!stats)
		return 0;
	stats->counts[COUNT_CALLS]++;
	if (!call_read_fentry(&call, context))
		stats->counts[COUNT_FAULTS]++;
	else if (call_capture(context, &call, FRAME_TRACING, stats))
		stage_call(context, &fentry_stages, STAGE_MATCHER);
	return 0;
}

SEC("fentry/__nft_trace_packet")
int fentry_emit(__u64 *context)
{
	return emit(context, FRAME_TRACING, EVENT_ATTACH_FENTRY);
}

SEC("fentry/__nft_trace_packet")
int fentry_sections(__u64 *context)
{
	return sections(context, FRAME_TRACING);
}

/* Further probes. */

SEC("kprobe")
int probe_stub(struct pt_regs *context)
{
	bpf_tail_call(context, &kprobe_stages, STAGE_CAPTURE_PROBE);
	return 0;
}

SEC("kprobe")
int probe_enter(struct pt_regs *context)
{
	return return_expect(context);
}

SEC("kprobe")
int probe_freed(struct pt_regs *context)
{
	return skb_freed(PT_REGS_PARM1(context));
}

SEC("kprobe")
int probe_capture(struct pt_regs *context)
{
	if (call_capture_kprobe(context))
		stage_call(context, &kprobe_stages, STAGE_MATCHER);
	return 0;
}

SEC("kprobe")
int probe_emit(struct pt_regs *context)
{
	return emit_probe(context, FRAME_KPROBE, EVENT_ATTACH_KPROBE);
}

SEC("raw_tp")
int tracepoint_capture(__u64 *context)
{
	if (call_capture_tracepoint(context))
		stage_call(context, &tracepoint_stages, STAGE_MATCHER);
	return 0;
}

SEC("raw_tp")
int tracepoint_emit(__u64 *context)
{
	__u32 owner = tracepoint_owner();

	return owner ? emit_probe(context, owner, EVENT_ATTACH_RAW_TRACEPOINT) : 0;
}

SEC("raw_tp")
int tracepoint_sections(__u64 *context)
{
	__u32 owner = tracepoint_owner();

	return owner ? sections(context, owner) : 0;
}
