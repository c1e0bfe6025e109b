/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet in a few words, for a log line: source, destination, protocol, device. The bytes are
 * hostile and may end anywhere: "cut short" says that they did. Owns nothing; any thread.
 */
#ifndef NFTTRACED_DAEMON_DROPS_PACKET_BRIEF_H
#define NFTTRACED_DAEMON_DROPS_PACKET_BRIEF_H

#include "bpf/shared/drop-slots.h"
#include "journal/base/output.h"

/* As in "172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0", one line, the device's name escaped. */
void packet_brief(struct output *output, const struct drop_example *example);

#endif
