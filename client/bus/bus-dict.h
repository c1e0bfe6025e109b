/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the a{sv} that the daemon answers with into a struct, by a table of its fields. Keys that
 * the table does not know, or whose type is another one, are passed over: daemon and client may
 * differ in age. Strings and lists belong to the struct and are freed by its owner.
 */
#ifndef NFTTRACED_CLIENT_BUS_BUS_DICT_H
#define NFTTRACED_CLIENT_BUS_BUS_DICT_H

#include <stddef.h>
#include <systemd/sd-bus.h>

enum bus_dict_type {
	BUS_DICT_STRING, /* s: char * */
	BUS_DICT_NUMBER, /* t or u: uint64_t */
	BUS_DICT_BOOLEAN, /* b: bool */
	BUS_DICT_STRINGS, /* as: char **, NULL-terminated */
	BUS_DICT_LOSSES, /* a{st}: uint64_t[LOSS_REASONS], by loss_reason_name */
	BUS_DICT_PAIRS, /* a{st}, a{ss} or a{sv}: char **, names and values as text in turn */
};

struct bus_dict_field {
	const char *key;
	enum bus_dict_type type;
	size_t offset; /* in the struct */
};

/* Reads the dictionary at the message's position into `ret`; negative errno. */
int bus_dict_read(
	sd_bus_message *message, const struct bus_dict_field *fields, size_t count, void *ret);

#endif
