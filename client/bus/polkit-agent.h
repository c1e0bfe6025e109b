/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent that asks for a password when polkit wants one: on a terminal, polkit's own pkttyagent,
 * for as long as the program runs; elsewhere the desktop's agent, if it has one. One for the whole
 * program.
 */
#ifndef NFTTRACED_CLIENT_BUS_POLKIT_AGENT_H
#define NFTTRACED_CLIENT_BUS_POLKIT_AGENT_H

#include <glib.h>

/* Never asks for a password from now on. A GOptionArgFunc, for --no-ask-password. */
gboolean agent_disable(const char *option, const char *value, gpointer data, GError **error);

/* True if a password may be asked for. */
gboolean agent_may_ask(void);

/* Starts the agent, once, for a user on a terminal of this host. Waits until polkit knows it. */
void agent_start(void);

#endif
