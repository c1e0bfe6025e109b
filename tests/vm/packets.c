/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel give a packet another head, for the scenarios of the VM lab:
 *
 *   packets queue NUMBER ACTION     takes packets from an nfqueue, whole: `same` returns them
 *                                   unchanged, `grow` with 400 bytes more, `hold` not at all
 *   packets segments ADDRESS PORT EACH COUNT
 *                                   COUNT datagrams of EACH bytes that the kernel has as one
 *                                   (UDP_SEGMENT)
 *   packets xdp DEVICE              a program in the driver that lets everything pass
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <linux/udp.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PACKET_MAX = 65536,
	GROWTH = 400,
	RECEIVE_BUFFER = 4 << 20,
};

static int fail(const char *what)
{
	perror(what);
	return EXIT_FAILURE;
}

static uint32_t checksum_add(uint32_t sum, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)byte[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint16_t checksum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* nfqueue. */

struct message {
	struct nlmsghdr header;
	struct nfgenmsg body;
	unsigned char attributes[PACKET_MAX + GROWTH + 64];
};

static void message_begin(struct message *message, uint16_t queue, int type)
{
	message->header = (struct nlmsghdr){
		.nlmsg_len = NLMSG_LENGTH(sizeof(message->body)),
		.nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type),
		.nlmsg_flags = NLM_F_REQUEST,
	};
	message->body = (struct nfgenmsg){ .nfgen_family = AF_UNSPEC, .res_id = htons(queue) };
}

static void message_add(struct message *message, uint16_t type, const void *value, size_t length)
{
	struct nlattr attribute = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };
	unsigned char *end = (unsigned char *)message + message->header.nlmsg_len;

	memset(end, 0, NLA_ALIGN(attribute.nla_len));
	memcpy(end, &attribute, sizeof(attribute));
	memcpy(end + NLA_HDRLEN, value, length);
	message->header.nlmsg_len += NLA_ALIGN(attribute.nla_len);
}

static bool message_send(int fd, const struct message *message)
{
	return send(fd, message, message->header.nlmsg_len, 0) >= 0;
}

/* An IPv4 datagram of UDP with some bytes appended, and no UDP checksum. */
static size_t datagram_grow(unsigned char *packet, size_t length)
{
	struct iphdr *ip = (struct iphdr *)packet;
	struct udphdr *udp = (struct udphdr *)(packet + sizeof(*ip));

	memset(packet + length, 'y', GROWTH);
	length += GROWTH;
	ip->tot_len = htons((uint16_t)length);
	ip->check = 0;
	ip->check = checksum_end(checksum_add(0, ip, sizeof(*ip)));
	udp->len = htons((uint16_t)(length - sizeof(*ip)));
	udp->check = 0;
	return length;
}

static bool packet_return(int fd, uint16_t queue, const struct nlmsghdr *header, const char *action)
{
	static struct message message;
	static unsigned char packet[PACKET_MAX + GROWTH];
	struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(NF_ACCEPT) };
	const unsigned char *end = (const unsigned char *)header + header->nlmsg_len;
	const unsigned char *at =
		(const unsigned char *)NLMSG_DATA(header) + sizeof(struct nfgenmsg);
	size_t length = 0;

	while (at + NLA_HDRLEN <= end) {
		struct nlattr attribute;

		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > end)
			break;
		if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PACKET_HDR)
			memcpy(&verdict.id, at + NLA_HDRLEN, sizeof(verdict.id));
		if ((attribute.nla_type & NLA_TYPE_MASK) == NFQA_PAYLOAD) {
			length = attribute.nla_len - (size_t)NLA_HDRLEN;
			memcpy(packet, at + NLA_HDRLEN, length);
		}
		at += NLA_ALIGN(attribute.nla_len);
	}
	message_begin(&message, queue, NFQNL_MSG_VERDICT);
	message_add(&message, NFQA_VERDICT_HDR, &verdict, sizeof(verdict));
	if (strcmp(action, "grow") == 0)
		message_add(&message, NFQA_PAYLOAD, packet, datagram_grow(packet, length));
	return message_send(fd, &message);
}

static bool queue_bind(int fd, uint16_t queue)
{
	static struct message message;
	struct nfqnl_msg_config_cmd command = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params params = { .copy_range = htonl(0xffff),
		.copy_mode = NFQNL_COPY_PACKET };

	message_begin(&message, queue, NFQNL_MSG_CONFIG);
	message_add(&message, NFQA_CFG_CMD, &command, sizeof(command));
	message_add(&message, NFQA_CFG_PARAMS, &params, sizeof(params));
	return message_send(fd, &message);
}

static int queue_serve(const char *number, const char *action)
{
	static unsigned char buffer[2 * PACKET_MAX];
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), size = RECEIVE_BUFFER;
	uint16_t queue = (uint16_t)atoi(number);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
		!queue_bind(fd, queue))
		return fail("packets: nfqueue");
	puts("ready");
	fflush(stdout);
	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

		if (length < 0)
			return fail("packets: recv");
		for (struct nlmsghdr *header = (struct nlmsghdr *)buffer;
			NLMSG_OK(header, (size_t)length); header = NLMSG_NEXT(header, length)) {
			if (header->nlmsg_type == NLMSG_ERROR)
				return fail("packets: the kernel refuses the queue");
			if (strcmp(action, "hold") != 0 &&
				!packet_return(fd, queue, header, action))
				return fail("packets: verdict");
		}
	}
}

static int send_segments(const char *address, const char *port, const char *each, const char *count)
{
	static unsigned char payload[PACKET_MAX];
	struct sockaddr_in peer = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = atoi(each);
	size_t length = (size_t)size * (size_t)atoi(count);

	if (inet_pton(AF_INET, address, &peer.sin_addr) != 1 || length > sizeof(payload)) {
		fprintf(stderr, "packets: no such address, or too much\n");
		return EXIT_FAILURE;
	}
	if (fd < 0 || setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0 ||
		sendto(fd, payload, length, 0, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		return fail("packets: sendto");
	return EXIT_SUCCESS;
}

static int xdp_attach(const char *device)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, 2, NULL), r;

	if (program < 0)
		return fail("packets: bpf");
	r = bpf_xdp_attach(
		(int)if_nametoindex(device), program, 1U << 2 /* XDP_FLAGS_DRV_MODE */, NULL);
	if (r < 0) {
		fprintf(stderr, "packets: xdp: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "queue") == 0)
		return queue_serve(argv[2], argv[3]);
	if (argc == 6 && strcmp(argv[1], "segments") == 0)
		return send_segments(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 3 && strcmp(argv[1], "xdp") == 0)
		return xdp_attach(argv[2]);
	fprintf(stderr, "usage: packets queue|segments|xdp ARGUMENT...\n");
	return 2;
}
