/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal's JSON dictionaries from and to typed structs, see dictionary.h. Stateless. */
#include "journal/format/dictionary.h"

#include <errno.h>

#include "journal/base/clock.h"
#include "journal/format/dictionary-parse.h"

static const char *const loss_names[LOSS_REASONS] = {
	[LOSS_RING_FULL] = "ring-full",
	[LOSS_DISK_FULL] = "disk-full",
	[LOSS_DISK_ERROR] = "disk-error",
	[LOSS_RETENTION] = "retention",
	[LOSS_SLOW_READER] = "slow-reader",
	[LOSS_DAMAGED] = "damaged",
	[LOSS_NO_MODULE] = "no-module",
	[LOSS_SILENCED] = "silenced",
	[LOSS_RESTART] = "restart",
};

const char *loss_reason_name(uint32_t reason)
{
	return reason < LOSS_REASONS ? loss_names[reason] : "unknown";
}

const char *clock_cause_name(uint32_t cause)
{
	static const char *const names[CLOCK_CAUSES] = {
		[CLOCK_SET] = "set",
		[CLOCK_RESUMED] = "resumed",
		[CLOCK_SLEWED] = "slewed",
	};

	return cause < CLOCK_CAUSES ? names[cause] : "unknown";
}

static const struct dictionary_field start_fields[] = {
	DICTIONARY_FIELD("version", struct dictionary_start, version),
	DICTIONARY_FIELD("host", struct dictionary_start, host),
	DICTIONARY_FIELD("boot_id", struct dictionary_start, boot_id),
	DICTIONARY_FIELD("kernel", struct dictionary_start, kernel),
	DICTIONARY_FIELD("build", struct dictionary_start, build),
	DICTIONARY_FIELD("machine", struct dictionary_start, machine),
	DICTIONARY_FIELD("session", struct dictionary_start, session),
	DICTIONARY_FIELD("name", struct dictionary_start, name),
	DICTIONARY_FIELD("command", struct dictionary_start, command),
	{ 0 },
};

char *dictionary_start_new(const struct dictionary_start *start)
{
	auto_json *object = json_object_new_object();
	struct json_object *offset = json_object_new_object();

	dictionary_add_fields(object, start_fields, start);
	json_object_object_add(offset, "sec", json_object_new_int64(start->offset_sec));
	dictionary_add_number(offset, "nsec", start->offset_nsec);
	json_object_object_add(object, "clock_offset", offset);
	return dictionary_text(object);
}

int dictionary_start_parse(const void *json, size_t size, struct dictionary_start *ret)
{
	auto_json *object = dictionary_parse(json, size);
	struct json_object *offset, *sec;
	uint64_t nsec = 0;

	if (!object)
		return -EBADMSG;
	offset = dictionary_member(object, "clock_offset", json_type_object);
	sec = offset ? dictionary_member(offset, "sec", json_type_int) : NULL;
	if (sec)
		nsec = dictionary_get_number(offset, "nsec");
	*ret = (struct dictionary_start){
		.offset_sec = sec ? json_object_get_int64(sec) : 0,
		.offset_nsec = nsec < NSEC_PER_SEC ? (uint32_t)nsec : 0,
	};
	dictionary_get_fields(object, start_fields, ret);
	return 0;
}

void dictionary_start_clear(struct dictionary_start *start)
{
	dictionary_free_fields(start_fields, start);
	*start = (struct dictionary_start){ 0 };
}

static const struct dictionary_field totals_fields[] = {
	DICTIONARY_FIELD("matched", struct dictionary_totals, matched),
	DICTIONARY_FIELD("journaled", struct dictionary_totals, journaled),
	DICTIONARY_FIELD("lost", struct dictionary_totals, lost),
	DICTIONARY_FIELD("suppressed", struct dictionary_totals, suppressed),
	DICTIONARY_FIELD("pending", struct dictionary_totals, pending),
	{ 0 },
};

char *dictionary_totals_new(const struct dictionary_totals *totals)
{
	auto_json *object = json_object_new_object();
	struct json_object *lost_by = json_object_new_object();

	dictionary_add_fields(object, totals_fields, totals);
	for (uint32_t reason = 0; reason < LOSS_REASONS; reason++)
		if (totals->lost_by[reason] > 0)
			dictionary_add_number(
				lost_by, loss_reason_name(reason), totals->lost_by[reason]);
	json_object_object_add(object, "lost_by", lost_by);
	if (totals->end != SESSION_END_UNKNOWN)
		dictionary_add_text(object, "reason", session_end_name(totals->end));
	return dictionary_text(object);
}

int dictionary_totals_parse(const void *json, size_t size, struct dictionary_totals *ret)
{
	auto_json *object = dictionary_parse(json, size);
	struct json_object *lost_by, *end;

	if (!object)
		return -EBADMSG;
	*ret = (struct dictionary_totals){ 0 };
	dictionary_get_fields(object, totals_fields, ret);
	end = dictionary_member(object, "reason", json_type_string);
	if (end)
		ret->end = session_end_of_name(json_object_get_string(end));
	lost_by = dictionary_member(object, "lost_by", json_type_object);
	for (uint32_t reason = 0; lost_by && reason < LOSS_REASONS; reason++)
		ret->lost_by[reason] = dictionary_get_number(lost_by, loss_reason_name(reason));
	return 0;
}
