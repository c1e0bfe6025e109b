/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hidden-netns: prints the number of network namespaces that only a netlink socket of a process
 * here keeps alive. hidden-netns COMMAND...: runs the command in one of them; status 127 if there
 * is none.
 */
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/hidden-netns.h"

int main(int argc, char **argv)
{
	int socket, netns;
	unsigned int count = hidden_netns_count(&socket);

	if (argc < 2) {
		printf("%u\n", count);
		return 0;
	}
	netns = ioctl(socket, SIOCGSKNS);
	if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		return 127;
	close(socket);
	close(netns);
	execvp(argv[1], argv + 1);
	return 127;
}
