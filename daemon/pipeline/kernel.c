/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about the running kernel, and the remedies where it lacks something. */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

#define KERNEL_BTF     "/sys/kernel/btf/vmlinux"
#define MODULE_BTF     "/sys/kernel/btf/" PIPELINE_MODULE
#define MODULE_FOLDER  "/sys/module/" PIPELINE_MODULE
#define LOCKDOWN       "/sys/kernel/security/lockdown"
#define PERF_PARANOID  "/proc/sys/kernel/perf_event_paranoid"
#define WORDS_TYPE     "pt_regs" /* see bpf/read.h */
#define REASONS_TYPE   "skb_drop_reason"
#define ERROR_MAX      128 /* bytes of libbpf's text for an error */
#define PARANOID_ADMIN 3 /* Debian: perf events take CAP_SYS_ADMIN */

static const char *const function_names[KERNEL_FUNCTIONS] = {
	[KERNEL_TRACE] = PIPELINE_FUNCTION,
	[KERNEL_RDONLY_CAST] = "bpf_rdonly_cast",
	[KERNEL_FREE] = "skb_free_head",
	[KERNEL_PARTIAL] = "kfree_skb_partial",
	[KERNEL_STOLEN] = "napi_skb_free_stolen_head",
	[KERNEL_REUSE] = "napi_reuse_skb",
	[KERNEL_EXPAND] = "pskb_expand_head",
	[KERNEL_COPY] = "skb_copy_header",
	[KERNEL_SEGMENT] = "skb_segment",
	[KERNEL_SEGMENT_LIST] = "skb_segment_list",
	[KERNEL_FRAGMENT] = "ip_copy_metadata",
	[KERNEL_FRAGMENT6] = "ip6_copy_metadata",
	[KERNEL_SEND] = "ip_queue_xmit",
	[KERNEL_SEND6] = "inet6_csk_xmit",
};

ino_t kernel_module_inode(void)
{
	struct stat status;

	return stat(MODULE_FOLDER, &status) < 0 ? 0 : status.st_ino;
}

char *kernel_lockdown(void)
{
	g_autofree char *level = NULL;

	if (!g_file_get_contents(LOCKDOWN, &level, NULL, NULL) ||
		!strstr(level, "[confidentiality]"))
		return NULL;
	return g_strdup("the kernel is locked down (" LOCKDOWN " says confidentiality): start it "
			"with lockdown=integrity or without lockdown");
}

