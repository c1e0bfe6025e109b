/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters as JSON lines; see drop-text.h. */
#include "client/report/drop-text.h"
#include "journal/json/json-output.h"

static void optional_name(struct output *output, const char *before, const char *name)
{
	if (name)
		json_name(output, before, name);
}

static void print_drop(const struct drop *drop, struct output *output)
{
	json_name(output, "{\"family\":", drop->family);
	json_name(output, ",\"table\":", drop->table);
	json_number(output, ",\"table_handle\":", drop->table_handle);
	json_name(output, ",\"chain\":", drop->chain);
	json_number(output, ",\"chain_handle\":", drop->chain_handle);
	if (!drop->policy)
		json_number(output, ",\"handle\":", drop->handle);
	json_flag(output, ",\"policy\":", drop->policy);
	optional_name(output, ",\"rule\":", drop->rule);
	optional_name(output, ",\"netns\":", drop->netns);
	json_number(output, ",\"netns_inode\":", drop->netns_inode);
	if (drop->netns_gone)
		json_flag(output, ",\"netns_gone\":", true);
	json_number(output, ",\"netns_cookie\":", drop->netns_cookie);
	json_number(output, ",\"packets\":", drop->packets);
	json_number(output, ",\"bytes\":", drop->bytes);
	json_number(output, ",\"first\":", drop->first);
	json_number(output, ",\"last\":", drop->last);
	optional_name(output, ",\"example\":", drop->example);
	json_literal(output, "}\n");
}

void drop_json_print(const struct drop_list *list, struct output *output)
{
	for (unsigned int i = 0; i < list->drops->len; i++)
		print_drop(g_ptr_array_index(list->drops, i), output);
	json_number(output, "{\"total\":{\"packets\":", list->packets);
	json_number(output, ",\"bytes\":", list->bytes);
	json_number(output, ",\"uncounted\":", list->uncounted);
	if (list->missed != DROP_MISSED_UNKNOWN)
		json_number(output, ",\"missed\":", list->missed);
	json_literal(output, "}}\n");
}
