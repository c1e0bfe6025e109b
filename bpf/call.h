/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call of __nft_trace_packet, independent of the kernel's argument layout and of the attach mode;
 * and the notes that CAPTURE leaves in the frame for EMIT.
 */
#ifndef NFTTRACED_BPF_CALL_H
#define NFTTRACED_BPF_CALL_H

#include "bpf/read.h"

#include <bpf/bpf_tracing.h>

/* An argument of the traced function is 0 where the layout does not have it. */
struct call {
	__u64 skb;
	__u64 state; /* struct nf_hook_state */
	__u64 verdict;
	__u64 rule;
	__u64 chain; /* LAYOUT_INFO: the chain of the rule */
	__u64 info; /* struct nft_traceinfo */
	__u64 basechain; /* 0: not read yet */
	__u64 pkt; /* struct nft_pktinfo */
	__u32 type; /* enum event_trace_type */
};

#define SKB_SPAN   160 /* sk_buff.len to sk_buff.data */
#define CHAIN_SPAN 128 /* nft_chain.blob_gen_0 to nft_chain.name */

/* frame.scratch */
struct call_notes {
	__u64 skb;
	__u64 pkt; /* struct nft_pktinfo */
	__u64 state;
	__u64 rule;
	__u64 chain;
	__u64 info;
	__u64 basechain;
	__u64 target; /* chain of a jump or goto */
	__u64 current; /* chain that chain_object is */
	__u64 head; /* skb->head */
	__u64 shared; /* struct skb_shared_info */
	__u64 sessions; /* that matched and are within their rates */
	__u64 track_head; /* of a tracked packet, as in the record's head */
	__u64 track_time;
	__s32 code; /* of the verdict, as the kernel has it */
	__u32 trace_type;
	__u32 skb_length;
	__u32 skb_iif;
	__u16 protocol; /* skb->protocol, network byte order */
	__u16 network_offset;
	__u32 sections; /* 1 << enum event_section_type: those that the sessions want */
	__u32 probe; /* number of the further probe */
	__u64 drop_reason; /* of a further probe with such an argument */
	__u64 freed_time; /* identity of a freed packet; 0: it was not freed, or had none */
	__u64 freed_origin;
	/* frame.link of the packet as saved earlier, if its bytes must not be read. */
	__u32 past_link;
	__u32 reserved;
	__u8 skb_span[SKB_SPAN];
	__u8 chain_span[CHAIN_SPAN];
};

_Static_assert(
	sizeof(struct call_notes) <= sizeof(((struct frame *)0)->scratch), "notes fit the frame");
_Static_assert(__builtin_offsetof(struct call_notes, skb_span) % 8 == 0, "spans are aligned");

static __always_inline struct call_notes *frame_notes(struct frame *frame)
{
	return (struct call_notes *)frame->scratch;
}

/* At a return the return address is popped: the stack pointer is higher than at the entry. */
#if defined(__TARGET_ARCH_x86)
#define RETURN_STACK_SHIFT 8
#else
#define RETURN_STACK_SHIFT 0
#endif

/* The address of the function's stack frame, which is the same at its entry and its return. */
static __always_inline __u64 frame_at_entry(struct pt_regs *registers)
{
	return PT_REGS_SP(registers);
}

static __always_inline __u64 frame_at_return(struct pt_regs *registers)
{
	return PT_REGS_SP(registers) - RETURN_STACK_SHIFT;
}

/* Fills in a call from the function's first five arguments. */
static __always_inline bool call_read(struct call *call, const __u64 arguments[LAYOUT_VERDICT])
{
	const struct nft_traceinfo___6_3 *info;
	__u64 span[8];

	if (argument_layout == LAYOUT_VERDICT) {
		call->pkt = arguments[0];
		call->verdict = arguments[1];
		call->rule = arguments[2];
		call->chain = 0;
		call->info = arguments[3];
		call->basechain = 0;
		call->type = arguments[4];
		return true;
	}

	info = object_open(arguments[0], span, struct nft_traceinfo___6_3, pkt, verdict);
	if (!info)
		return false;
	call->pkt = (__u64)info->pkt;
	call->verdict = (__u64)info->verdict;
	call->rule = (__u64)info->rule;
	call->chain = arguments[1];
	call->info = arguments[0];
	call->basechain = (__u64)info->basechain;
	call->type = arguments[2];
	return true;
}

static __always_inline bool call_read_kprobe(struct call *call, struct pt_regs *registers)
{
	const __u64 arguments[] = {
		PT_REGS_PARM1(registers),
		PT_REGS_PARM2(registers),
		PT_REGS_PARM3(registers),
		PT_REGS_PARM4(registers),
		PT_REGS_PARM5(registers),
	};

	return call_read(call, arguments);
}

static __always_inline bool call_read_fentry(struct call *call, const __u64 *context)
{
	__u64 arguments[LAYOUT_VERDICT] = { context[0], context[1], context[2] };

	/* The verifier knows how many arguments the function has. */
	if (argument_layout == LAYOUT_VERDICT) {
		arguments[3] = context[3];
		arguments[4] = context[4];
	}
	return call_read(call, arguments);
}

/* struct nft_base_chain of the traversal; 0: can't be read. */
static __always_inline __u64 basechain_read(__u64 info)
{
	return word_read(info + bpf_core_field_offset(struct nft_traceinfo, basechain));
}

/* The verdict's code, and the target of a jump or goto. */
static __always_inline bool call_verdict(struct call *call, __s32 *ret_code, __u64 *ret_target)
{
	const struct nft_verdict *verdict;
	__u64 span[2];

	if (call->type == EVENT_TRACE_POLICY) {
		if (!call->basechain)
			call->basechain = basechain_read(call->info);
		if (!call->basechain)
			return false;
		*ret_code = byte_read(
			call->basechain + bpf_core_field_offset(struct nft_base_chain, policy));
		*ret_target = 0;
		return true;
	}

	verdict = object_open(call->verdict, span, struct nft_verdict, code, chain);
	if (!verdict)
		return false;
	*ret_code = verdict->code;
	*ret_target = (__u64)verdict->chain;
	return true;
}

/*
 * True if the code is one of nf_tables' own, -1 continue to -5 return. Any other is netfilter's,
 * and the sign of the number means nothing: the upper 16 bits are a queue's number or an error, and
 * those below them flags.
 */
static __always_inline bool verdict_internal(__s32 code)
{
	return code <= TABLES_CONTINUE && code >= TABLES_RETURN;
}

/* enum verdict of a code; VERDICT_COUNT and more: none. */
static __always_inline __u32 verdict_kind(__s32 code)
{
	/* nf_tables' own follow upon netfilter's. */
	return verdict_internal(code) ? (__u32)(VERDICT_CONTINUE + TABLES_CONTINUE - code)
				      : (__u32)code & NETFILTER_VERDICT_MASK;
}

static __always_inline bool verdict_jumps(__s32 code)
{
	return code == TABLES_JUMP || code == TABLES_GOTO;
}

/* `owner` is the frame's: programs that can interrupt each other have counters of their own. */
static __always_inline struct cpu_stats *cpu_stats(__u32 owner, __u32 *ret_cpu)
{
	__u32 cpu = bpf_get_smp_processor_id(), key = owner * possible_cpus + cpu;

	*ret_cpu = cpu;
	return bpf_map_lookup_elem(&stats, &key);
}

#endif
