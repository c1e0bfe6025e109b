/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records that do not come from the rings: commands of the recorder thread. */
#include "daemon/recorder/recorder-private.h"

#include <errno.h>

struct names_record {
	unsigned int bit;
	uint64_t generation;
	enum journal_type type;
	const char *json;
	int result;
};

static void run_append_names(struct recorder *recorder, void *argument)
{
	struct names_record *record = argument;
	struct session_recorder *slot = &recorder->slots[record->bit];

	record->result = -ESTALE;
	if (record->generation && recorder_generation(recorder, record->bit) == record->generation)
		record->result =
			journal_writer_append_json(slot->writer, record->type, record->json);
}

int recorder_append_names(struct recorder *recorder, unsigned int bit, uint64_t generation,
	enum journal_type type, const char *json)
{
	struct names_record record = {
		.bit = bit,
		.generation = generation,
		.type = type,
		.json = json,
	};

	recorder_call(recorder, run_append_names, &record);
	return record.result;
}

struct settings_record {
	unsigned int bit;
	const char *json;
	int result;
};

static void run_append_settings(struct recorder *recorder, void *argument)
{
	struct settings_record *record = argument;
	struct session_recorder *slot = &recorder->slots[record->bit];

	recorder_drain(recorder);
	record->result = journal_writer_append_json(slot->writer, JOURNAL_SETTINGS, record->json);
}

int recorder_append_settings(struct recorder *recorder, unsigned int bit, const char *json)
{
	struct settings_record record = { .bit = bit, .json = json };

	recorder_call(recorder, run_append_settings, &record);
	return record.result;
}

struct loss_record {
	unsigned int bit;
	const struct journal_loss *loss;
};

static void run_append_loss(struct recorder *recorder, void *argument)
{
	struct loss_record *record = argument;

	session_recorder_add_loss(&recorder->slots[record->bit], record->loss);
	/* At once, for readers that follow a session that was just resumed. */
	if (session_recorder_write_losses(&recorder->slots[record->bit]))
		recorder_want_attention(recorder);
}

void recorder_append_loss(
	struct recorder *recorder, unsigned int bit, const struct journal_loss *loss)
{
	struct loss_record record = { .bit = bit, .loss = loss };

	recorder_call(recorder, run_append_loss, &record);
}
