/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of methods, a{sv}: read into the fields that a table of keys and types names. */
#include <errno.h>

#include "daemon/bus/bus-private.h"
#include "journal/base/escape.h"

static const struct {
	const char *signature;
	const char *name;
} types[] = {
	[BUS_OPTION_STRING] = { "s", "a string (s)" },
	[BUS_OPTION_BOOLEAN] = { "b", "a boolean (b)" },
	[BUS_OPTION_NUMBER] = { "t", "a number (t)" },
	[BUS_OPTION_VERDICTS] = { "as", "a list of strings (as)" },
	[BUS_OPTION_SECTIONS] = { "as", "a list of strings (as)" },
	[BUS_OPTION_PROBES] = { "as", "a list of strings (as)" },
	[BUS_OPTION_POSITION] = { "(tt)", "two numbers (tt)" },
};

static int read_strings(sd_bus_message *message, GPtrArray *strings)
{
	const char *string;
	int r = sd_bus_message_enter_container(message, 'a', "s");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(message, 's', &string)) > 0)
		g_ptr_array_add(strings, (char *)string);
	g_ptr_array_add(strings, NULL);
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

typedef int (*names_parser)(const char *const *names, uint32_t *ret, struct failure *failure);

static int read_mask(
	sd_bus_message *message, names_parser parse, uint32_t *ret, sd_bus_error *error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	auto_failure failure = { 0 };
	int r = read_strings(message, names);

	if (r < 0)
		return r;
	if (parse((const char *const *)names->pdata, ret, &failure) < 0)
		return bus_failure(&failure, error);
	return 0;
}

int bus_verdicts_read(sd_bus_message *message, uint32_t *ret, sd_bus_error *error)
{
	return read_mask(message, verdicts_parse, ret, error);
}

static int read_probes(sd_bus_message *message, GArray **ret, sd_bus_error *error)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	auto_failure failure = { 0 };
	GArray *specs;
	int r = read_strings(message, texts);

	if (r < 0)
		return r;
	if (probe_specs_parse((const char *const *)texts->pdata, &specs, &failure) < 0)
		return bus_failure(&failure, error);
	g_array_unref(*ret);
	*ret = specs;
	return 0;
}

static int read_position(sd_bus_message *message, struct journal_position *ret, sd_bus_error *error)
{
	uint64_t segment, offset;
	int r = sd_bus_message_read(message, "(tt)", &segment, &offset);

	if (r < 0)
		return r;
	if (segment == 0)
		return sd_bus_error_set(error, BUS_ERROR_INVALID_OPTION,
			"there is no segment 0: segments are numbered from 1");
	*ret = (struct journal_position){ .segment = segment, .offset = offset };
	return 0;
}

static int read_value(
	sd_bus_message *message, const struct bus_option *option, void *field, sd_bus_error *error)
{
	const char *string;
	int boolean, r;

	switch (option->type) {
	case BUS_OPTION_STRING:
		r = sd_bus_message_read_basic(message, 's', &string);
		if (r < 0)
			return r;
		g_free(*(char **)field);
		*(char **)field = g_strdup(string);
		return 0;
	case BUS_OPTION_BOOLEAN:
		r = sd_bus_message_read_basic(message, 'b', &boolean);
		if (r < 0)
			return r;
		*(bool *)field = boolean;
		return 0;
	case BUS_OPTION_NUMBER:
		return sd_bus_message_read_basic(message, 't', field);
	case BUS_OPTION_VERDICTS:
		return bus_verdicts_read(message, field, error);
	case BUS_OPTION_SECTIONS:
		return read_mask(message, sections_parse, field, error);
	case BUS_OPTION_PROBES:
		return read_probes(message, field, error);
	case BUS_OPTION_POSITION:
		return read_position(message, field, error);
	}
	return -EINVAL;
}

static int set_unknown_key(
	const char *key, const struct bus_option *options, size_t count, sd_bus_error *error)
{
	g_autoptr(GString) allowed = g_string_new(NULL);
	g_autofree char *escaped = text_excerpt_dup(key);

	if (count == 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
			"unknown option \"%s\": this method has no options", escaped);
	for (size_t i = 0; i < count; i++)
		g_string_append_printf(allowed, "%s%s", i ? ", " : "", options[i].key);
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
		"unknown option \"%s\": it must be one of %s", escaped, allowed->str);
}

static int read_option(sd_bus_message *message, const struct bus_option *options, size_t count,
	void *target, sd_bus_error *error)
{
	const struct bus_option *option = NULL;
	const char *key, *contents;
	int r;

	r = sd_bus_message_read_basic(message, 's', &key);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count && !option; i++) {
		if (g_str_equal(options[i].key, key))
			option = &options[i];
	}
	if (!option)
		return set_unknown_key(key, options, count, error);
	r = sd_bus_message_peek_type(message, NULL, &contents);
	if (r < 0)
		return r;
	if (!g_str_equal(contents, types[option->type].signature))
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_OPTION,
			"option %s must be %s, not of type \"%s\"", key, types[option->type].name,
			contents);
	r = sd_bus_message_enter_container(message, 'v', contents);
	if (r >= 0)
		r = read_value(message, option, (char *)target + option->offset, error);
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_options_read(sd_bus_message *message, const struct bus_option *options, size_t count,
	void *target, sd_bus_error *error)
{
	int r = sd_bus_message_enter_container(message, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = read_option(message, options, count, target, error);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}
