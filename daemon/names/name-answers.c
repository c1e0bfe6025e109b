/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands the answers of the resolver to the sessions and drop counters that asked. */
#include "daemon/names/names-private.h"

/* A name that could not be read. */
static void count_unread(struct name_writer *writer)
{
	g_mutex_lock(&writer->counts_lock);
	writer->counts.unread++;
	g_mutex_unlock(&writer->counts_lock);
}

static void answer_request(struct name_writer *writer, const struct name_request *request,
	const struct resolver_answer *answer, const char *text)
{
	if (request->generation == DROPS_GENERATION)
		drops_answer(writer->drops, request, text, answer->length);
	else
		session_names_answer(&writer->names[request->bit], request, answer, text);
}

void give_up_question(struct name_writer *writer, const struct question *question)
{
	const struct resolver_answer answer = { .fate = RULE_UNREADABLE };

	/* The segment already has the earlier name. */
	if (question->renewed)
		return;
	count_unread(writer);
	answer_request(writer, &question->request, &answer, "");
}

/* Takes the answer about a rule whose text the segment has already: it may have changed since. */
static void answer_again(struct name_writer *writer, const struct question *question,
	const struct resolver_answer *answer, const char *text)
{
	struct resolver_answer renewed = *answer;
	const struct name_request *request = &question->request;

	if (answer->fate != RULE_READ)
		return;
	renewed.rule = name_request_rule(request);
	renewed.since = MAX(answer->since, question->renewed);
	if (writer->names[request->bit].generation == request->generation)
		session_names_replace(&writer->names[request->bit], &renewed, text);
}

void take_name(struct name_writer *writer, const struct resolver_answer *answer, const char *text)
{
	const struct question *question =
		g_hash_table_lookup(writer->asked, GUINT_TO_POINTER(answer->id));

	if (!question)
		return;
	if (question->renewed) {
		answer_again(writer, question, answer, text);
	} else {
		if (question->request.kind == NAME_REQUEST_RULE && answer->fate == RULE_UNREADABLE)
			count_unread(writer);
		answer_request(writer, &question->request, answer, text);
	}
	if (!answer->more)
		g_hash_table_remove(writer->asked, GUINT_TO_POINTER(answer->id));
}
