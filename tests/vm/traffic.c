/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' load generator: sends numbered UDP datagrams or given frames as fast as it can, and
 * prints the cost of one of them. On a guest whose clock counts instructions that is instructions a
 * packet.
 *
 *   traffic udp ADDRESS PORT COUNT [SIZE [PAUSE]]
 *                                           datagrams that carry their number, 4 bytes big-endian;
 *                                           a pause, us, after each hundred
 *   traffic frame DEVICE HEX COUNT          whole Ethernet frames
 *   traffic receive PORT COUNT              waits for COUNT datagrams on UDP, prints their numbers
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PAYLOAD_MAX = 65000,
	PAYLOAD_DEFAULT = 4,
	FRAME_MAX = 65536,
	BURST = 100, /* datagrams between two pauses */
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void report(uint64_t begin, unsigned long count, unsigned long refused)
{
	printf("sent %lu refused %lu ns-per-packet %" PRIu64 "\n", count - refused, refused,
		count ? (now() - begin) / count : 0);
}

/* A datagram that a local output chain drops fails with EPERM, and counts as refused. Errors that
 * an ICMP answer to an earlier datagram left on the socket do not belong to this one: it is sent
 * again. */
static int send_udp(const char *address, const char *port, unsigned long count, size_t size,
	unsigned long pause)
{
	static unsigned char payload[PAYLOAD_MAX];
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *peer;
	unsigned long refused = 0;
	uint64_t begin;
	int socket_fd, r;

	r = getaddrinfo(address, port, &hints, &peer);
	if (r != 0) {
		fprintf(stderr, "traffic: %s: %s\n", address, gai_strerror(r));
		return EXIT_FAILURE;
	}
	socket_fd = socket(peer->ai_family, SOCK_DGRAM, 0);
	if (socket_fd < 0 || connect(socket_fd, peer->ai_addr, peer->ai_addrlen) < 0) {
		perror("traffic: connect");
		return EXIT_FAILURE;
	}
	begin = now();
	for (unsigned long number = 0; number < count; number++) {
		uint32_t stamp = htonl((uint32_t)number);

		memcpy(payload, &stamp, sizeof(stamp));
		if (pause && number % BURST == 0)
			usleep((useconds_t)pause);
		while (send(socket_fd, payload, size, 0) < 0) {
			if (errno == EPERM) {
				refused++;
				break;
			}
			if (errno != ECONNREFUSED && errno != EHOSTUNREACH && errno != ENOBUFS) {
				perror("traffic: send");
				return EXIT_FAILURE;
			}
		}
	}
	report(begin, count, refused);
	freeaddrinfo(peer);
	close(socket_fd);
	return EXIT_SUCCESS;
}

static size_t parse_hex(const char *text, unsigned char *bytes, size_t size)
{
	size_t length = 0;
	unsigned int value;

	while (*text && length < size) {
		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		if (sscanf(text, "%2x", &value) != 1 || !text[1])
			return 0;
		bytes[length++] = (unsigned char)value;
		text += 2;
	}
	return length;
}

static int send_frames(const char *device, const char *hex, unsigned long count)
{
	static unsigned char frame[FRAME_MAX];
	struct sockaddr_ll peer = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	size_t length = parse_hex(hex, frame, sizeof(frame));
	uint64_t begin;
	int socket_fd;

	peer.sll_ifindex = (int)if_nametoindex(device);
	socket_fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (length < ETH_HLEN || !peer.sll_ifindex || socket_fd < 0) {
		fprintf(stderr, "traffic: no such device, or not a frame\n");
		return EXIT_FAILURE;
	}
	begin = now();
	for (unsigned long number = 0; number < count; number++) {
		if (sendto(socket_fd, frame, length, 0, (struct sockaddr *)&peer, sizeof(peer)) <
			0) {
			perror("traffic: sendto");
			return EXIT_FAILURE;
		}
	}
	report(begin, count, 0);
	close(socket_fd);
	return EXIT_SUCCESS;
}

static int receive_udp(const char *port, unsigned long count)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)atoi(port)) };
	int socket_fd = socket(AF_INET6, SOCK_DGRAM, 0);
	uint32_t stamp;

	if (socket_fd < 0 || bind(socket_fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror("traffic: bind");
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	while (count--) {
		if (recv(socket_fd, &stamp, sizeof(stamp), 0) < 0) {
			perror("traffic: recv");
			return EXIT_FAILURE;
		}
		printf("%" PRIu32 "\n", ntohl(stamp));
		fflush(stdout);
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && argc <= 7 && strcmp(argv[1], "udp") == 0) {
		size_t size = argc >= 6 ? strtoul(argv[5], NULL, 0) : PAYLOAD_DEFAULT;
		unsigned long pause = argc == 7 ? strtoul(argv[6], NULL, 0) : 0;

		if (size >= sizeof(uint32_t) && size <= PAYLOAD_MAX)
			return send_udp(argv[2], argv[3], strtoul(argv[4], NULL, 0), size, pause);
	}
	if (argc == 5 && strcmp(argv[1], "frame") == 0)
		return send_frames(argv[2], argv[3], strtoul(argv[4], NULL, 0));
	if (argc == 4 && strcmp(argv[1], "receive") == 0)
		return receive_udp(argv[2], strtoul(argv[3], NULL, 0));
	fprintf(stderr,
		"usage: traffic udp ADDRESS PORT COUNT [SIZE [PAUSE]] | frame DEVICE HEX COUNT | receive PORT COUNT\n");
	return 2;
}
