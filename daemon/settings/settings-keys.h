/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of nfttraced.conf(5), by group, and their values. Stateless; any thread. */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_KEYS_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_KEYS_H

#include "daemon/settings/settings.h"

#define SETTINGS_GROUP         "Daemon"
#define SETTINGS_GROUP_SESSION "Session" /* followed by a name */

enum setting_type {
	SETTING_BOOLEAN, /* bool */
	SETTING_ATTACH, /* enum attach_mode */
	SETTING_SIZE, /* uint64_t: bytes, as parse_size() takes them */
	SETTING_NUMBER, /* uint64_t */
	SETTING_SECONDS, /* uint64_t: whole seconds, as parse_duration() takes them */
	SETTING_PATH, /* char *, absolute */
	SETTING_TEXT, /* char * */
	SETTING_VERDICTS, /* uint32_t */
	SETTING_SECTIONS, /* uint32_t */
	SETTING_PROBES, /* GArray * of struct probe_spec */
};

/* When a changed value takes effect. */
enum setting_effect {
	SETTING_AT_ONCE, /* with the reload */
	SETTING_AT_RESTART,
};

struct setting_key {
	const char *name;
	enum setting_type type;
	enum setting_effect effect;
	size_t offset; /* in struct settings, or in struct session_options */
	uint64_t min, max; /* of numbers */
	bool zero; /* 0 is allowed, although it is below `min` */
	const char *initial; /* the default, as in a file */
	const char *allowed; /* the allowed values, for "must be ..." */
};

struct setting_group {
	const struct setting_key *keys;
	size_t count;
};

extern const struct setting_group settings_daemon_keys; /* offsets in struct settings */
extern const struct setting_group settings_session_keys; /* offsets in struct session_options */

/* The index of a key in its group; -1: there is none of that name. */
int setting_find(const struct setting_group *group, const char *name);

/* The key whose name is most like `name`; NULL: none is like it. */
const char *setting_suggest(const struct setting_group *group, const char *name);

/* Parses `text`, and sets the key's field in `target`. -EINVAL or -ERANGE; *ret_reason (g_free it)
 * has the reason, or is NULL if key->allowed is reason enough. */
int setting_apply(const struct setting_key *key, void *target, const char *text, char **ret_reason);

/* The key's field has the same value in both. */
bool setting_equal(const struct setting_key *key, const void *a, const void *b);

/* Copies the key's field from `source` to `target`. */
void setting_copy(const struct setting_key *key, void *target, const void *source);

/* Frees the key's field, if it has memory of its own. */
void setting_clear(const struct setting_key *key, void *target);

#endif
