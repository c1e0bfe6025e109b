/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng), in the byte order of this machine,
 * appended to an output. Knows nothing of journals. Owned by the writer of the file, which owns the
 * output, too; strings are UTF-8, and left out if they are NULL or "".
 */
#ifndef NFTTRACED_CLIENT_PCAP_PCAPNG_H
#define NFTTRACED_CLIENT_PCAP_PCAPNG_H

#include <stdint.h>

#include "journal/base/output.h"

/* Link types, as tcpdump.org has them: LINKTYPE_ETHERNET, LINKTYPE_RAW. */
#define PCAPNG_ETHERNET 1
#define PCAPNG_RAW      101

/* Bytes of an option's value at most. */
#define PCAPNG_OPTION_MAX UINT16_MAX

struct pcapng {
	struct output *output;
	struct output block; /* the current one, without its type and lengths */
};

void pcapng_open(struct pcapng *pcapng, struct output *output);

/* Section header: the first block. */
void pcapng_section(
	struct pcapng *pcapng, const char *hardware, const char *os, const char *application);

struct pcapng_interface {
	uint16_t link_type;
	uint32_t snapshot; /* bytes of a packet that are stored, at most */
	const char *name, *description, *filter;
};

/* Interface description. Interfaces are numbered from 0 in the order of these calls. Times have
 * nanoseconds. */
void pcapng_interface(struct pcapng *pcapng, const struct pcapng_interface *interface);

struct pcapng_packet {
	uint32_t interface;
	uint64_t time; /* ns since 1970 */
	const uint8_t *bytes;
	uint32_t captured, length; /* bytes in `bytes`, and bytes on the wire */
	uint64_t id; /* equal for records of one packet; 0: unknown */
	const char *comment;
};

/* Enhanced packet. */
void pcapng_packet(struct pcapng *pcapng, const struct pcapng_packet *packet);

struct pcapng_statistics {
	uint32_t interface;
	uint64_t time; /* of the statistics, ns since 1970 */
	uint64_t first, last; /* of the packets, ns since 1970 */
	uint64_t delivered; /* packets in this file */
	uint64_t dropped; /* by the system; UINT64_MAX: unknown */
	const char *comment;
};

/* Interface statistics. */
void pcapng_statistics(struct pcapng *pcapng, const struct pcapng_statistics *statistics);

/* Accepts a zeroed struct. */
void pcapng_close(struct pcapng *pcapng);

#endif
