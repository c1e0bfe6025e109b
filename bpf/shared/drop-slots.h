/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop counters, in memory that the kernel side and the daemon share: an open-addressed table
 * in two mmap-able arrays, which are read without a system call. A slot is claimed by a
 * compare-and-swap of its state, and then belongs to its key until the daemon removes it. Two CPUs
 * that see a key for the first time at the same moment may claim a slot each: readers add them up.
 */
#ifndef NFTTRACED_BPF_SHARED_DROP_SLOTS_H
#define NFTTRACED_BPF_SHARED_DROP_SLOTS_H

#include "bpf/shared/event.h"

/* The number of slots, from its home on, that a key may be in. */
#define DROP_PROBES 128

/* Bytes of an example packet that are kept. */
#define DROP_PACKET_MAX 96

/* ns between two examples of a counter. */
#ifndef DROP_EXAMPLE_INTERVAL
#define DROP_EXAMPLE_INTERVAL 100000000ull
#endif

/* ns between two requests for room while the table is full. */
#define DROP_NEED_INTERVAL 1000000000ull

enum drop_state {
	DROP_FREE = 0, /* never used: ends the search for a key */
	DROP_FILLING, /* a CPU writes the key */
	DROP_COUNTING,
	DROP_LEAVING, /* the daemon removes it; CPUs that found it before may still count */
	DROP_GONE, /* removed: may be used again */
};

/* Shares of the table by network namespace, so that no user's rules fill all of it. */
enum drop_share {
	DROP_SHARE_HOST, /* the daemon's own */
	DROP_SHARE_ROOT, /* others that the initial user namespace owns: root's */
	DROP_SHARE_USERS, /* those of other user namespaces, which any user may create */
	DROP_SHARES,
};

/*
 * Each N-th slot is reserved for the host, so that no choice of handles can take all slots of a key
 * of the host. A power of two.
 */
#define DROP_HOST_EVERY 4

/* The rule or policy that dropped. All members are compared. */
struct drop_key {
	__u64 netns; /* cookie */
	__u64 table; /* handles */
	__u64 chain;
	__u64 rule; /* 0: the chain's policy */
	__u64 family; /* NFPROTO_* of the table */
};

/* The amounts that the daemon has reported to the system journal, kept for the next daemon. */
struct drop_mark {
	__u64 first, second; /* amounts, since the counter began */
	__u64 until; /* us, CLOCK_MONOTONIC; 0: nothing was reported */
};

struct drop_slot {
	struct drop_key key;
	__u32 state; /* enum drop_state */
	__u32 named; /* enum drop_share + 1: drop_words and netns_inode are valid; 0: not valid */
	__u64 packets;
	__u64 bytes; /* skb->len */
	/* ns, CLOCK_MONOTONIC */
	__u64 first;
	__u64 last;
	__u64 example; /* when the example was taken */
	__u32 example_sequence; /* odd: a CPU writes the example */
	__u32 netns_inode;
	struct drop_mark reported; /* packets and bytes of this counter */
	__u64 chain_name; /* address of the name in drop_words; changes when the chain is renamed */
} __attribute__((aligned(64)));

/* A dropped packet, from its network header on. */
struct drop_example {
	__u32 length; /* bytes on the wire, from the network header on */
	__u16 captured; /* in packet[] */
	__u16 protocol; /* skb->protocol in host order: the ethertype of the network header */
	char device[EVENT_DEVICE_MAX + 1]; /* input device, else output device; "": none */
	__u8 packet[DROP_PACKET_MAX];
};

/*
 * The members of a slot that are rarely read, at the same index. When the slot has its names, the
 * turn of the example also covers the chain's name.
 */
struct drop_words {
	char table[EVENT_NAME_MAX + 1]; /* terminated */
	char chain[EVENT_NAME_MAX + 1]; /* when it dropped last */
	struct drop_example example;
};

/* Counts of the daemon beside the table, kept for the next daemon. */
struct drop_past {
	__u64 packets, bytes; /* of counters that were removed */
	/* Of tables before this one. */
	__u64 uncounted, uncounted_bytes, missed;
};

/* The number of slots with a key, including DROP_LEAVING, and the limit, which the daemon sets. */
struct drop_room {
	__u32 used;
	__u32 max;
};

/* A global variable of the BPF object. */
struct drop_control {
	__u32 used, max; /* all slots, as in drop_room */
	struct drop_room shares[DROP_SHARES]; /* by enum drop_share */
	__u64 host; /* cookie of the host's network namespace; 0: unknown. Set by the daemon */
	__u64 need; /* ns: time of the last request for room */
	__u64 kept; /* not 0: a daemon has written the following members */
	struct drop_past past;
	struct drop_mark reported; /* uncounted and missed; its time is that of the last summary */
};

_Static_assert(sizeof(struct drop_slot) == 128, "two cache lines");
_Static_assert(sizeof(struct drop_words) % 8 == 0, "an array's values are multiples of 8 bytes");

#endif
