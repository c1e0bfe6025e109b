/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that wait, see rule-questions.h. */
#include "daemon/resolver/rule-questions.h"

#include <glib.h>

struct question {
	uint32_t id;
	struct rule_key key;
	int64_t asked; /* us */
};

struct rule_questions {
	const struct rule_texts *texts;
	rule_answer answer;
	void *context;
	GArray *waiting; /* struct question */
};

struct rule_questions *rule_questions_new(
	const struct rule_texts *texts, rule_answer answer, void *context)
{
	struct rule_questions *questions = g_new0(struct rule_questions, 1);

	questions->texts = texts;
	questions->answer = answer;
	questions->context = context;
	questions->waiting = g_array_new(FALSE, FALSE, sizeof(struct question));
	return questions;
}

struct rule_questions *rule_questions_free(struct rule_questions *questions)
{
	if (!questions)
		return NULL;
	g_array_unref(questions->waiting);
	g_free(questions);
	return NULL;
}

struct answer_context {
	const struct rule_questions *questions;
	uint32_t id;
};

static void answer_text(void *context, const struct rule_text *text)
{
	const struct answer_context *answer = context;

	answer->questions->answer(answer->questions->context, answer->id, text);
}

/* False: the rule is not known. */
static bool answer_known(
	const struct rule_questions *questions, uint32_t id, const struct rule_key *key)
{
	struct answer_context answer = { .questions = questions, .id = id };

	return rule_texts_report(questions->texts, key, answer_text, &answer);
}

static void answer_fate(const struct rule_questions *questions, uint32_t id, enum rule_fate fate)
{
	const struct rule_text none = { .fate = fate };

	questions->answer(questions->context, id, &none);
}

bool rule_questions_ask(
	struct rule_questions *questions, uint32_t id, const struct rule_key *key, int64_t now)
{
	const struct question question = { .id = id, .key = *key, .asked = now };

	if (answer_known(questions, id, key))
		return true;
	g_array_append_val(questions->waiting, question);
	return false;
}

void rule_questions_answer(
	struct rule_questions *questions, uint64_t netns, int64_t before, enum rule_fate fate)
{
	for (unsigned int i = questions->waiting->len; i-- > 0;) {
		struct question question = g_array_index(questions->waiting, struct question, i);

		if (question.key.netns != netns)
			continue;
		if (!answer_known(questions, question.id, &question.key)) {
			if (question.asked >= before)
				continue;
			answer_fate(questions, question.id, fate);
		}
		g_array_remove_index_fast(questions->waiting, i);
	}
}

void rule_questions_refuse(
	struct rule_questions *questions, rule_questions_netns exists, const void *context)
{
	for (unsigned int i = questions->waiting->len; i-- > 0;) {
		struct question question = g_array_index(questions->waiting, struct question, i);

		if (exists(context, question.key.netns))
			continue;
		g_array_remove_index_fast(questions->waiting, i);
		answer_fate(questions, question.id, RULE_UNREACHABLE);
	}
}

bool rule_questions_wait(const struct rule_questions *questions, uint64_t netns)
{
	for (unsigned int i = 0; i < questions->waiting->len; i++) {
		if (g_array_index(questions->waiting, struct question, i).key.netns == netns)
			return true;
	}
	return false;
}
