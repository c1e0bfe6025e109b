/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of the configuration: finds them, and reads them line by line; see settings.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "config.h"
#include "daemon/settings/settings-private.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"

#define FILE_SIZE_MAX  (1UL << 20) /* bytes */
#define DROP_IN_SUFFIX ".conf"
#define DROP_INS_MAX   1000 /* files of all folders together */

/* The place of a line, and the group that it belongs to. */
struct position {
	struct settings *settings;
	const char *file;
	unsigned int line;
	bool grouped; /* a group has begun */
	struct configured_session *session; /* NULL: it is [Daemon] */
	char **ret_reason;
};

static int refuse_line(const struct position *position, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static int refuse_line(const struct position *position, const char *format, ...)
{
	g_autofree char *sentence = NULL;
	va_list arguments;

	va_start(arguments, format);
	sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	*position->ret_reason =
		g_strdup_printf("%s:%u: %s", position->file, position->line, sentence);
	return -EINVAL;
}

static int session_begin(struct position *position, const char *name)
{
	const struct configured_session *found = settings_session(position->settings, name);
	auto_failure failure = { 0 };

	if (session_name_check(name, &failure) < 0)
		return refuse_line(
			position, "[" SETTINGS_GROUP_SESSION " NAME]: %s", failure.reason);
	if (!found && position->settings->configured_sessions->len >= EVENT_SESSIONS_MAX)
		return refuse_line(position,
			"there are more than %d groups [" SETTINGS_GROUP_SESSION
			" NAME], the limit of sessions",
			EVENT_SESSIONS_MAX);
	if (!found) {
		found = configured_session_new(name, position->file, position->line);
		g_ptr_array_add(position->settings->configured_sessions, (void *)found);
	}
	position->session = (struct configured_session *)found;
	return 0;
}

/* "[Daemon]" or "[Session NAME]". */
static int group_begin(struct position *position, char *line)
{
	size_t prefix = strlen(SETTINGS_GROUP_SESSION), length = strlen(line);
	g_autofree char *excerpt = NULL;

	position->grouped = true;
	position->session = NULL;
	if (line[length - 1] == ']') {
		line[length - 1] = '\0';
		if (g_str_equal(line + 1, SETTINGS_GROUP))
			return 0;
		if (g_str_has_prefix(line + 1, SETTINGS_GROUP_SESSION) &&
			g_ascii_isspace(line[1 + prefix]))
			return session_begin(position, g_strstrip(line + 1 + prefix));
		line[length - 1] = ']';
	}
	excerpt = text_excerpt_dup(line);
	return refuse_line(position,
		"unknown group %s: it must be [" SETTINGS_GROUP "] or [" SETTINGS_GROUP_SESSION
		" NAME]",
		excerpt);
}

static int refuse_key(
	const struct position *position, const struct setting_group *group, const char *name)
{
	const char *suggestion = setting_suggest(group, name);
	g_autofree char *excerpt = text_excerpt_dup(name);
	g_autofree char *hint = suggestion ? g_strdup_printf(" (is it %s?)", suggestion) : NULL;

	return refuse_line(position, "unknown key \"%s\" in [%s]%s; see nfttraced.conf(5)", excerpt,
		position->session ? SETTINGS_GROUP_SESSION " NAME" : SETTINGS_GROUP,
		hint ? hint : "");
}

static int key_set(struct position *position, const char *name, const char *text)
{
	struct configured_session *session = position->session;
	const struct setting_group *group =
		session ? &settings_session_keys : &settings_daemon_keys;
	int number = setting_find(group, name);
	g_autofree char *reason = NULL;
	const struct setting_key *key;

	if (number < 0)
		return refuse_key(position, group, name);
	key = &group->keys[number];
	if (setting_apply(key, session ? (void *)&session->options : position->settings, text,
		    &reason) < 0) {
		g_autofree char *excerpt = text_excerpt_dup(text);

		return reason
			? refuse_line(position, "%s=%s: %s", name, excerpt, reason)
			: refuse_line(position, "%s=%s: must be %s", name, excerpt, key->allowed);
	}
	setting_origin_set(&(session ? session->origins : position->settings->origins)[number],
		text, position->file, position->line);
	return 0;
}

static int line_take(struct position *position, char *line)
{
	g_autofree char *excerpt = NULL;
	char *equal;

	g_strstrip(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	if (*line == '[')
		return group_begin(position, line);
	equal = strchr(line, '=');
	excerpt = text_excerpt_dup(line);
	if (!equal || equal == line)
		return refuse_line(
			position, "%s is neither KEY=VALUE nor [GROUP] nor a # comment", excerpt);
	if (!position->grouped)
		return refuse_line(position,
			"%s is in no group: [" SETTINGS_GROUP "] must be in a line before it",
			excerpt);
	*equal = '\0';
	return key_set(position, g_strchomp(line), g_strchug(equal + 1));
}

int settings_parse(struct settings *settings, const char *text, size_t size, const char *name,
	char **ret_reason)
{
	struct position position = {
		.settings = settings,
		.file = name,
		.ret_reason = ret_reason,
	};

	for (const char *end = text + size; text < end; text++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		g_autofree char *line = g_strndup(text, length);
		int r;

		position.line++;
		if (!g_utf8_validate(text, (gssize)length, NULL))
			return refuse_line(&position, "the line is not text in UTF-8");
		r = line_take(&position, line);
		if (r < 0)
			return r;
		text += length;
	}
	return 0;
}

/* Reads a file that is not too large. Does not wait for a FIFO or a terminal. */
static int file_read(const char *path, GString *ret, char **ret_reason)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	ssize_t n = -1;

	if (fd < 0 || fstat(fd, &status) < 0) {
		*ret_reason = g_strdup_printf("can't read %s: %s", path, g_strerror(errno));
		return errno == ENOENT ? -ENOENT : -EIO;
	}
	/* A link to /dev/null masks a file of a less important folder. */
	if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) {
		*ret_reason = g_strdup_printf("can't read %s: it is not a file", path);
		return -EIO;
	}
	g_string_set_size(ret, FILE_SIZE_MAX + 1);
	for (ret->len = 0; ret->len <= FILE_SIZE_MAX; ret->len += (size_t)n) {
		n = read(fd, ret->str + ret->len, FILE_SIZE_MAX + 1 - ret->len);
		if (n <= 0)
			break;
	}
	if (n == 0)
		return 0;
	*ret_reason = n < 0
		? g_strdup_printf("can't read %s: %s", path, g_strerror(errno))
		: g_strdup_printf("can't read %s: it has more than %lu bytes", path, FILE_SIZE_MAX);
	return -EIO;
}

