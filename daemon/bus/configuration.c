/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The method GetConfiguration: the value of each key in force, and where it was set. */
#include "daemon/bus/bus-private.h"
#include "daemon/settings/settings-keys.h"

static int append_text(sd_bus_message *reply, const char *key, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;

	return valid ? sd_bus_message_append(reply, "{sv}", key, "s", valid) : 0;
}

static int append_setting(sd_bus_message *reply, const char *group, const struct setting_key *key,
	const struct setting_origin *origin)
{
	int r = sd_bus_message_open_container(reply, 'a', "{sv}");

	if (r >= 0)
		r = append_text(reply, "Group", group);
	if (r >= 0)
		r = append_text(reply, "Key", key->name);
	if (r >= 0)
		r = append_text(reply, "Value", origin->text);
	if (r >= 0)
		r = append_text(reply, "File", origin->file);
	if (r >= 0 && origin->line > 0)
		r = sd_bus_message_append(reply, "{sv}", "Line", "u", (uint32_t)origin->line);
	if (r >= 0)
		r = append_text(reply, "Pending", origin->pending);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_group(sd_bus_message *reply, const char *name, const struct setting_group *group,
	const struct setting_origin *origins)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < group->count; i++)
		r = append_setting(reply, name, &group->keys[i], &origins[i]);
	return r;
}

int bus_method_get_configuration(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	const struct settings *settings = manager_settings(((struct bus *)userdata)->manager);
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(message, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "a{sv}");
	if (r >= 0)
		r = append_group(reply, SETTINGS_GROUP, &settings_daemon_keys, settings->origins);
	for (unsigned int i = 0; r >= 0 && i < settings->configured_sessions->len; i++) {
		const struct configured_session *session = settings->configured_sessions->pdata[i];
		g_autofree char *name =
			g_strdup_printf(SETTINGS_GROUP_SESSION " %s", session->name);

		r = append_group(reply, name, &settings_session_keys, session->origins);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	return bus_reply_send(reply, r);
}
