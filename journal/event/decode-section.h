/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoders of a record's sections, which decode.c walks. Each takes a section's bytes, its
 * header included, that are known to be there, and fills in its part of an event, which does not
 * have that part yet: 0, or -EBADMSG if a length in it does not fit.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_DECODE_SECTION_H
#define NFTTRACED_JOURNAL_EVENT_DECODE_SECTION_H

#include "journal/event/decode.h"

struct section {
	const char *bytes;
	size_t size;
	bool swapped; /* it has the other byte order */
};

int nft_decode(const struct section *section, struct event *event);
int device_decode(const struct section *section, struct event *event);
int packet_decode(const struct section *section, struct event *event);
int skb_decode(const struct section *section, struct event *event);
int ct_decode(const struct section *section, struct event *event);
int drop_decode(const struct section *section, struct event *event);
int stack_decode(const struct section *section, struct event *event);

#endif
