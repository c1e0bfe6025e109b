/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the running kernel allows and looks like, and what to do where it does not do. */
#include "pipeline-private.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KERNEL_BTF     "/sys/kernel/btf/vmlinux"
#define MODULE_BTF     "/sys/kernel/btf/" PIPELINE_MODULE
#define MODULE_FOLDER  "/sys/module/" PIPELINE_MODULE
#define LOCKDOWN       "/sys/kernel/security/lockdown"
#define SYMBOLS        "/proc/kallsyms"
#define KPROBE_TYPE    "/sys/bus/event_source/devices/kprobe/type"
#define PERF_PARANOID  "/proc/sys/kernel/perf_event_paranoid"
#define ERROR_MAX      128 /* bytes of libbpf's words for an error */
#define PARANOID_ADMIN 3 /* Debian: perf events take CAP_SYS_ADMIN */

/* What is looked for among the kernel's symbols. */
struct symbols {
	bool function;
	uint64_t vmemmap_base;
	uint64_t page_offset_base;
};

ino_t kernel_module_inode(void)
{
	struct stat status;

	return stat(MODULE_FOLDER, &status) < 0 ? 0 : status.st_ino;
}

static void symbol_take(struct symbols *symbols, const char *address, const char *name)
{
	if (strcmp(name, PIPELINE_FUNCTION) == 0)
		symbols->function = true;
	else if (strcmp(name, "vmemmap_base") == 0)
		symbols->vmemmap_base = g_ascii_strtoull(address, NULL, 16);
	else if (strcmp(name, "page_offset_base") == 0)
		symbols->page_offset_base = g_ascii_strtoull(address, NULL, 16);
}

/* A line is "address type name", with "\t[module]" behind it for a module's symbol. */
static int symbols_read(struct symbols *ret)
{
	g_autofree char *line = NULL;
	size_t size = 0;
	FILE *file = fopen(SYMBOLS, "re");

	if (!file)
		return -errno;
	while (getline(&line, &size, file) > 0) {
		char *type = strchr(line, ' ');
		char *name = type ? strchr(type + 1, ' ') : NULL;

		if (!name)
			continue;
		name++;
		name[strcspn(name, "\t\n ")] = '\0';
		symbol_take(ret, line, name);
	}
	fclose(file);
	return 0;
}

/* True if the kernel's lockdown level forbids reading its memory. */
static bool kernel_is_locked_down(void)
{
	g_autofree char *level = NULL;

	return g_file_get_contents(LOCKDOWN, &level, NULL, NULL) &&
		strstr(level, "[confidentiality]");
}

static int function_find(const struct btf *btf, struct kernel_facts *facts)
{
	int id = btf__find_by_name_kind(btf, PIPELINE_FUNCTION, BTF_KIND_FUNC);
	const struct btf_type *type;

	if (id < 0)
		return id;
	type = btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type);
	facts->function_id = (uint32_t)id;
	facts->layout = btf_vlen(type);
	return 0;
}

/* The function's type, from the module's BTF, or from the kernel's where nf_tables is built in. */
static int layout_read(struct kernel_facts *facts, char **ret_reason)
{
	struct btf *kernel = btf__parse(KERNEL_BTF, NULL), *module = NULL;
	int r;

	if (!kernel) {
		char why[ERROR_MAX];

		libbpf_strerror(errno, why, sizeof(why));
		*ret_reason = g_strdup_printf("the kernel's type information (" KERNEL_BTF
					      ") can't be read (%s): it "
					      "needs CONFIG_DEBUG_INFO_BTF",
			why);
		return -ENODATA;
	}
	facts->direct_loads = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	r = function_find(kernel, facts);
	if (r < 0) {
		module = btf__parse_split(MODULE_BTF, kernel);
		if (module) {
			r = function_find(module, facts);
			facts->module_btf = true;
		}
	}
	btf__free(module);
	btf__free(kernel);
	if (r < 0) {
		*ret_reason = g_strdup("the kernel has no type information of nf_tables: it needs "
				       "CONFIG_DEBUG_INFO_BTF_MODULES");
		return -ENODATA;
	}
	if (facts->layout != 3 && facts->layout != 5) {
		*ret_reason = g_strdup_printf(PIPELINE_FUNCTION
			" has %u arguments in this kernel, which this version does not know",
			facts->layout);
		return -EOPNOTSUPP;
	}
	return 0;
}

int kernel_facts_read(struct kernel_facts *ret, char **ret_reason)
{
	struct kernel_facts facts = {};
	struct symbols symbols = {};
	int r;

	/* It would write to standard error; what it has to say is in our sentence. */
	libbpf_set_print(NULL);
	if (access(KERNEL_BTF, F_OK) < 0) {
		*ret_reason = g_strdup("the kernel has no type information (" KERNEL_BTF
				       "): it needs CONFIG_DEBUG_INFO_BTF");
		return -ENODATA;
	}
	if (kernel_is_locked_down()) {
		*ret_reason = g_strdup("the kernel is locked down (" LOCKDOWN
				       " says confidentiality): start it with lockdown=integrity "
				       "or without lockdown");
		return -EPERM;
	}
	if (access(KPROBE_TYPE, F_OK) < 0) {
		*ret_reason = g_strdup("the kernel has no kprobes: it needs CONFIG_KPROBE_EVENTS");
		return -EOPNOTSUPP;
	}
	r = symbols_read(&symbols);
	if (r < 0) {
		*ret_reason = g_strdup_printf("%s can't be read: %s", SYMBOLS, g_strerror(-r));
		return r;
	}
	facts.module_inode = kernel_module_inode();
	if (!symbols.function) {
		if (!facts.module_inode) {
			*ret_reason =
				g_strdup("nf_tables is not loaded: run \"modprobe nf_tables\"");
			return -ENOENT;
		}
		*ret_reason = g_strdup("the kernel has no function " PIPELINE_FUNCTION
				       " to probe: it needs 5.17 or later");
		return -EOPNOTSUPP;
	}
	facts.vmemmap_base = symbols.vmemmap_base;
	facts.page_offset_base = symbols.page_offset_base;
	r = layout_read(&facts, ret_reason);
	if (r < 0)
		return r;
	*ret = facts;
	return 0;
}

char *kernel_refusal(const char *what, int error)
{
	g_autofree char *paranoid = NULL;

	if (error != -EPERM && error != -EACCES)
		return g_strdup_printf("%s: %s", what, g_strerror(-error));
	if (g_file_get_contents(PERF_PARANOID, &paranoid, NULL, NULL) &&
		atoi(paranoid) >= PARANOID_ADMIN)
		return g_strdup_printf("%s: not permitted: it takes CAP_SYS_ADMIN, or "
				       "kernel.perf_event_paranoid=2 and CAP_BPF and CAP_PERFMON",
			what);
	return g_strdup_printf("%s: not permitted: it takes CAP_BPF, CAP_PERFMON and, to attach by "
			       "fentry, CAP_SYS_ADMIN",
		what);
}
