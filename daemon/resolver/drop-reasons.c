/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop reasons, see drop-reasons.h: the kernel's own, and those that modules have for their
 * subsystems.
 */
#include "daemon/resolver/drop-reasons.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>

#include "journal/format/names.h"

#define CORE_PREFIX      "SKB_DROP_REASON_"
#define SUBSYSTEM_PREFIX "SKB_DROP_REASON_SUBSYS_"
#define SUBSYSTEM_SHIFT  16 /* of a reason: its subsystem; 0 is the core */
#define REASONS_MAX      4096 /* that are read */

/* The sources of reasons: the module, or NULL for the kernel; the enum; the prefix that is cut off
 * its names. */
static const struct {
	const char *module;
	const char *type;
	const char *prefix;
} sources[] = {
	{ NULL, "skb_drop_reason", CORE_PREFIX },
	{ "mac80211", "mac80211_drop_reason", "" },
	{ "openvswitch", "ovs_drop_reason", "" },
};

_Static_assert(G_N_ELEMENTS(sources) == REASONS_SOURCES, "one row for each");

/* The reasons that were read, with the texts of their names. */
struct gathered {
	GArray *reasons; /* of struct reason_name */
	GStringChunk *names;
	const struct btf *kernel;
};

static const struct btf_type *enum_find(const struct btf *btf, const char *type)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);

	return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

static const char *prefix_skip(const char *name, const char *prefix)
{
	return g_str_has_prefix(name, prefix) ? name + strlen(prefix) : name;
}

/* The kernel's name of a subsystem, in lower case; its number if it has none. */
static char *subsystem_name(const struct btf *kernel, uint32_t number)
{
	const struct btf_type *found = enum_find(kernel, "skb_drop_reason_subsys");
	const struct btf_enum *members = found ? btf_enum(found) : NULL;

	for (unsigned int i = 0; members && i < btf_vlen(found); i++) {
		const char *name = btf__name_by_offset(kernel, members[i].name_off);

		if (name && (uint32_t)members[i].val == number)
			return g_ascii_strdown(prefix_skip(name, SUBSYSTEM_PREFIX), -1);
	}
	return g_strdup_printf("%u", number);
}

static void reason_add(struct gathered *gathered, uint32_t number, const char *name)
{
	g_autofree char *subsystem = NULL, *whole = NULL;
	struct reason_name reason = { .reason = number };

	if (number >> SUBSYSTEM_SHIFT != 0) {
		subsystem = subsystem_name(gathered->kernel, number >> SUBSYSTEM_SHIFT);
		whole = g_strconcat(subsystem, "/", name, NULL);
	}
	reason.name = g_string_chunk_insert(gathered->names, whole ? whole : name);
	g_array_append_val(gathered->reasons, reason);
}

static void enum_add(
	struct gathered *gathered, const struct btf *btf, const char *type, const char *prefix)
{
	const struct btf_type *found = enum_find(btf, type);
	const struct btf_enum *members = found ? btf_enum(found) : NULL;

	for (unsigned int i = 0;
		members && i < btf_vlen(found) && gathered->reasons->len < REASONS_MAX; i++) {
		const char *name = btf__name_by_offset(btf, members[i].name_off);

		if (name)
			reason_add(gathered, (uint32_t)members[i].val, prefix_skip(name, prefix));
	}
}

char *reasons_gather(const struct btf *kernel, const struct btf *const *modules)
{
	struct gathered gathered = {
		.reasons = g_array_new(FALSE, FALSE, sizeof(struct reason_name)),
		.names = g_string_chunk_new(REASONS_MAX),
		.kernel = kernel,
	};
	char *json = NULL;

	for (unsigned int i = 0; i < REASONS_SOURCES; i++) {
		if (!sources[i].module || modules[i])
			enum_add(&gathered, modules[i] ? modules[i] : kernel, sources[i].type,
				sources[i].prefix);
	}
	if (gathered.reasons->len > 0)
		json = names_reasons_new((const struct reason_name *)(void *)gathered.reasons->data,
			gathered.reasons->len);
	g_string_chunk_free(gathered.names);
	g_array_unref(gathered.reasons);
	return json;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

char *reasons_read(void)
{
	struct btf *kernel, *modules[REASONS_SOURCES] = { NULL };
	char *json = NULL;

	libbpf_set_print(print_nothing);
	kernel = btf__load_vmlinux_btf();
	for (unsigned int i = 0; kernel && i < REASONS_SOURCES; i++) {
		if (sources[i].module)
			modules[i] = btf__load_module_btf(sources[i].module, kernel);
	}
	if (kernel)
		json = reasons_gather(kernel, (const struct btf *const *)modules);
	for (unsigned int i = 0; i < REASONS_SOURCES; i++)
		btf__free(modules[i]);
	btf__free(kernel);
	return json;
}
