/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings: defaults, references, and the values that a reload keeps; see settings.h. */
#include "daemon/settings/settings.h"

#include <errno.h>

#include "daemon/settings/settings-private.h"
#include "journal/base/escape.h"

struct settings *settings_new(void)
{
	struct settings *settings = g_new0(struct settings, 1);

	g_atomic_ref_count_init(&settings->references);
	settings->origins = settings_defaults(&settings_daemon_keys, settings);
	settings->configured_sessions =
		g_ptr_array_new_with_free_func((GDestroyNotify)configured_session_free);
	return settings;
}

struct settings *settings_ref(const struct settings *settings)
{
	/* The values are constant, the number of references is not. */
	struct settings *held = (struct settings *)settings;

	g_atomic_ref_count_inc(&held->references);
	return held;
}

struct settings *settings_free(const struct settings *settings)
{
	struct settings *held = (struct settings *)settings;

	if (!held || !g_atomic_ref_count_dec(&held->references))
		return NULL;
	for (size_t i = 0; i < settings_daemon_keys.count; i++)
		setting_clear(&settings_daemon_keys.keys[i], held);
	settings_origins_free(&settings_daemon_keys, held->origins);
	g_ptr_array_unref(held->configured_sessions);
	g_free(held);
	return NULL;
}

int settings_override(struct settings *settings, const char *option, const char *key,
	const char *text, char **ret_reason)
{
	int number = setting_find(&settings_daemon_keys, key);
	const struct setting_key *found = &settings_daemon_keys.keys[number];
	g_autofree char *reason = NULL;

	if (setting_apply(found, settings, text, &reason) < 0) {
		g_autofree char *excerpt = text_excerpt_dup(text);

		*ret_reason = g_strdup_printf("%s=%s: must be %s", option, excerpt, found->allowed);
		return -EINVAL;
	}
	setting_origin_set(&settings->origins[number], text, option, 0);
	return 0;
}

char **settings_keep(struct settings *next, const struct settings *in_force)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (size_t i = 0; i < settings_daemon_keys.count; i++) {
		const struct setting_key *key = &settings_daemon_keys.keys[i];
		struct setting_origin *origin = &next->origins[i];
		const struct setting_origin *kept = &in_force->origins[i];

		if (key->effect != SETTING_AT_RESTART || setting_equal(key, next, in_force))
			continue;
		g_ptr_array_add(names, g_strdup(key->name));
		origin->pending = g_strdup(origin->text);
		setting_origin_set(origin, kept->text, kept->file, kept->line);
		setting_copy(key, next, in_force);
	}
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_steal(names, NULL);
}
