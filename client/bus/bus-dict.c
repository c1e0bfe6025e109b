/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dictionaries from the bus into structs; see bus-dict.h. */
#include "client/bus/bus-dict.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/dictionary.h"

static int read_string(sd_bus_message *message, char **ret)
{
	const char *string;
	int r = sd_bus_message_read(message, "s", &string);

	if (r < 0)
		return r;
	g_free(*ret);
	*ret = g_strdup(string);
	return 0;
}

static int read_number(sd_bus_message *message, const char *signature, uint64_t *ret)
{
	uint32_t small;
	int r;

	if (*signature == SD_BUS_TYPE_UINT64)
		return sd_bus_message_read(message, "t", ret);
	r = sd_bus_message_read(message, "u", &small);
	if (r >= 0)
		*ret = small;
	return r;
}

static int read_boolean(sd_bus_message *message, bool *ret)
{
	int boolean;
	int r = sd_bus_message_read(message, "b", &boolean);

	if (r >= 0)
		*ret = boolean != 0;
	return r;
}

static int read_strings(sd_bus_message *message, char ***ret)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	const char *string;
	int r;

	r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "s");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "s", &string)) > 0)
		g_strv_builder_add(builder, string);
	if (r < 0)
		return r;
	g_strfreev(*ret);
	*ret = g_strv_builder_end(builder);
	return sd_bus_message_exit_container(message);
}

static int read_losses(sd_bus_message *message, uint64_t *ret)
{
	const char *reason;
	uint64_t count;
	int r;

	r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{st}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "{st}", &reason, &count)) > 0) {
		for (uint32_t i = 0; i < LOSS_REASONS; i++) {
			if (g_str_equal(reason, loss_reason_name(i)))
				ret[i] = count;
		}
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* A value of a basic type as text; NULL for a value of another type. */
static int read_as_text(sd_bus_message *message, char **ret)
{
	const char *contents;
	union {
		const char *string;
		uint64_t u64;
		uint32_t u32;
		int boolean;
	} value;
	char type;
	int r = sd_bus_message_peek_type(message, &type, &contents);

	if (r < 0)
		return r;
	switch (type) {
	case SD_BUS_TYPE_STRING:
	case SD_BUS_TYPE_UINT64:
	case SD_BUS_TYPE_UINT32:
	case SD_BUS_TYPE_BOOLEAN:
		r = sd_bus_message_read_basic(message, type, &value);
		break;
	default:
		*ret = NULL;
		return sd_bus_message_skip(message, NULL);
	}
	if (r < 0)
		return r;
	if (type == SD_BUS_TYPE_STRING)
		*ret = g_strdup(value.string);
	else if (type == SD_BUS_TYPE_UINT64)
		*ret = g_strdup_printf("%" G_GUINT64_FORMAT, value.u64);
	else if (type == SD_BUS_TYPE_UINT32)
		*ret = g_strdup_printf("%" G_GUINT32_FORMAT, value.u32);
	else
		*ret = g_strdup(value.boolean ? "yes" : "no");
	return 0;
}

/* One name and its value. */
static int read_pair(sd_bus_message *message, bool variant, GStrvBuilder *builder)
{
	g_autofree char *value = NULL;
	const char *name, *contents;
	int r = sd_bus_message_read(message, "s", &name);

	if (r >= 0 && variant)
		r = sd_bus_message_peek_type(message, NULL, &contents);
	if (r >= 0 && variant)
		r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, contents);
	if (r >= 0)
		r = read_as_text(message, &value);
	if (r >= 0 && variant)
		r = sd_bus_message_exit_container(message);
	if (r >= 0 && value) {
		g_strv_builder_add(builder, name);
		g_strv_builder_add(builder, value);
	}
	return r;
}

static int read_pairs(sd_bus_message *message, const char *signature, char ***ret)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	bool variant = g_str_equal(signature, "a{sv}");
	const char entry[] = { signature[2], signature[3], '\0' };
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, signature + 1);

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, entry)) > 0) {
		r = read_pair(message, variant, builder);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	g_strfreev(*ret);
	*ret = g_strv_builder_end(builder);
	return sd_bus_message_exit_container(message);
}

static bool is_type(enum bus_dict_type type, const char *signature)
{
	switch (type) {
	case BUS_DICT_STRING:
		return g_str_equal(signature, "s");
	case BUS_DICT_NUMBER:
		return g_str_equal(signature, "t") || g_str_equal(signature, "u");
	case BUS_DICT_BOOLEAN:
		return g_str_equal(signature, "b");
	case BUS_DICT_STRINGS:
		return g_str_equal(signature, "as");
	case BUS_DICT_LOSSES:
		return g_str_equal(signature, "a{st}");
	case BUS_DICT_PAIRS:
		return g_str_equal(signature, "a{st}") || g_str_equal(signature, "a{ss}") ||
			g_str_equal(signature, "a{sv}");
	}
	return false;
}

static int read_value(sd_bus_message *message, const struct bus_dict_field *field,
	const char *signature, void *value)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, signature);

	if (r < 0)
		return r;
	switch (field->type) {
	case BUS_DICT_STRING:
		r = read_string(message, value);
		break;
	case BUS_DICT_NUMBER:
		r = read_number(message, signature, value);
		break;
	case BUS_DICT_BOOLEAN:
		r = read_boolean(message, value);
		break;
	case BUS_DICT_STRINGS:
		r = read_strings(message, value);
		break;
	case BUS_DICT_LOSSES:
		r = read_losses(message, value);
		break;
	case BUS_DICT_PAIRS:
		r = read_pairs(message, signature, value);
		break;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static const struct bus_dict_field *field_find(
	const struct bus_dict_field *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (g_str_equal(fields[i].key, key))
			return &fields[i];
	}
	return NULL;
}

static int read_entry(
	sd_bus_message *message, const struct bus_dict_field *fields, size_t count, void *ret)
{
	const struct bus_dict_field *field;
	const char *key, *signature;
	char type;
	int r;

	r = sd_bus_message_read(message, "s", &key);
	if (r < 0)
		return r;
	r = sd_bus_message_peek_type(message, &type, &signature);
	if (r < 0)
		return r;
	field = field_find(fields, count, key);
	if (!field || !is_type(field->type, signature))
		return sd_bus_message_skip(message, "v");
	return read_value(message, field, signature, (char *)ret + field->offset);
}

int bus_dict_read(
	sd_bus_message *message, const struct bus_dict_field *fields, size_t count, void *ret)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		r = read_entry(message, fields, count, ret);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}
