/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's types as far as the BPF programs name them, picked from made-up type information.
 * Needs no kernel.
 */
#include <bpf/btf.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/pipeline/pipeline-private.h"

#define OTHERS     100 /* types that no program names */
#define HEAD_BITS  704
#define INNER_BITS 64
#define KEPT       "pt_regs"

static struct btf *kernel, *module, *picked;
static int kept, fd = -1;

static int struct_add(
	struct btf *btf, const char *name, const char *member, int type, uint32_t bits)
{
	int id = btf__add_struct(btf, name, HEAD_BITS);

	ck_assert_int_gt(id, 0);
	ck_assert_int_eq(btf__add_field(btf, member, type, bits, 0), 0);
	return id;
}

/* A kernel with two of the types that the programs name, and one of them in a module, too. */
static void setup(void)
{
	int number, inner, unused;

	kernel = btf__new_empty();
	number = btf__add_int(kernel, "int", 4, 0);
	unused = struct_add(kernel, "unused", "value", number, 0);
	for (int i = 0; i < OTHERS; i++)
		btf__add_ptr(kernel, unused);
	kept = struct_add(kernel, KEPT, "ip", number, 0);
	inner = struct_add(kernel, "inner", "value", number, 0);
	struct_add(kernel, "sk_buff", "head", btf__add_ptr(kernel, unused), HEAD_BITS);
	ck_assert_int_eq(btf__add_field(kernel, "inside", inner, INNER_BITS, 0), 0);

	module = btf__new_empty_split(kernel);
	struct_add(module, "sk_buff", "strange", number, 0);
	struct_add(module, "nft_chain", "handle", number, 0);
}

static void teardown(void)
{
	btf__free(picked);
	btf__free(module);
	btf__free(kernel);
	if (fd >= 0)
		close(fd);
	picked = NULL;
	fd = -1;
}

static int pick(const char *name)
{
	char path[64];
	int r = kernel_types_pick(module, btf__type_cnt(kernel), name, &fd);

	ck_assert_int_ge(r, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	picked = btf__parse(path, NULL);
	ck_assert_ptr_nonnull(picked);
	return r;
}

static const struct btf_type *type_named(const char *name)
{
	int id = btf__find_by_name_kind(picked, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(picked, (uint32_t)id) : NULL;
}

static const char *member_name(const struct btf_type *type, int member)
{
	return btf__name_by_offset(picked, btf_members(type)[member].name_off);
}

START_TEST(named_types_are_included_with_their_members)
{
	const struct btf_type *skb, *inside;

	pick(KEPT);
	skb = type_named("sk_buff");
	ck_assert_ptr_nonnull(skb);
	ck_assert_int_eq(btf_vlen(skb), 2);
	ck_assert_str_eq(member_name(skb, 0), "head");
	ck_assert_uint_eq(btf_member_bit_offset(skb, 0), HEAD_BITS);
	ck_assert_str_eq(member_name(skb, 1), "inside");
	ck_assert_uint_eq(btf_member_bit_offset(skb, 1), INNER_BITS);
	inside = btf__type_by_id(picked, btf_members(skb)[1].type);
	ck_assert_str_eq(btf__name_by_offset(picked, inside->name_off), "inner");
}
END_TEST

START_TEST(types_behind_pointers_are_left_out)
{
	const struct btf_type *pointer;

	pick(KEPT);
	ck_assert_ptr_null(type_named("unused"));
	pointer = btf__type_by_id(picked, btf_members(type_named("sk_buff"))[0].type);
	ck_assert(btf_is_ptr(pointer));
	ck_assert_uint_eq(pointer->type, 0);
}
END_TEST

START_TEST(a_module_counts_for_what_the_kernel_does_not_have)
{
	uint32_t types = 0;

	pick(KEPT);
	ck_assert_ptr_nonnull(type_named("nft_chain"));
	for (uint32_t id = 1; id < btf__type_cnt(picked); id++) {
		const struct btf_type *type = btf__type_by_id(picked, id);

		if (strcmp(btf__name_by_offset(picked, type->name_off), "sk_buff") == 0)
			types++;
	}
	ck_assert_uint_eq(types, 1);
}
END_TEST

START_TEST(the_type_that_the_programs_tell_by_its_number_keeps_it)
{
	ck_assert_int_eq(pick(KEPT), 1);
	ck_assert_int_eq(btf__find_by_name_kind(picked, KEPT, BTF_KIND_STRUCT), kept);
}
END_TEST

START_TEST(missing_type_is_reported)
{
	ck_assert_int_eq(pick("nobody"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("types");
	TCase *tcase = tcase_create("types");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, named_types_are_included_with_their_members);
	tcase_add_test(tcase, types_behind_pointers_are_left_out);
	tcase_add_test(tcase, a_module_counts_for_what_the_kernel_does_not_have);
	tcase_add_test(tcase, the_type_that_the_programs_tell_by_its_number_keeps_it);
	tcase_add_test(tcase, missing_type_is_reported);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
