/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drop counters as the kernel side and the daemon share them in memory: an open-addressed table in
 * two mmap-able arrays, so that nobody needs a system call to read it. A slot is claimed by a
 * compare-and-swap of its state; from then on it is the key's until the daemon takes it out. Two CPUs
 * that see a key for the first time at the same moment may take a slot each: who reads adds them up.
 */
#ifndef NFTTRACED_BPF_SHARED_DROP_SLOTS_H
#define NFTTRACED_BPF_SHARED_DROP_SLOTS_H

#include "bpf/shared/event.h"

/* Slots that a key may be in, from its home on. */
#define DROP_PROBES 128

/* Bytes of an example packet that are kept. */
#define DROP_PACKET_MAX 96

/* ns between two examples of a counter. */
#ifndef DROP_EXAMPLE_INTERVAL
#define DROP_EXAMPLE_INTERVAL 100000000ull
#endif

/* ns between two calls for room while the table is full. */
#define DROP_NEED_INTERVAL 1000000000ull

enum drop_state {
	DROP_FREE = 0, /* never used: no key that is looked for is behind it */
	DROP_FILLING, /* some CPU writes the key */
	DROP_COUNTING,
	DROP_LEAVING, /* the daemon takes it out: who found it before may still count */
	DROP_GONE, /* taken out: may be used again */
};

/* Whose a counter is, by its network namespace: so that nobody's rules take all of the table. */
enum drop_share {
	DROP_SHARE_HOST, /* the daemon's own */
	DROP_SHARE_ROOT, /* others that no user namespace owns but the first one: root's */
	DROP_SHARE_USERS, /* those of other user namespaces, which any user may make */
	DROP_SHARES,
};

/* Of so many slots that follow each other the last one is for the host only: nobody can choose handles such
 * that all slots of a key of the host's are taken. A power of two. */
#define DROP_HOST_EVERY 4

/* Who dropped. All of it is compared. */
struct drop_key {
	__u64 netns; /* cookie */
	__u64 table; /* handles */
	__u64 chain;
	__u64 rule; /* 0: the chain's policy */
	__u64 family; /* NFPROTO_* of the table */
};

/* What the daemon has reported in the system journal: here, so that the next one knows. */
struct drop_mark {
	__u64 first, second; /* amounts, since the counter began */
	__u64 until; /* us, CLOCK_MONOTONIC; 0: nothing is reported */
};

struct drop_slot {
	struct drop_key key;
	__u32 state; /* enum drop_state */
	__u32 named; /* what is in drop_words, and netns_inode, is valid: enum drop_share + 1; 0: it is not */
	__u64 packets;
	__u64 bytes; /* skb->len */
	/* ns, CLOCK_MONOTONIC */
	__u64 first;
	__u64 last;
	__u64 example; /* when the example was taken */
	__u32 example_turn; /* odd: a CPU writes the example */
	__u32 netns_inode;
	struct drop_mark reported; /* of the counter that the slot is of: packets and bytes */
	__u64 chain_name; /* address of the name in drop_words: a chain that is renamed gets another */
} __attribute__((aligned(64)));

/* A packet that was dropped: from its network header on. */
struct drop_example {
	__u32 length; /* bytes on the wire, from the network header on */
	__u16 captured; /* in packet[] */
	__u16 protocol; /* skb->protocol in host order: the ethertype of the network header */
	char device[EVENT_DEVICE_MAX + 1]; /* that it came in by, or was to leave by; "": none */
	__u8 packet[DROP_PACKET_MAX];
};

/* The rest of a slot, with its index: what is seldom looked at. The turn of the example is that of the
 * chain's name, too, when the slot has its names. */
struct drop_words {
	char table[EVENT_NAME_MAX + 1]; /* terminated */
	char chain[EVENT_NAME_MAX + 1]; /* when it dropped last */
	struct drop_example example;
};

/* What the daemon has counted beside the table: here, so that the next one knows. */
struct drop_past {
	__u64 packets, bytes; /* of counters that are in no slot any more */
	/* Of tables before this one. */
	__u64 uncounted, uncounted_bytes, missed;
};

/* Slots that have a key, those that leave included, and how many may have one, which the daemon says. */
struct drop_room {
	__u32 used;
	__u32 max;
};

/* A global variable of the BPF object. */
struct drop_control {
	__u32 used, max; /* all slots, as in drop_room */
	struct drop_room shares[DROP_SHARES]; /* by enum drop_share */
	__u64 host; /* cookie of the host's network namespace; 0: not known. The daemon's */
	__u64 need; /* ns: when the daemon was told last that there is need of room */
	__u64 kept; /* a daemon has written what follows */
	struct drop_past past;
	struct drop_mark reported; /* uncounted and missed; its time is that of the last summary */
};

_Static_assert(sizeof(struct drop_slot) == 128, "two cache lines");
_Static_assert(sizeof(struct drop_words) % 8 == 0, "an array's values are multiples of 8 bytes");

#endif
