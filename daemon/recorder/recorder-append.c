/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data thread's: records that do not come from the rings. */
#include "daemon/recorder/recorder-private.h"

#include <errno.h>

struct names_record {
	unsigned int bit;
	uint64_t generation;
	enum journal_type type;
	const char *json;
	int result;
};

static void run_append_names(struct data *data, void *argument)
{
	struct names_record *record = argument;
	struct data_slot *slot = &data->slots[record->bit];

	record->result = -ESTALE;
	if (record->generation && data_generation(data, record->bit) == record->generation)
		record->result =
			journal_writer_append_json(slot->writer, record->type, record->json);
}

int data_append_names(struct data *data, unsigned int bit, uint64_t generation,
	enum journal_type type, const char *json)
{
	struct names_record record = {
		.bit = bit,
		.generation = generation,
		.type = type,
		.json = json,
	};

	data_call(data, run_append_names, &record);
	return record.result;
}

struct settings_record {
	unsigned int bit;
	const char *json;
	int result;
};

static void run_append_settings(struct data *data, void *argument)
{
	struct settings_record *record = argument;
	struct data_slot *slot = &data->slots[record->bit];

	data_drain(data);
	record->result = journal_writer_append_json(slot->writer, JOURNAL_SETTINGS, record->json);
}

int data_append_settings(struct data *data, unsigned int bit, const char *json)
{
	struct settings_record record = { .bit = bit, .json = json };

	data_call(data, run_append_settings, &record);
	return record.result;
}

struct loss_record {
	unsigned int bit;
	const struct journal_loss *loss;
};

static void run_append_loss(struct data *data, void *argument)
{
	struct loss_record *record = argument;

	data_slot_loss(&data->slots[record->bit], record->loss);
	/* Whoever follows a session that has just gone on is told at once. */
	if (data_slot_tell(&data->slots[record->bit]))
		data_want_attention(data);
}

void data_append_loss(struct data *data, unsigned int bit, const struct journal_loss *loss)
{
	struct loss_record record = { .bit = bit, .loss = loss };

	data_call(data, run_append_loss, &record);
}
