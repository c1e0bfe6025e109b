/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions about rules that wait for a reading of their namespace. Owned by the rule store; one
 * thread. Each question is answered exactly once, through the store's listener, unless it is freed
 * first; rules that are known get an answer for each of their texts.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_QUESTIONS_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_QUESTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/resolver/rule-texts.h"

struct rule_questions;

/* Reports a text of the rule that question `id` asks for, or why there is none. */
typedef void (*rule_answer)(void *context, uint32_t id, const struct rule_text *text);

/* `texts` is borrowed. */
struct rule_questions *rule_questions_new(
	const struct rule_texts *texts, rule_answer answer, void *context);

/* Answers at once if the rule is known; if not, stores the question with the time `now` (us of
 * g_get_monotonic_time) and returns false. */
bool rule_questions_ask(
	struct rule_questions *questions, uint32_t id, const struct rule_key *key, int64_t now);

/* Answers the questions about a namespace's rules: those about known rules with their texts, the
 * others with `fate` if they were asked before that time, us. */
void rule_questions_answer(
	struct rule_questions *questions, uint64_t netns, int64_t before, enum rule_fate fate);

/* Answers the questions about a namespace that does not exist for `exists` with
 * RULE_UNREACHABLE. */
typedef bool (*rule_questions_netns)(const void *context, uint64_t netns);
void rule_questions_refuse(
	struct rule_questions *questions, rule_questions_netns exists, const void *context);

/* True if questions about that namespace wait. */
bool rule_questions_wait(const struct rule_questions *questions, uint64_t netns);

/* Accepts NULL; returns NULL. */
struct rule_questions *rule_questions_free(struct rule_questions *questions);

#endif
