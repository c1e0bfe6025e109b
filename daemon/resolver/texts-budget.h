/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shares of the budget of rule texts, and the removal of texts to make room for others: see
 * rule-texts.h. */
#ifndef NFTTRACED_DAEMON_RESOLVER_TEXTS_BUDGET_H
#define NFTTRACED_DAEMON_RESOLVER_TEXTS_BUDGET_H

#include <stdbool.h>

#include "daemon/resolver/texts-usage.h"

/*
 * Makes room for `size` more bytes of a namespace; removes texts for that, perhaps of the same
 * rules. False: there is none, which is counted as refused.
 */
bool texts_budget_make_room(struct rule_texts *texts, struct netns_texts *netns, size_t size);

#endif
