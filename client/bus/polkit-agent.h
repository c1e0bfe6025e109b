/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks for a password when polkit wants one: on a terminal, polkit's own pkttyagent, for as long as
 * the program runs; elsewhere the desktop's agent, if there is one. One for the whole program.
 */
#ifndef NFTTRACED_CLIENT_BUS_POLKIT_AGENT_H
#define NFTTRACED_CLIENT_BUS_POLKIT_AGENT_H

#include <glib.h>

/* From now on nobody is asked for a password. Of GOptionArgFunc's form, for --no-ask-password. */
gboolean agent_never(const char *option, const char *value, gpointer data, GError **error);

/* True if somebody may be asked. */
gboolean agent_may_ask(void);

/* Begins the agent, once, if there is one to begin: for a user on a terminal of this host. Waits until
 * polkit knows it. */
void agent_start(void);

#endif
