/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New names in a journal are requested once for each segment, and again if there was no room. */
#include "daemon/recorder/name-requests.h"

#include <check.h>
#include <glib.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kit/synthetic.h"

#define ONE   0
#define OTHER 5

static struct name_requests *requests;

static void set_up(void)
{
	ck_assert_int_eq(name_requests_new(&requests), 0);
	name_requests_begin(requests, ONE, 11);
	name_requests_segment(requests, ONE, 1);
}

static void tear_down(void)
{
	requests = name_requests_free(requests);
}

static void rule_event(uint64_t bits, uint64_t rule)
{
	const struct event_head head = { .netns_cookie = 7, .netns_inode = 4026531840 };
	const struct event_nft nft = {
		.flags = EVENT_NFT_RULE | EVENT_NFT_CHAIN,
		.family = 1,
		.table_handle = 4,
		.rule_handle = rule,
	};
	struct synthetic event;

	synthetic_begin(&event, &head);
	synthetic_nft(&event, &nft, "t", "c", NULL);
	name_requests_event(requests, bits, event.bytes, event.size);
}

static void stack_event(uint64_t address)
{
	_Alignas(8) uint8_t bytes[EVENT_MAX_SIZE] = { 0 };
	const struct event_section section = {
		.type = EVENT_SECTION_STACK,
		.size = sizeof(struct event_stack) + sizeof(address),
	};

	memcpy(bytes + sizeof(struct event_head), &section, sizeof(section));
	memcpy(bytes + sizeof(struct event_head) + sizeof(struct event_stack), &address,
		sizeof(address));
	name_requests_event(requests, 1ULL << ONE, bytes, sizeof(struct event_head) + section.size);
}

/* The number of name requests of that kind, the last of them in *ret; others are skipped. */
static unsigned int taken(enum name_request_kind kind, struct name_request *ret)
{
	unsigned int count = 0;
	struct name_request request;

	while (name_requests_take(requests, &request)) {
		if (request.kind != kind)
			continue;
		*ret = request;
		count++;
	}
	return count;
}

START_TEST(a_rule_is_noted_once)
{
	struct name_request request;

	for (unsigned int i = 0; i < 10; i++)
		rule_event(1ULL << ONE, 9);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 1);
	ck_assert_uint_eq(request.generation, 11);
	ck_assert_uint_eq(request.segment, 1);
	ck_assert_uint_eq(request.cookie, 7);
	ck_assert_uint_eq(request.table, 4);
	ck_assert_uint_eq(request.rule, 9);
	ck_assert_uint_eq(request.family, 1);
	rule_event(1ULL << ONE, 10);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 1);
}
END_TEST

START_TEST(the_namespace_is_noted_once)
{
	struct name_request request;

	rule_event(1ULL << ONE, 9);
	rule_event(1ULL << ONE, 10);
	ck_assert_uint_eq(taken(NAME_REQUEST_NETNS, &request), 1);
	ck_assert_uint_eq(request.cookie, 7);
	ck_assert_uint_eq(request.inode, 4026531840);
}
END_TEST

START_TEST(every_session_has_notes_of_its_own)
{
	struct name_request request;

	name_requests_begin(requests, OTHER, 12);
	rule_event(1ULL << ONE, 9);
	rule_event(1ULL << ONE | 1ULL << OTHER | 1ULL << 63, 9);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 2);
	ck_assert_uint_eq(request.bit, OTHER);
	ck_assert_uint_eq(request.generation, 12);
}
END_TEST

START_TEST(in_another_segment_all_is_new)
{
	struct name_request request;

	rule_event(1ULL << ONE, 9);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 1);
	name_requests_segment(requests, ONE, 2);
	rule_event(1ULL << ONE, 9);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 1);
	ck_assert_uint_eq(request.segment, 2);
}
END_TEST

START_TEST(overflowing_requests_are_counted_and_repeated)
{
	struct name_request request;
	unsigned int count;

	for (uint64_t rule = 1; rule <= 2 * NAME_REQUESTS_MAX; rule++)
		rule_event(1ULL << ONE, rule);
	ck_assert_uint_gt(name_requests_overflows(requests), 0);
	count = taken(NAME_REQUEST_RULE, &request);
	ck_assert_uint_eq(count + name_requests_overflows(requests), 2 * NAME_REQUESTS_MAX);
	rule_event(1ULL << ONE, 2 * NAME_REQUESTS_MAX);
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 1);
	ck_assert_uint_eq(request.rule, 2 * NAME_REQUESTS_MAX);
}
END_TEST

START_TEST(addresses_are_new_when_modules_come_or_go)
{
	struct name_request request;

	stack_event(0xffffffff81000000);
	stack_event(0xffffffff81000000);
	ck_assert_uint_eq(taken(NAME_REQUEST_SYMBOL, &request), 1);
	ck_assert_uint_eq(request.address, 0xffffffff81000000);
	name_requests_renew_symbols(requests);
	stack_event(0xffffffff81000000);
	ck_assert_uint_eq(taken(NAME_REQUEST_SYMBOL, &request), 1);
}
END_TEST

START_TEST(the_name_writer_is_woken_when_there_is_something)
{
	struct pollfd readable = { .fd = name_requests_fd(requests), .events = POLLIN };

	name_requests_wake(requests);
	ck_assert_int_eq(poll(&readable, 1, 0), 0);
	rule_event(1ULL << ONE, 9);
	name_requests_wake(requests);
	ck_assert_int_eq(poll(&readable, 1, 0), 1);
}
END_TEST

START_TEST(a_length_that_leads_outside_ends_a_record)
{
	_Alignas(8) uint8_t bytes[sizeof(struct event_head) + 8] = { 0 };
	struct event_section section = { .type = EVENT_SECTION_NFT };
	struct name_request request;

	for (unsigned int size = 0; size < 600; size++) {
		section.size = (uint16_t)size;
		memcpy(bytes + sizeof(struct event_head), &section, sizeof(section));
		name_requests_event(requests, 1ULL << ONE, bytes, sizeof(bytes));
	}
	ck_assert_uint_eq(taken(NAME_REQUEST_RULE, &request), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("notes");
	TCase *tcase = tcase_create("notes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_rule_is_noted_once);
	tcase_add_test(tcase, the_namespace_is_noted_once);
	tcase_add_test(tcase, every_session_has_notes_of_its_own);
	tcase_add_test(tcase, in_another_segment_all_is_new);
	tcase_add_test(tcase, overflowing_requests_are_counted_and_repeated);
	tcase_add_test(tcase, addresses_are_new_when_modules_come_or_go);
	tcase_add_test(tcase, the_name_writer_is_woken_when_there_is_something);
	tcase_add_test(tcase, a_length_that_leads_outside_ends_a_record);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
