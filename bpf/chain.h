/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the chain of a rule, where the kernel does not pass it (LAYOUT_VERDICT). A chain can have
 * any number of rules, so guesses come first. A guess is right only if the rule lies in one of the
 * chain's current blobs and the end of that blob names the chain, because the memory of chains and
 * blobs is freed and reused. If no guess is right, the rules are walked to the end of the blob,
 * which names the chain.
 */
#ifndef NFTTRACED_BPF_CHAIN_H
#define NFTTRACED_BPF_CHAIN_H

#include "bpf/call.h"

#define CHAIN_WALK_MAX     (1 << 17) /* rules */
#define CHAIN_CACHE_SPREAD 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio */

/* The chain of a rule, by the rule's address; may be outdated, so it is only a guess. */
extern __u64 chain_cache[CHAIN_CACHE_SIZE];

static __always_inline __u64 *chain_cache_slot(__u64 rule)
{
	return &chain_cache[(rule * CHAIN_CACHE_SPREAD) >> (64 - CHAIN_CACHE_BITS)];
}

/* The chain that chain_choose chose last. */
static __always_inline const struct nft_chain *chain_object(struct call_notes *notes)
{
	if (direct_loads)
		return direct(notes->current);
	return span_object(notes->chain_span, struct nft_chain, blob_gen_0);
}

static __always_inline bool chain_choose(struct call_notes *notes, __u64 chain)
{
	notes->current = chain;
	if (!chain || direct_loads)
		return chain;
	return span_read(notes->chain_span, chain, struct nft_chain, blob_gen_0, name);
}

/* The chain that a blob's end names; 0: not a blob's end. */
static __always_inline __u64 blob_end_chain(__u64 address)
{
	const struct nft_rule_dp_last *last;
	__u64 span[3]; /* small: a walk has the deepest stack of all */

	/* The verifier checks a global function even if no program calls it. */
	if (argument_layout == LAYOUT_INFO)
		return 0;
	last = object_open(address, span, struct nft_rule_dp_last, end, chain);
	if (!last || !BPF_CORE_READ_BITFIELD(&last->end, is_last))
		return 0;
	return (__u64)last->chain;
}

/* True if `rule` is in `chain`; then chain_object returns the chain. */
static __always_inline bool chain_has_rule(struct call_notes *notes, __u64 chain, __u64 rule)
{
	const struct nft_chain *object;
	__u64 first, second, blob, rules, size;

	if (!chain_choose(notes, chain))
		return false;
	object = chain_object(notes);
	first = (__u64)object->blob_gen_0;
	second = (__u64)object->blob_gen_1;
	/* Blobs don't overlap: only the nearest one below the rule can contain it. */
	blob = first > rule || (second <= rule && second > first) ? second : first;
	if (!blob || blob >= rule)
		return false;

	size = word_read(blob + bpf_core_field_offset(struct nft_rule_blob, size));
	rules = blob + bpf_core_field_offset(struct nft_rule_blob, data);
	if (rule < rules || rule >= rules + size)
		return false;
	return blob_end_chain(rules + size) == chain;
}

/* A rule's header; NULL: it can't be read. */
static __always_inline const struct nft_rule_dp *rule_open(__u64 span[1], __u64 address)
{
	const struct nft_rule_dp *rule = (const struct nft_rule_dp *)span;

	if (direct_loads)
		return direct(address);
	/*
	 * clang refuses to relocate a bit field of an object that it knows to be aligned to 16
	 * bytes.
	 */
	opaque(rule);
	if (bpf_probe_read_kernel(
		    span, bpf_core_field_offset(struct nft_rule_dp, data), (void *)address))
		return NULL;
	return rule;
}

struct chain_walk {
	__u64 rule;
	__u64 chain;
};

/* Handles one rule; called by bpf_loop. Nonzero: the end. */
static long chain_walk_step(__u32 step, struct chain_walk *walk)
{
	__u64 span[1];
	const struct nft_rule_dp *rule = rule_open(span, walk->rule);

	if (!rule)
		return 1;
	if (BPF_CORE_READ_BITFIELD(rule, is_last)) {
		walk->chain = blob_end_chain(walk->rule);
		return 1;
	}
	walk->rule += bpf_core_field_offset(struct nft_rule_dp, data) +
		BPF_CORE_READ_BITFIELD(rule, dlen);
	return 0;
}

/*
 * Walks from a rule to its blob's end, which names the chain; 0: not found. Not static, so that the
 * verifier checks it only once.
 */
__noinline __u64 chain_walk(__u64 rule)
{
	struct chain_walk walk = { .rule = rule };

	bpf_loop(CHAIN_WALK_MAX, chain_walk_step, &walk, 0);
	return walk.chain;
}

static __always_inline __u64 chain_of_base(__u64 basechain)
{
	return basechain ? basechain + bpf_core_field_offset(struct nft_base_chain, chain) : 0;
}

/* The base chain of a call; 0: can't be read. */
static __always_inline __u64 base_of_call(const struct call_notes *notes)
{
	return chain_of_base(notes->basechain ? notes->basechain : basechain_read(notes->info));
}

/* Finds the chain of a rule that is not its blob's end, and chooses it; 0: not found. */
static __always_inline __u64 chain_find(
	struct call_notes *notes, struct cpu_stats *stats, __u64 rule)
{
	__u64 *cached = chain_cache_slot(rule), chain = *cached;

	if (chain_has_rule(notes, chain, rule))
		return chain;

	chain = base_of_call(notes);
	if (chain_has_rule(notes, chain, rule))
		goto found;
	chain = verdict_jumps(notes->code) ? stats->guess.before : stats->guess.jumped;
	if (chain_has_rule(notes, chain, rule))
		goto found;
	chain = stats->guess.found;
	if (chain_has_rule(notes, chain, rule))
		goto found;

	stats->counts[COUNT_CHAIN_WALKED]++;
	chain = chain_walk(rule);
	if (!chain_choose(notes, chain))
		return 0;
found:
	*cached = chain;
	stats->guess.found = chain;
	return chain;
}

/*
 * Chooses the chain of the call; `last`: the rule is its blob's end. 0: not found. Not static, so
 * that the verifier checks it only once.
 */
__noinline __u32 chain_of_call(struct frame *frame, struct cpu_stats *stats, __u32 last)
{
	struct call_notes *notes;
	__u64 rule;

	if (!frame || !stats)
		return 0;
	notes = frame_notes(frame);
	rule = notes->rule;
	if (argument_layout == LAYOUT_INFO)
		return chain_choose(notes, notes->chain);
	if (!rule)
		return chain_choose(notes, base_of_call(notes));
	if (last)
		return chain_choose(notes, blob_end_chain(rule));
	return chain_find(notes, stats, rule) != 0;
}

#endif
