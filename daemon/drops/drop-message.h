/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message about dropped packets: a sentence, and the fields for the system journal. Names are
 * escaped as the counters have them (drops.h). systemd/nfttraced.catalog explains the message ids.
 * A message owns its text and fields; the caller frees it. Any thread.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROP_MESSAGE_H
#define NFTTRACED_DAEMON_DROPS_DROP_MESSAGE_H

#include <glib.h>
#include <sys/uio.h>

#include "daemon/drops/drops.h"

/* The same in systemd/nfttraced.catalog. */
#define DROP_MESSAGE_RULE "099ad461032a4381a663c71ca7b22f21"
#define DROP_MESSAGE_REST "b5594edfee964be9a6055df9d230ce8f"

/* Bytes of a rule's text that the sentence quotes; the field has all of it. */
#define DROP_MESSAGE_RULE_MAX 256

struct drop_message {
	char *text;
	GArray *fields; /* of struct iovec, "NAME=value"; MESSAGE is the text */
};

/* The drops of one rule, or of one chain's policy, in an interval. */
struct drop_delta {
	const struct drop_counter *counter;
	uint64_t packets, bytes; /* in the interval */
	uint64_t usec; /* the interval's length */
	uint32_t home; /* inode of the network namespace that is not mentioned */
};

/* The rest of an interval, beyond the rules that have a message of their own. */
struct drop_rest {
	uint64_t rules, packets, bytes;
	uint64_t uncounted; /* packets not counted by rule */
	uint64_t missed; /* calls that the kernel skipped */
	uint64_t usec; /* the longest interval of them */
};

struct drop_message *drop_message_rule(const struct drop_delta *delta);
struct drop_message *drop_message_rest(const struct drop_rest *rest);

/* Accepts NULL; returns NULL. */
struct drop_message *drop_message_free(struct drop_message *message);

#endif
