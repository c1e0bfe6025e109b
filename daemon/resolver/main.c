/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfttraced-names: the resolver as a program of its own. The service manager starts it, with limits
 * of its own, for a daemon that has connected to its socket; that connection is standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/resolver/resolver.h"

#define EXIT_USAGE 2

int main(void)
{
	int type = 0;
	socklen_t length = sizeof(type);

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &length) < 0 ||
		type != SOCK_SEQPACKET) {
		fputs("nfttraced-names: nfttraced starts this through nfttraced-names.socket\n",
			stderr);
		return EXIT_USAGE;
	}
	resolver_loop(STDIN_FILENO);
	return EXIT_SUCCESS;
}
