/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: finding and parsing them; see profile.h. */
#include "client/input/profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "config.h"
#include "journal/base/amounts.h"
#include "journal/base/escape.h"
#include "journal/base/keyfile.h"
#include "journal/format/section-names.h"

#define GROUP  "Profile"
#define SUFFIX ".conf"

/* A list in a profile may be separated by any of these. */
#define SEPARATORS " \t,;"

struct key;
typedef bool (*key_check)(const char *text);

struct key {
	const char *name;
	enum {
		KEY_TEXT,
		KEY_LIST,
		KEY_CHOICE,
	} type;
	size_t offset; /* in struct profile */
	key_check check; /* of the text, or NULL */
	const char *allowed; /* for a person */
};

static bool is_count(const char *text)
{
	uint64_t number;

	return parse_count(text, &number) == 0;
}

static bool is_size(const char *text)
{
	uint64_t bytes;

	return parse_size(text, &bytes) == 0 && bytes > 0;
}

static bool is_duration(const char *text)
{
	uint64_t usec;

	return parse_duration(text, &usec) == 0 && usec > 0;
}

#define AT(field) offsetof(struct profile, field)

static const struct key keys[] = {
	{ "Description", KEY_TEXT, AT(description), NULL, NULL },
	{ "Verdicts", KEY_LIST, AT(verdicts), NULL, "names of verdicts, or all" },
	{ "Filter", KEY_TEXT, AT(filter), NULL, NULL },
	{ "Probes", KEY_LIST, AT(probes), NULL, "functions and tracepoints" },
	{ "Stack", KEY_CHOICE, AT(stack), NULL, "yes or no" },
	{ "Sections", KEY_LIST, AT(sections), NULL, "names of sections, or all" },
	{ "Track", KEY_CHOICE, AT(track), NULL, "yes or no" },
	{ "Limit", KEY_TEXT, AT(limit), is_count, "a number of events" },
	{ "Rate", KEY_TEXT, AT(rate), is_count, "a number of events a second" },
	{ "Burst", KEY_TEXT, AT(burst), is_count, "a number of events" },
	{ "Size", KEY_TEXT, AT(size), is_size, "a size, such as 64M or 1G" },
	{ "Duration", KEY_TEXT, AT(duration), is_duration, "a time, such as 30s, 5min or 2h" },
};

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_equal(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

/* -EINVAL if the list is empty. */
static int list_parse(const char *text, GStrv *ret)
{
	g_auto(GStrv) words = keyfile_words(text, SEPARATORS);

	if (!*words)
		return -EINVAL;
	*ret = g_steal_pointer(&words);
	return 0;
}

static int choice_parse(const char *text, enum profile_choice *ret)
{
	bool yes;
	int r = keyfile_boolean(text, &yes);

	if (r >= 0)
		*ret = yes ? PROFILE_YES : PROFILE_NO;
	return r;
}

static int key_apply(struct profile *profile, const struct key *key, const char *text)
{
	void *field = (char *)profile + key->offset;

	switch (key->type) {
	case KEY_TEXT:
		if (key->check && !key->check(text))
			return -EINVAL;
		*(char **)field = g_strdup(text);
		return 0;
	case KEY_LIST:
		return list_parse(text, field);
	case KEY_CHOICE:
		return choice_parse(text, field);
	}
	return -EINVAL;
}

/* Makes "PATH:LINE: REASON", escaped; returns -EINVAL. */
G_GNUC_PRINTF(4, 5)
static int report_malformed(
	const char *path, unsigned int line, char **ret_reason, const char *format, ...)
{
	g_autofree char *escaped_path = text_escape_dup(path);
	g_autofree char *escaped = NULL;
	g_autofree char *what = NULL;
	va_list arguments;

	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	escaped = text_escape_dup(what);
	*ret_reason = g_strdup_printf("%s:%u: %s", escaped_path, line, escaped);
	return -EINVAL;
}

static int apply_line(struct profile *profile, GKeyFile *file, const char *text, const char *name,
	char **ret_reason)
{
	g_autofree char *value = g_key_file_get_string(file, GROUP, name, NULL);
	const struct key *key = key_find(name);

	if (!key)
		return report_malformed(profile->path, keyfile_line(text, name), ret_reason,
			"unknown key \"%s\"; see nfttraced.profile(5)", name);
	if (!value || key_apply(profile, key, g_strstrip(value)) < 0)
		return report_malformed(profile->path, keyfile_line(text, name), ret_reason,
			"%s=%s: must be %s", name, value ? value : "",
			key->allowed ? key->allowed : "text");
	return 0;
}

/* The daemon would refuse them, too, but could not name the line. */
static int check_sections(const struct profile *profile, const char *text, char **ret_reason)
{
	const char *wrong;
	uint32_t mask;

	if (!profile->sections)
		return 0;
	wrong = section_names_parse((const char *const *)profile->sections, &mask);
	if (!wrong)
		return 0;
	return report_malformed(profile->path, keyfile_line(text, "Sections"), ret_reason,
		"unknown section \"%s\"", wrong);
}

static int check_groups(
	const struct profile *profile, GKeyFile *file, const char *text, char **ret_reason)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group; group++) {
		g_autofree char *header = g_strdup_printf("[%s]", *group);

		if (!g_str_equal(*group, GROUP))
			return report_malformed(profile->path, keyfile_line(text, header),
				ret_reason, "unknown group %s: it must be [" GROUP "]", header);
	}
	return 0;
}

