/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's configuration: a table for each group. */
#include "client/report/configuration.h"

#include <glib.h>
#include <string.h>

#include "client/bus/bus-dict.h"
#include "client/bus/daemon-bus.h"
#include "client/terminal/table.h"

struct setting {
	char *group, *key, *value, *file, *pending;
	uint64_t line;
};

static const struct bus_dict_field fields[] = {
	{ "Group", BUS_DICT_STRING, offsetof(struct setting, group) },
	{ "Key", BUS_DICT_STRING, offsetof(struct setting, key) },
	{ "Value", BUS_DICT_STRING, offsetof(struct setting, value) },
	{ "File", BUS_DICT_STRING, offsetof(struct setting, file) },
	{ "Line", BUS_DICT_NUMBER, offsetof(struct setting, line) },
	{ "Pending", BUS_DICT_STRING, offsetof(struct setting, pending) },
};

static const struct table_column columns[] = {
	{ "KEY", TABLE_LEFT },
	{ "VALUE", TABLE_LEFT },
	{ "FROM", TABLE_LEFT },
};

static void setting_clear(struct setting *setting)
{
	g_free(setting->group);
	g_free(setting->key);
	g_free(setting->value);
	g_free(setting->file);
	g_free(setting->pending);
	*setting = (struct setting){ 0 };
}

static void add_row(struct table *table, const struct setting *setting)
{
	g_autoptr(GString) from = g_string_new(setting->file ? setting->file : "default");

	if (setting->line > 0)
		g_string_append_printf(from, ":%" G_GUINT64_FORMAT, setting->line);
	if (setting->pending)
		g_string_append_printf(from, " (%s after a restart)", setting->pending);
	table_text(table, setting->key ? setting->key : "?");
	table_text(table, setting->value && *setting->value ? setting->value : "-");
	table_text(table, from->str);
}

/* Prints the table of the group `name`, and frees it. */
static void print_group(struct output *output, const char *name, struct table **table)
{
	if (!*table)
		return;
	output_char(output, '[');
	output_escaped(output, name, strlen(name));
	output_text(output, "]\n");
	table_print(*table, output);
	*table = table_free(*table);
}

static int print_settings(sd_bus_message *reply, struct output *output)
{
	g_autofree char *group = g_strdup("");
	struct table *table = NULL;
	int r = sd_bus_message_enter_container(reply, 'a', "a{sv}");

	while (r >= 0 && (r = sd_bus_message_at_end(reply, 0)) == 0) {
		struct setting setting = { 0 };

		r = bus_dict_read(reply, fields, G_N_ELEMENTS(fields), &setting);
		if (r >= 0) {
			if (!setting.group || !g_str_equal(group, setting.group)) {
				if (table) {
					print_group(output, group, &table);
					output_char(output, '\n');
				}
				g_free(group);
				group = g_strdup(setting.group ? setting.group : "?");
			}
			if (!table)
				table = table_new(columns, G_N_ELEMENTS(columns));
			add_row(table, &setting);
		}
		setting_clear(&setting);
	}
	print_group(output, group, &table);
	return r;
}

int configuration_print(sd_bus *bus, struct output *output, char **ret_reason)
{
	auto_bus_message *reply = NULL;
	int r = bus_call(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "GetConfiguration", &reply,
		ret_reason);

	if (r < 0)
		return r;
	r = print_settings(reply, output);
	return r < 0 ? bus_unreadable(r, ret_reason) : 0;
}
