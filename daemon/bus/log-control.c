/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object org.freedesktop.LogControl1; see log-control.h. */
#include "daemon/bus/log-control.h"

#include "daemon/base/log.h"
#include "journal/base/escape.h"

#define PATH      "/org/freedesktop/LogControl1"
#define INTERFACE "org.freedesktop.LogControl1"

/* systemd's names. */
static const char *const levels[] = {
	[LOG_EMERG] = "emerg",
	[LOG_ALERT] = "alert",
	[LOG_CRIT] = "crit",
	[LOG_ERR] = "err",
	[LOG_WARNING] = "warning",
	[LOG_NOTICE] = "notice",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

static const char *const targets[] = {
	[LOG_TARGET_AUTO] = "auto",
	[LOG_TARGET_JOURNAL] = "journal",
	[LOG_TARGET_CONSOLE] = "console",
	[LOG_TARGET_NULL] = "null",
};

static int get_level(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", levels[log_level()]);
}

static int get_target(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", targets[log_target()]);
}

static int get_identifier(sd_bus *bus, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", LOG_IDENTIFIER);
}

/* The index of a name in `names`; the error lists them. */
static int read_name(sd_bus_message *value, const char *const *names, unsigned int count,
	unsigned int *ret, sd_bus_error *error)
{
	g_autofree char *excerpt = NULL;
	g_autoptr(GString) allowed = g_string_new(NULL);
	const char *name;
	int r = sd_bus_message_read(value, "s", &name);

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < count; i++) {
		if (g_str_equal(name, names[i])) {
			*ret = i;
			return 0;
		}
		g_string_append_printf(allowed, "%s%s", i > 0 ? ", " : "", names[i]);
	}
	excerpt = text_excerpt_dup(name);
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "\"%s\" must be one of %s",
		excerpt, allowed->str);
}

static int set_level(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *value, void *userdata, sd_bus_error *error)
{
	unsigned int which;
	int r = read_name(value, levels, G_N_ELEMENTS(levels), &which, error);

	if (r < 0)
		return r;
	log_set_level((int)which);
	log_debug("the log level is %s", levels[which]);
	return 0;
}

static int set_target(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *value, void *userdata, sd_bus_error *error)
{
	unsigned int which;
	int r = read_name(value, targets, G_N_ELEMENTS(targets), &which, error);

	if (r < 0)
		return r;
	log_set_target((enum log_target)which);
	return 0;
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	/* The filter of the connection lets only root set them; without the flag sd-bus would ask
	 * the bus about the caller, and wait. */
	SD_BUS_WRITABLE_PROPERTY(
		"LogLevel", "s", get_level, set_level, 0, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_WRITABLE_PROPERTY(
		"LogTarget", "s", get_target, set_target, 0, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

int log_control_serve(sd_bus *bus)
{
	return sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, vtable, NULL);
}