/* Searches the types from `first` on for all functions whose id is not known yet. */
static void functions_find(const struct btf *btf, uint32_t first, uint32_t ids[KERNEL_FUNCTIONS])
{
	uint32_t end = btf__type_cnt(btf);

	for (uint32_t id = first; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_func(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		for (unsigned int i = 0; i < KERNEL_FUNCTIONS; i++) {
			if (!ids[i] && name[0] == function_names[i][0] &&
				strcmp(name, function_names[i]) == 0)
				ids[i] = id;
		}
	}
}

uint32_t kernel_function_id(const struct kernel_facts *facts, const char *name)
{
	for (unsigned int i = 0; i < KERNEL_FUNCTIONS; i++) {
		if (strcmp(name, function_names[i]) == 0)
			return facts->functions[i];
	}
	return 0;
}

static uint32_t function_arguments(const struct btf *btf, uint32_t id)
{
	return btf_vlen(btf__type_by_id(btf, btf__type_by_id(btf, id)->type));
}

static int kernel_types_open(struct btf **ret, char **ret_reason)
{
	char why[ERROR_MAX];

	*ret = btf__parse(KERNEL_BTF, NULL);
	if (*ret)
		return 0;
	libbpf_strerror(errno, why, sizeof(why));
	*ret_reason = g_strdup_printf("the kernel's type information (" KERNEL_BTF
				      ") can't be read (%s): it needs CONFIG_DEBUG_INFO_BTF",
		why);
	return -ENODATA;
}

/* Types from `kernel_end` on are the module's. */
static int types_read(
	const struct btf *types, uint32_t kernel_end, struct kernel_facts *facts, char **ret_reason)
{
	int r;

	functions_find(types, kernel_end, facts->functions);
	if (!facts->functions[KERNEL_TRACE])
		return 0;
	facts->layout = function_arguments(types, facts->functions[KERNEL_TRACE]);
	r = kernel_types_pick(types, kernel_end, WORDS_TYPE, &facts->types);
	if (r < 0) {
		*ret_reason =
			g_strdup_printf("the kernel's types can't be copied: %s", g_strerror(-r));
		return r;
	}
	facts->direct_loads = r > 0 && facts->functions[KERNEL_RDONLY_CAST];
	return 0;
}

static int module_types_read(struct btf *kernel, struct kernel_facts *facts, char **ret_reason)
{
	struct btf *module = btf__parse_split(MODULE_BTF, kernel);
	int r;

	if (!module) {
		*ret_reason = g_strdup("the kernel has no type information of nf_tables: it needs "
				       "CONFIG_DEBUG_INFO_BTF_MODULES");
		return -ENODATA;
	}
	r = types_read(module, btf__type_cnt(kernel), facts, ret_reason);
	btf__free(module);
	return r;
}

/* Reads the kernel's types, and the module's if nf_tables is a module. */
static int functions_read(struct kernel_facts *facts, char **ret_reason)
{
	struct btf *kernel;
	int r = kernel_types_open(&kernel, ret_reason);

	if (r < 0)
		return r;
	functions_find(kernel, 1, facts->functions);
	facts->drop_reasons = btf__find_by_name_kind(kernel, REASONS_TYPE, BTF_KIND_ENUM) > 0;
	facts->module_btf = !facts->functions[KERNEL_TRACE];
	if (!facts->module_btf)
		r = types_read(kernel, btf__type_cnt(kernel), facts, ret_reason);
	else if (facts->module_inode)
		r = module_types_read(kernel, facts, ret_reason);
	btf__free(kernel);
	return r;
}

static int layout_check(const struct kernel_facts *facts, char **ret_reason)
{
	if (!facts->functions[KERNEL_TRACE] && !facts->module_inode) {
		*ret_reason = g_strdup("nf_tables is not loaded: run \"modprobe nf_tables\"");
		return -ENOENT;
	}
	if (!facts->functions[KERNEL_TRACE]) {
		*ret_reason = g_strdup("the kernel has no function " PIPELINE_FUNCTION
				       " to probe: it needs 5.17 or later");
		return -EOPNOTSUPP;
	}
	if (facts->layout != 3 && facts->layout != 5) {
		*ret_reason = g_strdup_printf(PIPELINE_FUNCTION
			" has %u arguments in this kernel, which this version does not support",
			facts->layout);
		return -EOPNOTSUPP;
	}
	return 0;
}

int kernel_facts_read(struct kernel_facts *ret, char **ret_reason)
{
	struct kernel_facts facts = { .types = -1 };
	char *lockdown;
	int r;

	if (access(KERNEL_BTF, F_OK) < 0) {
		*ret_reason = g_strdup("the kernel has no type information (" KERNEL_BTF
				       "): it needs CONFIG_DEBUG_INFO_BTF");
		return -ENODATA;
	}
	lockdown = kernel_lockdown();
	if (lockdown) {
		*ret_reason = lockdown;
		return -EPERM;
	}
	if (access(KPROBE_TYPE, F_OK) < 0) {
		*ret_reason = g_strdup("the kernel has no kprobes: it needs CONFIG_KPROBE_EVENTS");
		return -EOPNOTSUPP;
	}
	facts.module_inode = kernel_module_inode();
	r = functions_read(&facts, ret_reason);
	if (r == 0)
		r = layout_check(&facts, ret_reason);
	if (r < 0) {
		fd_close(&facts.types);
		return r;
	}
	*ret = facts;
	return 0;
}

char *kernel_refusal(const char *what, int error)
{
	g_autofree char *paranoid = NULL;
	char *lockdown;

	if (error != -EPERM && error != -EACCES)
		return g_strdup_printf("%s: %s", what, g_strerror(-error));
	lockdown = kernel_lockdown();
	if (lockdown)
		return lockdown;
	if (g_file_get_contents(PERF_PARANOID, &paranoid, NULL, NULL) &&
		atoi(paranoid) >= PARANOID_ADMIN)
		return g_strdup_printf(
			"%s: not permitted: run it as root, with CAP_SYS_ADMIN, or with "
			"kernel.perf_event_paranoid=2 and CAP_BPF and CAP_PERFMON",
			what);
	return g_strdup_printf("%s: not permitted: run it as root, with CAP_BPF, CAP_PERFMON and, "
			       "to attach by fentry, CAP_SYS_ADMIN",
		what);
}
