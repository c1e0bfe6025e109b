/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop reasons, see reasons.h: the kernel's own, and those that modules have for their subsystems. */
#include "reasons.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>

#include "../journal/names.h"

#define CORE_PREFIX "SKB_DROP_REASON_"
#define REASONS_MAX 4096 /* that are told */

/* Who has reasons of its own: the module, or NULL for the kernel, the enum, and what its names begin
 * with besides the name. */
static const struct {
	const char *module;
	const char *type;
	const char *prefix;
} sources[] = {
	{ NULL, "skb_drop_reason", CORE_PREFIX },
	{ "mac80211", "mac80211_drop_reason", "" },
	{ "openvswitch", "ovs_drop_reason", "" },
};

static void add_enum(GArray *reasons, const struct btf *btf, const char *type, const char *prefix)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *found = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct btf_enum *members = found ? btf_enum(found) : NULL;

	for (unsigned int i = 0; members && i < btf_vlen(found) && reasons->len < REASONS_MAX;
		i++) {
		const char *name = btf__name_by_offset(btf, members[i].name_off);
		struct reason_name reason = { .reason = (uint32_t)members[i].val };

		if (!name)
			continue;
		if (g_str_has_prefix(name, prefix))
			name += strlen(prefix);
		reason.name = name;
		g_array_append_val(reasons, reason);
	}
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

char *reasons_read(void)
{
	g_autoptr(GArray) reasons = g_array_new(FALSE, FALSE, sizeof(struct reason_name));
	struct btf *kernel, *modules[G_N_ELEMENTS(sources)] = { NULL };
	char *json = NULL;

	libbpf_set_print(print_nothing);
	kernel = btf__load_vmlinux_btf();
	for (unsigned int i = 0; kernel && i < G_N_ELEMENTS(sources); i++) {
		if (sources[i].module)
			modules[i] = btf__load_module_btf(sources[i].module, kernel);
		if (!sources[i].module || modules[i])
			add_enum(reasons, modules[i] ? modules[i] : kernel, sources[i].type,
				sources[i].prefix);
	}
	if (reasons->len > 0)
		json = names_reasons_new(
			(const struct reason_name *)(void *)reasons->data, reasons->len);
	for (unsigned int i = 0; i < G_N_ELEMENTS(sources); i++)
		btf__free(modules[i]);
	btf__free(kernel);
	return json;
}
