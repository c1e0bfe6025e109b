/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder. */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_PRIVATE_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_PRIVATE_H

#include "daemon/settings/settings-keys.h"

/* Sets the fields of a group's keys in `target` to their defaults. Returns the origins, by the
 * index of the key. */
struct setting_origin *settings_defaults(const struct setting_group *group, void *target);

/* Accepts NULL. */
void settings_origins_free(const struct setting_group *group, struct setting_origin *origins);

/* Replaces an origin: `text` was read in `line` of `file`. */
void setting_origin_set(
	struct setting_origin *origin, const char *text, const char *file, unsigned int line);

/* A session with defaults; its group begins in `line` of `file`. */
struct configured_session *configured_session_new(
	const char *name, const char *file, unsigned int line);
void configured_session_free(struct configured_session *session);

#endif
