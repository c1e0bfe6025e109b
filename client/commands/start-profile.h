/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles merged with what was said on the command line of `nfttracectl start`. Stateless. */
#ifndef NFTTRACED_CLIENT_COMMANDS_START_PROFILE_H
#define NFTTRACED_CLIENT_COMMANDS_START_PROFILE_H

#include "client/commands/start-options.h"

/*
 * Adds what the profiles in options->profiles say, of several the last one first, where the command line
 * says nothing; probes are those of all. EXIT_DONE; EXIT_USAGE or EXIT_FAILED after telling what is
 * wrong.
 */
int start_profiles_merge(struct start_options *options, const struct command *command);

#endif
