/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of keys: parsing, comparing, copying. */
#include <errno.h>
#include <string.h>

#include "daemon/settings/settings-keys.h"
#include "journal/base/amounts.h"
#include "journal/base/keyfile.h"

/* "auto", "kprobe" or "fentry"; -EINVAL for other text. */
static int parse_attach_mode(const char *text, enum attach_mode *ret)
{
	static const char *const names[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_KPROBE] = "kprobe",
		[ATTACH_FENTRY] = "fentry",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_str_equal(text, names[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Whole seconds. */
static int parse_seconds(const char *text, uint64_t *ret)
{
	uint64_t usec;
	int r = parse_duration(text, &usec);

	if (r < 0)
		return r;
	if (usec % G_USEC_PER_SEC != 0)
		return -EINVAL;
	*ret = usec / G_USEC_PER_SEC;
	return 0;
}

typedef int (*number_parser)(const char *text, uint64_t *ret);

static int apply_number(
	const struct setting_key *key, uint64_t *field, const char *text, number_parser parse)
{
	uint64_t number;
	int r = parse(text, &number);

	if (r < 0)
		return r;
	if (number > key->max || (number < key->min && !(number == 0 && key->zero)))
		return -ERANGE;
	*field = number;
	return 0;
}

static int apply_text(char **field, const char *text)
{
	g_free(*field);
	*field = g_strdup(text);
	return 0;
}

static int apply_names(
	const struct setting_key *key, void *field, const char *text, char **ret_reason)
{
	g_auto(GStrv) words = keyfile_words(text, " \t,");
	const char *const *names = (const char *const *)words;
	auto_failure failure = { 0 };
	GArray *specs;
	int r;

	if (key->type == SETTING_VERDICTS) {
		r = verdicts_parse(names, field, &failure);
	} else if (key->type == SETTING_SECTIONS) {
		r = sections_parse(names, field, &failure);
	} else {
		r = probe_specs_parse(names, &specs, &failure);
		if (r == 0) {
			g_array_unref(*(GArray **)field);
			*(GArray **)field = specs;
		}
	}
	if (r < 0)
		*ret_reason = g_steal_pointer(&failure.reason);
	return r;
}

int setting_apply(const struct setting_key *key, void *target, const char *text, char **ret_reason)
{
	void *field = (char *)target + key->offset;

	switch (key->type) {
	case SETTING_BOOLEAN:
		return keyfile_boolean(text, field);
	case SETTING_ATTACH:
		return parse_attach_mode(text, field);
	case SETTING_SIZE:
		return apply_number(key, field, text, parse_size);
	case SETTING_NUMBER:
		return apply_number(key, field, text, parse_count);
	case SETTING_SECONDS:
		return apply_number(key, field, text, parse_seconds);
	case SETTING_PATH:
		return g_path_is_absolute(text) ? apply_text(field, text) : -EINVAL;
	case SETTING_TEXT:
		return apply_text(field, text);
	case SETTING_VERDICTS:
	case SETTING_SECTIONS:
	case SETTING_PROBES:
		return apply_names(key, field, text, ret_reason);
	}
	return -EINVAL;
}

static bool probes_equal(const GArray *a, const GArray *b)
{
	if (a->len != b->len)
		return false;
	for (unsigned int i = 0; i < a->len; i++) {
		const struct probe_spec *one = &g_array_index(a, struct probe_spec, i);
		const struct probe_spec *other = &g_array_index(b, struct probe_spec, i);

		if (!probe_spec_equal(one, other) || one->stack != other->stack)
			return false;
	}
	return true;
}

bool setting_equal(const struct setting_key *key, const void *a, const void *b)
{
	const void *one = (const char *)a + key->offset, *other = (const char *)b + key->offset;

	switch (key->type) {
	case SETTING_BOOLEAN:
		return *(const bool *)one == *(const bool *)other;
	case SETTING_ATTACH:
		return *(const enum attach_mode *)one == *(const enum attach_mode *)other;
	case SETTING_SIZE:
	case SETTING_NUMBER:
	case SETTING_SECONDS:
		return *(const uint64_t *)one == *(const uint64_t *)other;
	case SETTING_PATH:
	case SETTING_TEXT:
		return g_str_equal(*(char *const *)one, *(char *const *)other);
	case SETTING_VERDICTS:
	case SETTING_SECTIONS:
		return *(const uint32_t *)one == *(const uint32_t *)other;
	case SETTING_PROBES:
		return probes_equal(*(GArray *const *)one, *(GArray *const *)other);
	}
	return false;
}

void setting_copy(const struct setting_key *key, void *target, const void *source)
{
	void *field = (char *)target + key->offset;
	const void *from = (const char *)source + key->offset;

	switch (key->type) {
	case SETTING_BOOLEAN:
		*(bool *)field = *(const bool *)from;
		break;
	case SETTING_ATTACH:
		*(enum attach_mode *)field = *(const enum attach_mode *)from;
		break;
	case SETTING_SIZE:
	case SETTING_NUMBER:
	case SETTING_SECONDS:
		*(uint64_t *)field = *(const uint64_t *)from;
		break;
	case SETTING_PATH:
	case SETTING_TEXT:
		apply_text(field, *(char *const *)from);
		break;
	case SETTING_VERDICTS:
	case SETTING_SECTIONS:
		*(uint32_t *)field = *(const uint32_t *)from;
		break;
	case SETTING_PROBES:
		setting_clear(key, target);
		*(GArray **)field = g_array_ref(*(GArray *const *)from);
		break;
	}
}

void setting_clear(const struct setting_key *key, void *target)
{
	void *field = (char *)target + key->offset;

	switch (key->type) {
	case SETTING_PATH:
	case SETTING_TEXT:
		g_clear_pointer((char **)field, g_free);
		break;
	case SETTING_PROBES:
		g_clear_pointer((GArray **)field, g_array_unref);
		break;
	default:
		break;
	}
}
