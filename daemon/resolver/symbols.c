/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses in one pass, see symbols.h: each symbol is a candidate for the first address
 * at or after it; an address without a candidate gets that of the address before.
 */
#include "daemon/resolver/symbols.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No function is that long: an address so far behind a symbol is not in it. */
#define FUNCTION_MAX (1U << 20)

struct wanted {
	uint64_t address;
	size_t index; /* in the caller's list */
	uint64_t start; /* of the symbol */
	char *name; /* with its module, NULL: none yet */
};

static int compare_addresses(const void *a, const void *b)
{
	const struct wanted *one = a, *other = b;

	return one->address < other->address ? -1 : one->address > other->address;
}

/* The first address at or after `start`; `count` if there is none. */
static size_t find_address(const struct wanted *wanted, size_t count, uint64_t start)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (wanted[middle].address < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* "ffffffffc0a01000 t nf_hook [nf_tables]\n", with a tab before the module. */
static void take_line(struct wanted *wanted, size_t count, char *line)
{
	char *rest;
	uint64_t start = g_ascii_strtoull(line, &rest, 16);
	size_t at;

	if (rest == line || *rest != ' ' || !strchr("tTwW", rest[1]) || rest[1] == '\0' ||
		rest[2] != ' ')
		return;
	at = find_address(wanted, count, start);
	/* Of several symbols at one address the first is used. */
	if (at == count || (wanted[at].name && wanted[at].start >= start) ||
		wanted[at].address - start >= FUNCTION_MAX || start == 0)
		return;
	g_free(wanted[at].name);
	wanted[at].start = start;
	wanted[at].name = g_strdup(g_strdelimit(g_strchomp(rest + 3), "\t", ' '));
}

/* "name+0x42 [module]" of "name [module]". */
static char *symbol_text(const char *name, uint64_t offset)
{
	const char *module = strchr(name, ' ');
	int length = module ? (int)(module - name) : (int)strlen(name);

	return g_strdup_printf("%.*s+0x%" PRIx64 "%s", length, name, offset, module ? module : "");
}

static char **name_addresses(const struct wanted *wanted, size_t count)
{
	char **names = g_new0(char *, count + 1);
	const struct wanted *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct wanted *entry = &wanted[i];

		if (entry->name && (!best || entry->start >= best->start))
			best = entry;
		if (best && entry->address - best->start < FUNCTION_MAX)
			names[entry->index] = symbol_text(best->name, entry->address - best->start);
		else
			names[entry->index] = g_strdup("");
	}
	return names;
}

int symbols_find(const char *path, const uint64_t *addresses, size_t count, char ***ret)
{
	struct wanted *wanted;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	wanted = g_new0(struct wanted, count);
	for (size_t i = 0; i < count; i++)
		wanted[i] = (struct wanted){ .address = addresses[i], .index = i };
	if (count > 0)
		qsort(wanted, count, sizeof(*wanted), compare_addresses);
	while (getline(&line, &size, file) > 0)
		take_line(wanted, count, line);
	*ret = name_addresses(wanted, count);
	for (size_t i = 0; i < count; i++)
		g_free(wanted[i].name);
	g_free(wanted);
	free(line);
	fclose(file);
	return 0;
}
