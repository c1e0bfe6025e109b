/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet in a few words, for a log line: who, to whom, what, where. The bytes are hostile and may end
 * anywhere: what is there is told, and "cut short" says that it ended. Owns nothing.
 */
#ifndef NFTTRACED_DAEMON_DROPS_PACKET_BRIEF_H
#define NFTTRACED_DAEMON_DROPS_PACKET_BRIEF_H

#include "bpf/shared/drop-slots.h"
#include "journal/base/output.h"

/* As in "172.16.42.1.39677 > 172.16.42.2.8080 udp on eth0", one line, the device's name escaped. */
void packet_brief(struct output *output, const struct drop_example *example);

#endif
