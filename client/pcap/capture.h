/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals as a packet capture: each device of each network namespace is an interface, each event with
 * a packet is a packet with a comment that says what nf_tables did. Owned by the command that writes it,
 * who also owns the output.
 */
#ifndef NFTTRACED_CLIENT_PCAP_CAPTURE_H
#define NFTTRACED_CLIENT_PCAP_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/read/journal-set.h"
#include "journal/base/output.h"
#include "journal/reader/name-table.h"

/* Interfaces that are told apart; packets of further ones are put to one for each link type. */
#define CAPTURE_INTERFACES_MAX 4096

struct capture;

/* Begins a capture of records of `journals`, which outlives it. */
struct capture *capture_new(struct journal_set *journals, struct output *output);

/* Waits for a rule's text that may still come; NULL if it does not. */
typedef const struct rule_name *(*capture_await)(void *context, const struct event *event);

/* Of a journal that is still being written: who waits for the text of a rule. */
void capture_use_await(struct capture *capture, capture_await await, void *context);

/* Takes a record in: writes its packet, if it has one. */
void capture_take(struct capture *capture, const struct journal_set_record *record);

/* Writes the statistics of the interfaces: nothing follows. */
void capture_end(struct capture *capture);

/* Events that are in the capture, and those that have no packet: what it is about was not looked at. */
uint64_t capture_packets(const struct capture *capture);
uint64_t capture_passed_over(const struct capture *capture);

/* True if a journal said that events are missing, or is damaged; and if its final totals were read. */
bool capture_incomplete(const struct capture *capture);
bool capture_ended(const struct capture *capture);

/* Accepts NULL; returns NULL. */
struct capture *capture_free(struct capture *capture);

static inline void capture_freep(struct capture **capture)
{
	*capture = capture_free(*capture);
}

#define auto_capture __attribute__((cleanup(capture_freep))) struct capture

#endif
