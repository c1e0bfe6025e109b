/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of nfttraced.conf(5), by group, and the values that they take. Stateless. */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_KEYS_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_KEYS_H

#include "daemon/settings/settings.h"

#define SETTINGS_GROUP         "Daemon"
#define SETTINGS_GROUP_SESSION "Session" /* and a name behind it */

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

/* What a change of it does when the configuration is read again. */
enum setting_effect {
	SETTING_AT_ONCE, /* holds from then on, for what begins after */
	SETTING_AT_RESTART,
};

struct setting_key {
	const char *name;
	enum setting_type type;
	enum setting_effect effect;
	size_t offset; /* in struct settings, or in struct session_options */
	uint64_t min, max; /* of numbers */
	bool zero; /* may be 0, whatever `min` says */
	const char *initial; /* the default, as it would be written */
	const char *allowed; /* for a person: "must be ..." */
};

struct setting_group {
	const struct setting_key *keys;
	size_t count;
};

extern const struct setting_group settings_daemon_keys; /* offsets in struct settings */
extern const struct setting_group settings_session_keys; /* offsets in struct session_options */

/* The number of a key in its group, or -1. */
int setting_find(const struct setting_group *group, const char *name);

/* The one that may be meant, or NULL. */
const char *setting_suggest(const struct setting_group *group, const char *name);

/* Takes `text` as the key's value in `target`. -EINVAL or -ERANGE; *ret_reason is NULL or says more of
 * it than key->allowed. */
int setting_apply(const struct setting_key *key, void *target, const char *text, char **ret_reason);

bool setting_equal(const struct setting_key *key, const void *a, const void *b);

/* Gives `target` the value that `source` has. */
void setting_copy(const struct setting_key *key, void *target, const void *source);

/* Frees the value, if it has anything to be freed. */
void setting_clear(const struct setting_key *key, void *target);

#endif
