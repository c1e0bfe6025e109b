/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks probes up in the running kernel; see probe-btf.h. */
#include "daemon/probe/probe-btf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/probe/probe-find.h"

#define BTF_FOLDER  "/sys/kernel/btf"
#define VMLINUX     "vmlinux"
#define SYMBOLS     "/proc/kallsyms"
#define EVENTS      "/sys/kernel/tracing/events"
#define EVENTS_MADE EVENTS "/skb" /* exists where events can be read */

/* The number of functions with a name. */
struct symbols {
	unsigned int exact;
	unsigned int changed; /* with .isra, .constprop or .part appended by the compiler */
};

/* A line is "address type name", and "\t[module]" for a module's symbol. */
static void symbol_take(char *line, const char *name, struct symbols *symbols)
{
	char *type = strchr(line, ' ');
	size_t length = strlen(name);

	if (!type || !strchr("tTwW", type[1]) || strncmp(type + 3, name, length) != 0)
		return;
	if (strchr("\t\n ", type[3 + length]))
		symbols->exact++;
	else if (type[3 + length] == '.')
		symbols->changed++;
}

static int symbols_count(const char *name, struct symbols *ret)
{
	g_autofree char *line = NULL;
	struct symbols symbols = { 0 };
	size_t size = 0;
	FILE *file = fopen(SYMBOLS, "re");

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0)
		symbol_take(line, name, &symbols);
	fclose(file);
	*ret = symbols;
	return 0;
}

/* A function with a type may be inlined, or exist several times. */
static int function_check(const char *name, char **ret_reason)
{
	struct symbols symbols = { 0 };
	int r = symbols_count(name, &symbols);

	if (r < 0) {
		*ret_reason = g_strdup_printf("%s can't be read: %s", SYMBOLS, g_strerror(-r));
		return r;
	}
	if (symbols.exact == 1)
		return 0;
	if (symbols.exact > 1)
		*ret_reason = g_strdup_printf(
			"the function %s can't be probed: this kernel has %u of that name", name,
			symbols.exact);
	else if (symbols.changed)
		*ret_reason = g_strdup_printf("the function %s can't be probed: the compiler "
					      "changed its arguments in this kernel",
			name);
	else
		*ret_reason = g_strdup_printf(
			"the function %s can't be probed: it is inlined in this kernel", name);
	return -EINVAL;
}

/* BTF has no groups of tracepoints, so tracefs is asked where it can be read. */
static int tracepoint_check(const char *symbol, char **ret_reason)
{
	g_autofree char *path = g_strconcat(EVENTS "/", symbol, NULL);

	path[strlen(EVENTS "/") + (size_t)(strchr(symbol, ':') - symbol)] = '/';
	if (access(path, F_OK) == 0 || access(EVENTS_MADE, F_OK) < 0)
		return 0;
	*ret_reason = g_strdup_printf("the kernel has no tracepoint %s", symbol);
	return -EINVAL;
}

static int probe_check(const struct probe_spec *spec, char **ret_reason)
{
	return spec->type == EVENT_ATTACH_RAW_TRACEPOINT
		? tracepoint_check(spec->symbol, ret_reason)
		: function_check(spec->symbol, ret_reason);
}

static int find_in_modules(struct btf *vmlinux, const struct probe_spec *spec,
	struct probe_config *ret, char **ret_reason)
{
	g_autoptr(GDir) folder = g_dir_open(BTF_FOLDER, 0, NULL);
	const char *name;
	int r = -ENOENT;

	while (r == -ENOENT && folder && (name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(BTF_FOLDER, name, NULL);
		struct btf *module;

		if (g_str_equal(name, VMLINUX))
			continue;
		module = btf__parse_split(path, vmlinux);
		/* The module was just unloaded. */
		if (!module)
			continue;
		r = probe_find(module, spec, ret, ret_reason);
		btf__free(module);
	}
	return r;
}

static int refuse_unknown(
	const struct btf *vmlinux, const struct probe_spec *spec, char **ret_reason)
{
	g_autofree char *like = probe_suggest(vmlinux, spec);
	const char *kind = spec->type == EVENT_ATTACH_RAW_TRACEPOINT ? "tracepoint" : "function";

	if (like)
		*ret_reason = g_strdup_printf(
			"the kernel has no %s %s: is it %s?", kind, spec->symbol, like);
	else
		*ret_reason = g_strdup_printf("the kernel, with the modules that are loaded, has "
					      "no %s %s",
			kind, spec->symbol);
	return -EINVAL;
}

static int spec_look_up(struct btf *vmlinux, const struct probe_spec *spec,
	struct probe_config *ret, char **ret_reason)
{
	int r = probe_find(vmlinux, spec, ret, ret_reason);

	if (r == -ENOENT)
		r = find_in_modules(vmlinux, spec, ret, ret_reason);
	if (r == -ENOENT)
		return refuse_unknown(vmlinux, spec, ret_reason);
	return r < 0 ? r : probe_check(spec, ret_reason);
}

int probes_look_up(const GArray *specs, struct probe_config *ret, char **ret_reason)
{
	struct btf *vmlinux;
	int r = 0;

	if (!specs->len)
		return 0;
	vmlinux = btf__parse(BTF_FOLDER "/" VMLINUX, NULL);
	if (!vmlinux) {
		*ret_reason = g_strdup("the kernel has no type information (" BTF_FOLDER "/" VMLINUX
				       "): it needs CONFIG_DEBUG_INFO_BTF");
		return -ENODATA;
	}
	for (unsigned int i = 0; i < specs->len && r == 0; i++) {
		const struct probe_spec *spec = &g_array_index(specs, struct probe_spec, i);

		/* Each session has this probe, with a configuration of its own. */
		if (!probe_spec_is_nft(spec))
			r = spec_look_up(vmlinux, spec, &ret[i], ret_reason);
	}
	btf__free(vmlinux);
	return r;
}