static int parse_text(struct profile *profile, const char *text, char **ret_reason)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;
	int r;

	if (!g_utf8_validate(text, -1, NULL))
		return report_malformed(
			profile->path, 1, ret_reason, "the file is not valid UTF-8");
	if (*text && !g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &error))
		return report_malformed(
			profile->path, keyfile_line(text, NULL), ret_reason, "%s", error->message);
	r = check_groups(profile, file, text, ret_reason);
	names = g_key_file_get_keys(file, GROUP, NULL, NULL);
	for (char **name = names; r >= 0 && name && *name; name++)
		r = apply_line(profile, file, text, *name, ret_reason);
	return r < 0 ? r : check_sections(profile, text, ret_reason);
}

int profile_read(const char *path, const char *name, struct profile **ret, char **ret_reason)
{
	auto_profile *profile = g_new0(struct profile, 1);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	int r;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		*ret_reason = text_escape_dup(error->message);
		return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? -ENOENT : -EIO;
	}
	profile->name = g_strdup(name);
	profile->path = g_strdup(path);
	r = parse_text(profile, text, ret_reason);
	if (r >= 0)
		*ret = g_steal_pointer(&profile);
	return r;
}

/* The directories of profiles, the one with the highest precedence last. */
static GStrv directories(void)
{
	g_autofree char *user =
		g_build_filename(g_get_user_config_dir(), "nfttraced", "profiles", NULL);
	const char *const usual[] = { NFTTRACED_PROFILES_SHIPPED, NFTTRACED_PROFILES_LOCAL, user,
		NULL };
	const char *path = g_getenv(PROFILE_PATH_VARIABLE);

	return path && *path ? g_strsplit(path, ":", -1) : g_strdupv((char **)usual);
}

static void directory_list(const char *directory, GHashTable *profiles)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir))) {
		if (*file == '.' || !g_str_has_suffix(file, SUFFIX))
			continue;
		g_hash_table_insert(profiles, g_strndup(file, strlen(file) - strlen(SUFFIX)),
			g_build_filename(directory, file, NULL));
	}
}

/* Paths by name. */
static GHashTable *find_all(void)
{
	GHashTable *profiles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) paths = directories();

	for (char **path = paths; *path; path++)
		directory_list(*path, profiles);
	return profiles;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void profile_list(GPtrArray **ret_names, GPtrArray **ret_paths)
{
	g_autoptr(GHashTable) profiles = find_all();
	GHashTableIter iter;
	void *name;

	*ret_names = g_ptr_array_new_with_free_func(g_free);
	*ret_paths = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_iter_init(&iter, profiles);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(*ret_names, g_strdup(name));
	g_ptr_array_sort(*ret_names, name_compare);
	for (guint i = 0; i < (*ret_names)->len; i++) {
		const char *path = g_hash_table_lookup(profiles, g_ptr_array_index(*ret_names, i));

		g_ptr_array_add(*ret_paths, g_strdup(path));
	}
}

int profile_load(const char *name, struct profile **ret, char **ret_reason)
{
	g_autoptr(GHashTable) profiles = find_all();
	const char *path = g_hash_table_lookup(profiles, name);

	if (!path) {
		g_autofree char *escaped = text_excerpt_dup(name);

		*ret_reason = g_strdup_printf("there is no profile \"%s\": 'nfttracectl profiles' "
					      "lists the available ones",
			escaped);
		return -ENOENT;
	}
	return profile_read(path, name, ret, ret_reason);
}

struct profile *profile_free(struct profile *profile)
{
	if (!profile)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		void *field = (char *)profile + keys[i].offset;

		if (keys[i].type == KEY_TEXT)
			g_free(*(char **)field);
		else if (keys[i].type == KEY_LIST)
			g_strfreev(*(GStrv *)field);
	}
	g_free(profile->name);
	g_free(profile->path);
	g_free(profile);
	return NULL;
}
