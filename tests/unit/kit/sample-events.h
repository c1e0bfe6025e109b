/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that Retis recorded of real traffic (its nft events), and the lines that it printed for
 * them, without lines of data that this project does not record (skb metadata, conntrack).
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SAMPLE_EVENTS_H
#define NFTTRACED_TESTS_UNIT_KIT_SAMPLE_EVENTS_H

#include <stdint.h>

struct sample_event {
	uint64_t time;
	uint32_t cpu, pid;
	const char *comm;
	uint64_t track_head, track_time, skb;
	const char *packet; /* base64, with its Ethernet header */
	uint64_t netns_cookie;
	uint32_t netns_inode;
	const char *device;
	uint32_t device_index, skb_iif;
	const char *table, *chain, *target;
	uint64_t table_handle, chain_handle, rule_handle; /* rule 0: none */
	const char *verdict;
	int policy;
	const char *text;
};

/* clang-format off */
static const struct sample_event sample_events[] = {
	{
		34515349356, 0, 319, "nc",
		0xff3fdb6ec08d02c0, 34504848028, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf5SZAAEAR7aQKACoBCgAqArRZH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "continue", 0,
		"34515349356 (0) [nc] 319 [k] __nft_trace_packet #808a6329cff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.46169 > 10.0.42.2.8080 tos 0x0 ttl 64 id 58662 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) continue\n",
	},
	{
		34524015317, 0, 319, "nc",
		0xff3fdb6ec08d02c0, 34504848028, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf5SZAAEAR7aQKACoBCgAqArRZH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "accept", 1,
		"34524015317 (0) [nc] 319 [k] __nft_trace_packet #808a6329cff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.46169 > 10.0.42.2.8080 tos 0x0 ttl 64 id 58662 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) accept (policy)\n",
	},
	{
		34532909535, 0, 319, "nc",
		0xff3fdb6ec08d02c0, 34504848028, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf5SZAAEAR7aQKACoBCgAqArRZH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"34532909535 (0) [nc] 319 [k] __nft_trace_packet #808a6329cff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.46169 > 10.0.42.2.8080 tos 0x0 ttl 64 id 58662 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		34533864095, 0, 319, "nc",
		0xff3fdb6ec08d02c0, 34504848028, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf5SZAAEAR7aQKACoBCgAqArRZH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 5, "drop", 0,
		"34533864095 (0) [nc] 319 [k] __nft_trace_packet #808a6329cff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.46169 > 10.0.42.2.8080 tos 0x0 ttl 64 id 58662 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 5 drop\n",
	},
	{
		35858987095, 0, 321, "nc",
		0xff3fdb6ec08d02c0, 35857449447, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf529AAEAR61sKACoBCgAqAoozG54AC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 2, "accept", 0,
		"35858987095 (0) [nc] 321 [k] __nft_trace_packet #8594541e7ff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.35379 > 10.0.42.2.7070 tos 0x0 ttl 64 id 59247 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) handle 2 accept\n",
	},
	{
		35860502573, 0, 321, "nc",
		0xff3fdb6ec08d02c0, 35857449447, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf529AAEAR61sKACoBCgAqAoozH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"35860502573 (0) [nc] 321 [k] __nft_trace_packet #8594541e7ff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.35379 > 10.0.42.2.8080 tos 0x0 ttl 64 id 59247 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		35860615662, 0, 321, "nc",
		0xff3fdb6ec08d02c0, 35857449447, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aCABFAAAf529AAEAR61sKACoBCgAqAoozH5AAC2gfaGkK",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 5, "drop", 0,
		"35860615662 (0) [nc] 321 [k] __nft_trace_packet #8594541e7ff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  10.0.42.1.35379 > 10.0.42.2.8080 tos 0x0 ttl 64 id 59247 off 0 [DF] len 31 proto UDP (17) len 3\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 5 drop\n",
	},
	{
		37124673929, 1, 322, "ping",
		0xff3fdb6ec125fc80, 37122052248, 0xff3fdb6ec0a32900,
		"EmCynjb1Dj9qIv0aCABFAABU4BtAAEAB8ooKACoBCgAqAggA+/MBQgAB630CawAAAABDDQsAAAAAABAR"
		"EhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc=",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "continue", 0,
		"37124673929 (1) [ping] 322 [k] __nft_trace_packet #8a4a59098ff3fdb6ec125fc80 (skb ff3fdb6ec0a32900)\n"
		"  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id 57371 off 0 [DF] len 84 proto ICMP (1) type 8 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) continue\n",
	},
	{
		37125162580, 1, 322, "ping",
		0xff3fdb6ec125fc80, 37122052248, 0xff3fdb6ec0a32900,
		"EmCynjb1Dj9qIv0aCABFAABU4BtAAEAB8ooKACoBCgAqAggA+/MBQgAB630CawAAAABDDQsAAAAAABAR"
		"EhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc=",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "accept", 1,
		"37125162580 (1) [ping] 322 [k] __nft_trace_packet #8a4a59098ff3fdb6ec125fc80 (skb ff3fdb6ec0a32900)\n"
		"  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id 57371 off 0 [DF] len 84 proto ICMP (1) type 8 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) accept (policy)\n",
	},
	{
		37125614633, 1, 322, "ping",
		0xff3fdb6ec125fc80, 37122052248, 0xff3fdb6ec0a32900,
		"EmCynjb1Dj9qIv0aCABFAABU4BtAAEAB8ooKACoBCgAqAggA+/MBQgAB630CawAAAABDDQsAAAAAABAR"
		"EhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"37125614633 (1) [ping] 322 [k] __nft_trace_packet #8a4a59098ff3fdb6ec125fc80 (skb ff3fdb6ec0a32900)\n"
		"  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id 57371 off 0 [DF] len 84 proto ICMP (1) type 8 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		37125865993, 1, 322, "ping",
		0xff3fdb6ec125fc80, 37122052248, 0xff3fdb6ec0a32900,
		"EmCynjb1Dj9qIv0aCABFAABU4BtAAEAB8ooKACoBCgAqAggA+/MBQgAB630CawAAAABDDQsAAAAAABAR"
		"EhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 8, "accept", 0,
		"37125865993 (1) [ping] 322 [k] __nft_trace_packet #8a4a59098ff3fdb6ec125fc80 (skb ff3fdb6ec0a32900)\n"
		"  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id 57371 off 0 [DF] len 84 proto ICMP (1) type 8 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 8 accept\n",
	},
	{
		37451130744, 0, 323, "ping",
		0xff3fdb6ec08d3700, 37449805289, 0xff3fdb6ec031c700,
		"MzP/AAACDj9qIv0aht1gAAAAACA6//0AAAAAAAAAAAAAAAAAAAH/AgAAAAAAAAAAAAH/AAAChwAKHAAA"
		"AAD9AAAAAAAAAAAAAAAAAAACAQEOP2oi/Ro=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"37451130744 (0) [ping] 323 [k] __nft_trace_packet #8b82eade9ff3fdb6ec08d3700 (skb ff3fdb6ec031c700)\n"
		"  fd00::1 > ff02::1:ff00:2 ttl 255 label 0x0 len 32 proto ICMPv6 (58) type 135 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		37451537313, 0, 323, "ping",
		0xff3fdb6ec08d3700, 37449805289, 0xff3fdb6ec031c700,
		"MzP/AAACDj9qIv0aht1gAAAAACA6//0AAAAAAAAAAAAAAAAAAAH/AgAAAAAAAAAAAAH/AAAChwAKHAAA"
		"AAD9AAAAAAAAAAAAAAAAAAACAQEOP2oi/Ro=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 8, "accept", 0,
		"37451537313 (0) [ping] 323 [k] __nft_trace_packet #8b82eade9ff3fdb6ec08d3700 (skb ff3fdb6ec031c700)\n"
		"  fd00::1 > ff02::1:ff00:2 ttl 255 label 0x0 len 32 proto ICMPv6 (58) type 135 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 8 accept\n",
	},
	{
		37457475556, 0, 323, "ping",
		0xff3fdb6ec08d02c0, 37456891705, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aht1gBRwLAEA6QP0AAAAAAAAAAAAAAAAAAAH9AAAAAAAAAAAAAAAAAAACgADKwQFD"
		"AAHsfQJrAAAAAAu/AAAAAAAAEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nw==",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"37457475556 (0) [ping] 323 [k] __nft_trace_packet #8b89acf39ff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  fd00::1 > fd00::2 ttl 64 label 0x51c0b len 64 proto ICMPv6 (58) type 128 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		37457697861, 0, 323, "ping",
		0xff3fdb6ec08d02c0, 37456891705, 0xff3fdb6ec031cc00,
		"EmCynjb1Dj9qIv0aht1gBRwLAEA6QP0AAAAAAAAAAAAAAAAAAAH9AAAAAAAAAAAAAAAAAAACgADKwQFD"
		"AAHsfQJrAAAAAAu/AAAAAAAAEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nw==",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 8, "accept", 0,
		"37457697861 (0) [ping] 323 [k] __nft_trace_packet #8b89acf39ff3fdb6ec08d02c0 (skb ff3fdb6ec031cc00)\n"
		"  fd00::1 > fd00::2 ttl 64 label 0x51c0b len 64 proto ICMPv6 (58) type 128 code 0\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 8 accept\n",
	},
	{
		37764611068, 1, 324, "nc",
		0xff3fdb6ec125fc80, 37762287537, 0xff3fdb6ec11af4e8,
		"EmCynjb1Dj9qIv0aCABFAAA8I+ZAAEAGrtMKACoBCgAqAqjGABf7vUntAAAAAKAC+vBoMQAAAgQFtAQC"
		"CAoZ/+XIAAAAAAEDAwc=",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "continue", 0,
		"37764611068 (1) [nc] 324 [k] __nft_trace_packet #8cacec7b1ff3fdb6ec125fc80 (skb ff3fdb6ec11af4e8)\n"
		"  10.0.42.1.43206 > 10.0.42.2.23 tos 0x0 ttl 64 id 9190 off 0 [DF] len 60 proto TCP (6) flags [S] seq 4223486445 win 64240 [mss 1460,sackOK,TS val 436200904 ecr 0,nop,wscale 7]\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) continue\n",
	},
	{
		37765287951, 1, 324, "nc",
		0xff3fdb6ec125fc80, 37762287537, 0xff3fdb6ec11af4e8,
		"EmCynjb1Dj9qIv0aCABFAAA8I+ZAAEAGrtMKACoBCgAqAqjGABf7vUntAAAAAKAC+vBoMQAAAgQFtAQC"
		"CAoZ/+XIAAAAAAEDAwc=",
		4098, 4026532197, "v1", 2, 2,
		"nat", "pre", NULL,
		6, 1, 0, "accept", 1,
		"37765287951 (1) [nc] 324 [k] __nft_trace_packet #8cacec7b1ff3fdb6ec125fc80 (skb ff3fdb6ec11af4e8)\n"
		"  10.0.42.1.43206 > 10.0.42.2.23 tos 0x0 ttl 64 id 9190 off 0 [DF] len 60 proto TCP (6) flags [S] seq 4223486445 win 64240 [mss 1460,sackOK,TS val 436200904 ecr 0,nop,wscale 7]\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table nat (6) chain pre (1) accept (policy)\n",
	},
	{
		37766172659, 1, 324, "nc",
		0xff3fdb6ec125fc80, 37762287537, 0xff3fdb6ec11af4e8,
		"EmCynjb1Dj9qIv0aCABFAAA8I+ZAAEAGrtMKACoBCgAqAqjGABf7vUntAAAAAKAC+vBoMQAAAgQFtAQC"
		"CAoZ/+XIAAAAAAEDAwc=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT", "filter_INPUT_POLICIES",
		5, 2, 9, "jump", 0,
		"37766172659 (1) [nc] 324 [k] __nft_trace_packet #8cacec7b1ff3fdb6ec125fc80 (skb ff3fdb6ec11af4e8)\n"
		"  10.0.42.1.43206 > 10.0.42.2.23 tos 0x0 ttl 64 id 9190 off 0 [DF] len 60 proto TCP (6) flags [S] seq 4223486445 win 64240 [mss 1460,sackOK,TS val 436200904 ecr 0,nop,wscale 7]\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT (2) handle 9 jump chain filter_INPUT_POLICIES\n",
	},
	{
		37770740001, 1, 324, "nc",
		0xff3fdb6ec125fc80, 37762287537, 0xff3fdb6ec11af4e8,
		"EmCynjb1Dj9qIv0aCABFAAA8I+ZAAEAGrtMKACoBCgAqAqjGABf7vUntAAAAAKAC+vBoMQAAAgQFtAQC"
		"CAoZ/+XIAAAAAAEDAwc=",
		4098, 4026532197, "v1", 2, 2,
		"firewalld", "filter_INPUT_POLICIES", NULL,
		5, 1, 6, "drop", 0,
		"37770740001 (1) [nc] 324 [k] __nft_trace_packet #8cacec7b1ff3fdb6ec125fc80 (skb ff3fdb6ec11af4e8)\n"
		"  10.0.42.1.43206 > 10.0.42.2.23 tos 0x0 ttl 64 id 9190 off 0 [DF] len 60 proto TCP (6) flags [S] seq 4223486445 win 64240 [mss 1460,sackOK,TS val 436200904 ecr 0,nop,wscale 7]\n"
		"  ns 0x1002/4026532197 if 2 (v1) rxif 2\n"
		"  table firewalld (5) chain filter_INPUT_POLICIES (1) handle 6 drop\n",
	},
};

#endif
