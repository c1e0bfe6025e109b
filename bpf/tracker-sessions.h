/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sessions of a tracked packet: those that one of its events matched, without those whose bit
 * or filter is newer than its entry. Not part of tracker.h, because sessions_outdated() is a
 * function of its own in the object, which one object alone may have.
 */
#ifndef NFTTRACED_BPF_TRACKER_SESSIONS_H
#define NFTTRACED_BPF_TRACKER_SESSIONS_H

#include "bpf/tracker.h"

/*
 * Those of `sessions` that got their bit or their filter after `epoch`. Not static, so that the
 * verifier checks it only once.
 */
__noinline __u64 sessions_outdated(__u64 sessions, __u32 epoch)
{
	__u64 outdated = 0;

	for (int i = 0; i < EVENT_SESSIONS_MAX && sessions; i++) {
		__u32 bit = bit_lowest(sessions);

		sessions &= sessions - 1;
		if (config.since[bit] > epoch)
			outdated |= 1ull << bit;
	}
	return outdated;
}

/* The sessions of a tracked packet; the outdated ones are removed from its entry. */
static __always_inline __u64 slot_sessions(struct tracker_slot *slot)
{
	__u64 sessions = slot->sessions, outdated;
	__u32 epoch = config.epoch;

	if (!sessions || slot->epoch == epoch)
		return sessions;
	outdated = sessions_outdated(sessions, slot->epoch);
	if (outdated)
		__sync_fetch_and_and(&slot->sessions, ~outdated);
	slot->epoch = epoch;
	return sessions & ~outdated;
}

#endif
