/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first stages: STUB, the only attached program, and CAPTURE, which looks at the verdict first
 * and leaves at once when no session wants it, then puts what the matcher needs into the frame. Owns
 * the global variables of the kernel side.
 */
#include "call.h"
#include "track.h"
#include "view.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 argument_layout = LAYOUT_VERDICT;
const volatile __u32 ring_mask;
const volatile __u32 tracker_mask;
const volatile __u64 vmemmap_base_address;
const volatile __u64 page_offset_base_address;

const volatile __u8 bit_positions[64] = {
	0,
	1,
	48,
	2,
	57,
	49,
	28,
	3,
	61,
	58,
	50,
	42,
	38,
	29,
	17,
	4,
	62,
	55,
	59,
	36,
	53,
	51,
	43,
	22,
	45,
	39,
	33,
	30,
	24,
	18,
	12,
	5,
	63,
	47,
	56,
	27,
	60,
	41,
	37,
	16,
	54,
	35,
	52,
	21,
	44,
	32,
	23,
	11,
	46,
	26,
	40,
	15,
	34,
	20,
	31,
	10,
	25,
	14,
	19,
	9,
	13,
	8,
	7,
	6,
};

struct pipeline_config config;
__u64 arrivals[EVENT_SESSIONS_MAX];

/* What the matcher looks at. False: it can't be read. */
static __always_inline bool packet_capture(
	struct frame *frame, struct notes *notes, struct cpu_stats *stats)
{
	const struct sk_buff *skb;

	if (!span_read(notes->skb_span, notes->skb, struct sk_buff, len, data))
		return false;
	skb = span_object(notes->skb_span, struct sk_buff, len);
	notes->head = (__u64)skb->head;
	notes->skb_length = skb->len;
	notes->skb_iif = skb->skb_iif;
	notes->protocol = skb->protocol;

	if (config.tracking) {
		struct tracker_slot *slot = tracker_find(notes->head);

		if (slot)
			frame->sticky = slot_sessions(slot);
	}
	view_read(frame, notes, skb, &stats->counts[COUNT_VIEW_CLIPPED]);
	return true;
}

/* True: the matcher is to see the frame. */
static __always_inline bool call_capture(
	void *context, struct call *call, __u32 owner, struct cpu_stats *stats)
{
	const struct nft_pktinfo *pktinfo;
	struct frame *frame;
	struct notes *notes;
	__u64 target, span[2];
	__u32 kind;
	__s32 code;

	if (!call_verdict(call, &code, &target))
		goto fault;
	kind = verdict_kind(code);
	if (code == TABLES_JUMP || code == TABLES_GOTO)
		stats->guess.jumped = target;
	if (kind >= VERDICT_COUNT)
		goto fault;
	if (!(config.verdicts & 1u << kind))
		return false;

	frame = bpf_map_lookup_elem(&frames, &owner);
	if (!frame)
		return false;
	notes = frame_notes(frame);
	frame->context = (__u64)context;
	frame->sessions = 0;
	frame->sticky = 0;
	frame->verdict = 1u << kind;
	frame->probe = 1u << EVENT_PROBE_NFT;

	if (!span_read(span, call->pkt, struct nft_pktinfo, skb, state))
		goto fault;
	pktinfo = span_object(span, struct nft_pktinfo, skb);
	notes->skb = (__u64)pktinfo->skb;
	notes->state = (__u64)pktinfo->state;
	notes->rule = call->rule;
	notes->chain = call->chain;
	notes->info = call->info;
	notes->basechain = call->basechain;
	notes->target = target;
	notes->code = code;
	notes->trace_type = call->type;

	if (kind == VERDICT_STOLEN) {
		/* The skb may be gone: nothing of it is looked at. */
		frame->link = EVENT_LINK_RAW;
		frame->length = 0;
		frame->captured = 0;
		notes->head = 0;
		notes->skb_length = 0;
		notes->skb_iif = 0;
		return true;
	}
	if (packet_capture(frame, notes, stats))
		return true;
fault:
	stats->counts[COUNT_FAULTS]++;
	return false;
}

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

	stats = cpu_stats(&cpu);
	if (!stats)
		return 0;
	stats->counts[COUNT_CALLS]++;
	if (!call_read_kprobe(&call, context))
		stats->counts[COUNT_FAULTS]++;
	else if (call_capture(context, &call, FRAME_KPROBE, stats))
		bpf_tail_call(context, &kprobe_stages, STAGE_MATCHER);
	return 0;
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

	stats = cpu_stats(&cpu);
	if (!stats)
		return 0;
	stats->counts[COUNT_CALLS]++;
	if (!call_read_fentry(&call, context))
		stats->counts[COUNT_FAULTS]++;
	else if (call_capture(context, &call, FRAME_TRACING, stats))
		bpf_tail_call(context, &fentry_stages, STAGE_MATCHER);
	return 0;
}
