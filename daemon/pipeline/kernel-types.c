/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies the kernel's types that the BPF object names to BTF of their own. libbpf searches all
 * types of the kernel and its modules, more than a hundred thousand, for each of these names; in
 * the copy it finds them at once.
 */
#include "daemon/pipeline/pipeline-private.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/pipeline.skel.h"
#include "journal/base/cleanup.h"

#define FLAVOR "___" /* begins a suffix of a type's name that libbpf ignores */

struct copy {
	const struct btf *from;
	struct btf *to;
	int *ids; /* by a type's number in `from`: its number in `to`; 0: not copied */
	int pointer; /* number of `void *`, which stands for every pointer */
};

static bool type_is_named(const struct btf_type *type)
{
	return btf_is_composite(type) || btf_is_any_enum(type);
}

/* The set of the names of the object's types. */
static GHashTable *names_wanted(void)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct pipeline_bpf *skeleton = pipeline_bpf__open();
	const struct btf *btf = skeleton ? bpf_object__btf(skeleton->obj) : NULL;

	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);
		const char *flavor = strstr(name, FLAVOR);

		if (type_is_named(type) && *name)
			g_hash_table_add(names,
				flavor ? g_strndup(name, (size_t)(flavor - name)) : g_strdup(name));
	}
	pipeline_bpf__destroy(skeleton);
	return names;
}

static int type_copy(struct copy *copy, uint32_t id);

/* Copies the parts of a type: a struct's members, an array's elements, a typedef's type. */
static int parts_copy(struct copy *copy, const struct btf_type *type)
{
	int r = 0;

	if (btf_is_composite(type)) {
		for (unsigned int i = 0; r >= 0 && i < btf_vlen(type); i++)
			r = type_copy(copy, btf_members(type)[i].type);
	} else if (btf_is_array(type)) {
		r = type_copy(copy, btf_array(type)->type);
		if (r >= 0)
			r = type_copy(copy, btf_array(type)->index_type);
	} else if (btf_is_mod(type) || btf_is_typedef(type)) {
		r = type_copy(copy, type->type);
	}
	return r;
}

/* A copied type still has the numbers of its parts in `from`. */
static void parts_renumber(const struct copy *copy, struct btf_type *type)
{
	if (btf_is_composite(type)) {
		for (unsigned int i = 0; i < btf_vlen(type); i++)
			btf_members(type)[i].type = (uint32_t)copy->ids[btf_members(type)[i].type];
	} else if (btf_is_array(type)) {
		btf_array(type)->type = (uint32_t)copy->ids[btf_array(type)->type];
		btf_array(type)->index_type = (uint32_t)copy->ids[btf_array(type)->index_type];
	} else if (btf_is_mod(type) || btf_is_typedef(type)) {
		type->type = (uint32_t)copy->ids[type->type];
	}
}

/*
 * Copies a type and its parts, but not the targets of pointers, which the programs do not need. So
 * the recursion ends: only a pointer can lead back to a type that is being copied.
 */
static int type_copy(struct copy *copy, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(copy->from, id);
	int r;

	if (!id || copy->ids[id])
		return 0;
	if (!type)
		return -EINVAL;
	if (btf_is_ptr(type)) {
		copy->ids[id] = copy->pointer;
		return 0;
	}
	r = parts_copy(copy, type);
	if (r >= 0)
		r = btf__add_type(copy->to, copy->from, type);
	if (r < 0)
		return r;
	copy->ids[id] = r;
	parts_renumber(copy, (struct btf_type *)btf__type_by_id(copy->to, (uint32_t)r));
	return 0;
}

/*
 * The programs pass the number of this type to the kernel, so it must keep it: pointers fill the
 * numbers before.
 */
static int type_keep(struct copy *copy, const char *name)
{
	int id = btf__find_by_name_kind(copy->from, name, BTF_KIND_STRUCT), r;

	if (id < 0)
		return 0;
	r = parts_copy(copy, btf__type_by_id(copy->from, (uint32_t)id));
	while (r >= 0 && btf__type_cnt(copy->to) < (uint32_t)id)
		r = btf__add_ptr(copy->to, 0);
	if (r >= 0)
		r = type_copy(copy, (uint32_t)id);
	return r < 0 ? r : copy->ids[id] == id;
}

/* Copies the wanted types among those from `first` to before `end`; `found` gets their names. */
static int types_copy(
	struct copy *copy, uint32_t first, uint32_t end, GHashTable *wanted, GHashTable *found)
{
	for (uint32_t id = first; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(copy->from, id);
		const char *name = btf__name_by_offset(copy->from, type->name_off);
		int r;

		if (!type_is_named(type) || !g_hash_table_contains(wanted, name))
			continue;
		r = type_copy(copy, id);
		if (r < 0)
			return r;
		g_hash_table_add(found, (char *)name);
	}
	return 0;
}

/* As in libbpf, a module's type counts only if the kernel has none of this name. */
static int types_copy_all(struct copy *copy, uint32_t kernel_end)
{
	g_autoptr(GHashTable) wanted = names_wanted();
	g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iterator;
	gpointer name;
	int r;

	r = types_copy(copy, 1, kernel_end, wanted, found);
	if (r < 0)
		return r;
	g_hash_table_iter_init(&iterator, found);
	while (g_hash_table_iter_next(&iterator, &name, NULL))
		g_hash_table_remove(wanted, name);
	return types_copy(copy, kernel_end, btf__type_cnt(copy->from), wanted, found);
}

static int data_keep(const void *data, uint32_t size, int *ret_fd)
{
	auto_fd fd = memfd_create("types", MFD_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, data, size);
	if (written < 0)
		return -errno;
	if ((uint32_t)written != size)
		return -EIO;
	*ret_fd = fd_steal(&fd);
	return 0;
}

int kernel_types_pick(const struct btf *types, uint32_t kernel_end, const char *kept, int *ret_fd)
{
	struct copy copy = { .from = types, .to = btf__new_empty() };
	const void *data;
	uint32_t size;
	int is_kept = 0, r;

	if (!copy.to)
		return -errno;
	copy.ids = g_new0(int, btf__type_cnt(types));
	r = copy.pointer = btf__add_ptr(copy.to, 0);
	if (r >= 0)
		r = is_kept = type_keep(&copy, kept);
	if (r >= 0)
		r = types_copy_all(&copy, kernel_end);
	if (r == 0) {
		data = btf__raw_data(copy.to, &size);
		r = data ? data_keep(data, size, ret_fd) : -ENOMEM;
	}
	g_free(copy.ids);
	btf__free(copy.to);
	return r < 0 ? r : is_kept;
}