int settings_load_file(struct settings *settings, const char *path, char **ret_reason)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int r = file_read(path, text, ret_reason);

	return r < 0 ? r : settings_parse(settings, text->str, text->len, path, ret_reason);
}

/* Adds the drop-ins of a folder by name, unless a more important folder has one of that name. */
static int drop_ins_find(GHashTable *files, const char *directory, char **ret_reason)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) folder = g_dir_open(directory, 0, &error);
	const char *name;

	if (!folder &&
		(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
			g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR)))
		return 0;
	if (!folder) {
		*ret_reason = g_strdup(error->message);
		return -EIO;
	}
	while ((name = g_dir_read_name(folder))) {
		if (*name == '.' || !g_str_has_suffix(name, DROP_IN_SUFFIX) ||
			g_hash_table_contains(files, name))
			continue;
		if (g_hash_table_size(files) >= DROP_INS_MAX) {
			*ret_reason = g_strdup_printf(
				"%s: there are more than %d drop-ins", directory, DROP_INS_MAX);
			return -E2BIG;
		}
		g_hash_table_insert(files, g_strdup(name), g_build_filename(directory, name, NULL));
	}
	return 0;
}

static int drop_ins_load(
	struct settings *settings, const char *const *directories, char **ret_reason)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GList) names = NULL;
	int r = 0;

	for (; *directories && r == 0; directories++)
		r = drop_ins_find(files, *directories, ret_reason);
	names = g_list_sort(g_hash_table_get_keys(files), (GCompareFunc)strcmp);
	for (GList *i = names; i && r == 0; i = i->next)
		r = settings_load_file(settings, g_hash_table_lookup(files, i->data), ret_reason);
	return r;
}

int settings_load_from(struct settings *settings, const char *const *directories, const char *name,
	char **ret_reason)
{
	g_autoptr(GPtrArray) drop_ins = g_ptr_array_new_with_free_func(g_free);
	int r = -ENOENT;

	for (const char *const *i = directories; *i; i++) {
		g_autofree char *path = g_build_filename(*i, name, NULL);

		if (r == -ENOENT) {
			g_clear_pointer(ret_reason, g_free);
			r = settings_load_file(settings, path, ret_reason);
		}
		g_ptr_array_add(drop_ins, g_strdup_printf("%s.d", path));
	}
	if (r < 0 && r != -ENOENT)
		return r;
	g_clear_pointer(ret_reason, g_free);
	g_ptr_array_add(drop_ins, NULL);
	r = drop_ins_load(settings, (const char *const *)drop_ins->pdata, ret_reason);
	return r < 0 ? r : settings_check(settings, ret_reason);
}

int settings_load(struct settings *settings, const char *file, char **ret_reason)
{
	g_autofree char *configured = g_path_get_dirname(NFTTRACED_CONFIG_FILE);
	const char *const directories[] = { configured, "/run/nfttraced",
		"/usr/local/lib/nfttraced", "/usr/lib/nfttraced", NULL };
	g_autofree char *drop_ins = NULL;
	int r;

	if (!file)
		return settings_load_from(settings, directories, "nfttraced.conf", ret_reason);
	r = settings_load_file(settings, file, ret_reason);
	if (r < 0)
		return r;
	drop_ins = g_strdup_printf("%s.d", file);
	r = drop_ins_load(settings, (const char *const[]){ drop_ins, NULL }, ret_reason);
	return r < 0 ? r : settings_check(settings, ret_reason);
}
