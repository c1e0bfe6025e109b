/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the configuration know of each other. */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_PRIVATE_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_PRIVATE_H

#include "daemon/settings/settings-keys.h"

/* For each key of a group its default, in `target` and in the origins that are returned. */
struct setting_origin *settings_defaults(const struct setting_group *group, void *target);

void settings_origins_free(const struct setting_group *group, struct setting_origin *origins);

/* The value is what `file` has in `line`. Replaces what was said before. */
void setting_origin_set(
	struct setting_origin *origin, const char *text, const char *file, unsigned int line);

/* A session with defaults; its group begins in `line` of `file`. */
struct configured_session *configured_session_new(
	const char *name, const char *file, unsigned int line);
void configured_session_free(struct configured_session *session);

#endif
