/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as they are printed; parsing is tested in test_cli_parse. */
#include <check.h>
#include <stdlib.h>

#include "journal/base/amounts.h"

#define SEC 1000000ULL

static char text[AMOUNT_SIZE];

START_TEST(bytes_have_the_unit_that_fits)
{
	ck_assert_str_eq(amount_bytes(0, text), "0 B");
	ck_assert_str_eq(amount_bytes(1023, text), "1023 B");
	ck_assert_str_eq(amount_bytes(1024, text), "1.0 KiB");
	ck_assert_str_eq(amount_bytes(8448, text), "8.3 KiB");
	ck_assert_str_eq(amount_bytes(8550, text), "8.3 KiB");
	ck_assert_str_eq(amount_bytes(8551, text), "8.4 KiB");
	ck_assert_str_eq(amount_bytes(1048524, text), "1023.9 KiB");
	ck_assert_str_eq(amount_bytes(1048525, text), "1.0 MiB");
	ck_assert_str_eq(amount_bytes(UINT64_MAX, text), "16.0 EiB");
}
END_TEST

START_TEST(spans_have_two_units_at_most)
{
	ck_assert_str_eq(amount_duration(0, text), "0 s");
	ck_assert_str_eq(amount_duration(400000, text), "0.4 s");
	ck_assert_str_eq(amount_duration(SEC, text), "1 s");
	ck_assert_str_eq(amount_duration(2500000, text), "2.5 s");
	ck_assert_str_eq(amount_duration(9960000, text), "10 s");
	ck_assert_str_eq(amount_duration(10 * SEC + 40000, text), "10 s");
	ck_assert_str_eq(amount_duration(60 * SEC, text), "1 min");
	ck_assert_str_eq(amount_duration(200 * SEC, text), "3 min 20 s");
	ck_assert_str_eq(amount_duration(7500 * SEC, text), "2 h 5 min");
	ck_assert_str_eq(amount_duration(86400 * SEC, text), "1 d");
	ck_assert_str_eq(amount_duration(86400 * 3 * SEC + 4 * 3600 * SEC, text), "3 d 4 h");
}
END_TEST

START_TEST(one_is_singular)
{
	ck_assert_str_eq(amount_count(0, "packet", text), "0 packets");
	ck_assert_str_eq(amount_count(1, "packet", text), "1 packet");
	ck_assert_str_eq(amount_count(UINT64_MAX, "packet", text), "18446744073709551615 packets");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("amounts");
	TCase *tcase = tcase_create("amounts");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, bytes_have_the_unit_that_fits);
	tcase_add_test(tcase, spans_have_two_units_at_most);
	tcase_add_test(tcase, one_is_singular);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
