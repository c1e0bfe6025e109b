/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches the kernel's uevents for the module nf_tables being loaded and removed. Owned by the
 * control thread; the handler is called from its event loop.
 */
#ifndef NFTTRACED_DAEMON_PIPELINE_MODULE_WATCH_H
#define NFTTRACED_DAEMON_PIPELINE_MODULE_WATCH_H

#include <stddef.h>
#include <systemd/sd-event.h>

enum module_change {
	MODULE_UNCHANGED = 0, /* the event is about something else */
	MODULE_ADDED,
	MODULE_REMOVED,
};

/* The change of nf_tables that a uevent message of the kernel reports. */
enum module_change module_change_parse(const char *message, size_t size);

struct module_watch;

typedef void (*module_watch_handler)(void *context, enum module_change change);

/* Starts to listen. Negative errno. */
int module_watch_new(
	sd_event *event, module_watch_handler handler, void *context, struct module_watch **ret);

/* Accepts NULL; returns NULL. */
struct module_watch *module_watch_free(struct module_watch *watch);

#endif
