/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journals as a packet capture: each device of each network namespace is an interface, each event
 * with a packet is a packet with a comment about the verdict. Owned by the command that writes it,
 * which owns the output, too; one thread. Failures to write are those of the output.
 */
#ifndef NFTTRACED_CLIENT_PCAP_CAPTURE_H
#define NFTTRACED_CLIENT_PCAP_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/read/journal-set.h"
#include "journal/base/cleanup.h"
#include "journal/base/output.h"
#include "journal/reader/name-table.h"

/* Interfaces at most; packets of further devices share one for each link type. */
#define CAPTURE_INTERFACES_MAX 4096

struct capture;

/* Begins a capture of records of `journals`, which outlives it. */
struct capture *capture_new(struct journal_set *journals, struct output *output);

/* Waits for a rule's text that may still come; NULL if it does not. */
typedef const struct rule_name *(*capture_await)(void *context, const struct event *event);

/* For a journal that is still being written: waits for texts of rules with `await`. */
void capture_use_await(struct capture *capture, capture_await await, void *context);

/* Takes a record, and writes its packet, if it has one. */
void capture_take(struct capture *capture, const struct journal_set_record *record);

/* Writes the statistics of the interfaces; no record may follow. */
void capture_end(struct capture *capture);

/* The number of events that were left out because they have no packet. */
uint64_t capture_skipped_count(const struct capture *capture);

/* True if a journal reported lost events, or is damaged. */
bool capture_incomplete(const struct capture *capture);

/* Accepts NULL; returns NULL. */
struct capture *capture_free(struct capture *capture);

DEFINE_FREEP(capture)

#define auto_capture __attribute__((cleanup(capture_freep))) struct capture

#endif
