/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of addresses in one pass, see symbols.h: each symbol is a candidate for the first address
 * at or behind it, and the best candidate so far is the one for those that have none of their own.
 */
#include "daemon/resolver/symbols.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No function is that long: behind the last one of a module there is nothing. */
#define FUNCTION_MAX (1U << 20)

struct place {
	uint64_t address;
	size_t index; /* in the caller's list */
	uint64_t start; /* of the symbol */
	char *name; /* with its module, NULL: none yet */
};

static int place_order(const void *a, const void *b)
{
	const struct place *one = a, *other = b;

	return one->address < other->address ? -1 : one->address > other->address;
}

/* The first place at or behind `start`; `count` if there is none. */
static size_t place_behind(const struct place *places, size_t count, uint64_t start)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (places[middle].address < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* "ffffffffc0a01000 t nf_hook [nf_tables]\n", with a tab before the module. */
static void take_line(struct place *places, size_t count, char *line)
{
	char *rest;
	uint64_t start = g_ascii_strtoull(line, &rest, 16);
	size_t at;

	if (rest == line || *rest != ' ' || !strchr("tTwW", rest[1]) || rest[1] == '\0' ||
		rest[2] != ' ')
		return;
	at = place_behind(places, count, start);
	/* Of several names of one address the first counts. */
	if (at == count || (places[at].name && places[at].start >= start) ||
		places[at].address - start >= FUNCTION_MAX || start == 0)
		return;
	g_free(places[at].name);
	places[at].start = start;
	places[at].name = g_strdup(g_strdelimit(g_strchomp(rest + 3), "\t", ' '));
}

/* "name+0x42 [module]" of "name [module]". */
static char *place_text(const char *name, uint64_t offset)
{
	const char *module = strchr(name, ' ');
	int length = module ? (int)(module - name) : (int)strlen(name);

	return g_strdup_printf("%.*s+0x%" PRIx64 "%s", length, name, offset, module ? module : "");
}

static char **places_tell(const struct place *places, size_t count)
{
	char **names = g_new0(char *, count + 1);
	const struct place *best = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct place *place = &places[i];

		if (place->name && (!best || place->start >= best->start))
			best = place;
		if (best && place->address - best->start < FUNCTION_MAX)
			names[place->index] = place_text(best->name, place->address - best->start);
		else
			names[place->index] = g_strdup("");
	}
	return names;
}

int symbols_find(const char *path, const uint64_t *addresses, size_t count, char ***ret)
{
	struct place *places;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return -errno;
	places = g_new0(struct place, count);
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){ .address = addresses[i], .index = i };
	if (count > 0)
		qsort(places, count, sizeof(*places), place_order);
	while (getline(&line, &size, file) > 0)
		take_line(places, count, line);
	*ret = places_tell(places, count);
	for (size_t i = 0; i < count; i++)
		g_free(places[i].name);
	g_free(places);
	free(line);
	fclose(file);
	return 0;
}
