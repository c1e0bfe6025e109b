/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retis's own events as our records: the JSON of an event is put into the sections that our kernel
 * side would have written. Stateless.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SAMPLE_FULL_H
#define NFTTRACED_TESTS_UNIT_KIT_SAMPLE_FULL_H

#include "journal/format/dictionary.h"
#include "journal/reader/name-table.h"
#include "tests/unit/kit/synthetic.h"

struct sample_full {
	const char *json; /* its line */
	const char *text; /* its lines, the last newline included */
};

size_t sample_full_count(void);
const struct sample_full *sample_full_get(size_t number);

/* The record of its JSON. A probe other than __nft_trace_packet gets the number that the settings
 * say. */
void sample_full_record(const struct sample_full *sample, struct synthetic *ret);

/* Settings that name the probes of the samples and ask for all sections; valid for ever. */
const struct dictionary_settings *sample_full_settings(void);

/* A new name table with the names of the samples' drop reasons; name_table_free it. */
struct name_table *sample_full_library(void);

/* The names as a JOURNAL_REASONS; g_free it. */
char *sample_full_reasons(void);

#endif
