/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl: the client of nfttraced. */
#include <locale.h>
#include <signal.h>

#include "client/commands/command.h"

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	/* A reader that goes away early is no error: writes give EPIPE and the command ends. */
	signal(SIGPIPE, SIG_IGN);
	return command_main(argc, argv);
}
