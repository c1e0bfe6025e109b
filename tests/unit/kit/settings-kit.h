/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by tests of settings in a journal. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SETTINGS_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_SETTINGS_KIT_H

#include "journal/format/dictionary.h"

/* The further probe with that number; NULL if the settings have none. */
static inline const struct dictionary_probe *settings_probe(
	const struct dictionary_settings *dictionary, uint8_t number)
{
	for (size_t i = 0; i < dictionary->probe_count; i++) {
		if (dictionary->probes[i].number == number)
			return &dictionary->probes[i];
	}
	return NULL;
}

#endif
