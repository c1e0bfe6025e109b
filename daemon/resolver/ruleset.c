/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a namespace's rules, see ruleset.h: which rules exist from the kernel's dump, their texts
 * from libnftables.
 */
#include "daemon/resolver/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/helper-limits.h"
#include "daemon/base/netns.h"
#include "daemon/resolver/listing.h"
#include "journal/base/cleanup.h"

#define RECEIVE_SIZE 65536
#define REQUEST_SIZE 1024 /* with the names of a table and a chain, 255 bytes each at most */
#define TRIES        5 /* the ruleset may change while it is read */
#define NICE         10 /* packets and the daemon come first */

struct reading {
	struct mnl_socket *socket;
	uint32_t sequence;
	uint32_t generation; /* of the ruleset */
	struct listing *listing;
	GPtrArray *chains; /* of struct nftnl_chain */
	FILE *out;
	unsigned int unknown; /* rules without a text */
};

/* Sends the request in `message` and receives the answer; -EINTR: the ruleset changed meanwhile. */
static int request(struct reading *reading, struct nlmsghdr *message, mnl_cb_t callback)
{
	g_autofree char *answer = g_malloc(RECEIVE_SIZE);
	int r = MNL_CB_OK;

	if (mnl_socket_sendto(reading->socket, message, message->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		ssize_t n = mnl_socket_recvfrom(reading->socket, answer, RECEIVE_SIZE);

		if (n < 0 && errno != EINTR)
			return -errno;
		r = mnl_cb_run(answer, (size_t)MAX(n, 0), reading->sequence,
			mnl_socket_get_portid(reading->socket), callback, reading);
		if (r < 0)
			return -errno;
	}
	return 0;
}

/* Requests all objects of a kind. */
static int dump(struct reading *reading, uint16_t type, uint16_t flags, mnl_cb_t callback)
{
	char bytes[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];

	return request(reading,
		nftnl_nlmsg_build_hdr(bytes, type, NFPROTO_UNSPEC, flags, ++reading->sequence),
		callback);
}

static int take_generation(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
			mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			reading->generation = ntohl(mnl_attr_get_u32(attribute));
	}
	return MNL_CB_OK;
}

static int take_table(const struct nlmsghdr *message, void *context)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct reading *reading = context;

	if (table && nftnl_table_nlmsg_parse(message, table) == 0)
		listing_add_table(reading->listing,
			(uint8_t)nftnl_table_get_u32(table, NFTNL_TABLE_FAMILY),
			nftnl_table_get_str(table, NFTNL_TABLE_NAME),
			nftnl_table_get_u64(table, NFTNL_TABLE_HANDLE));
	nftnl_table_free(table);
	return MNL_CB_OK;
}

static void chain_free(gpointer chain)
{
	nftnl_chain_free(chain);
}

static int take_chain(const struct nlmsghdr *message, void *context)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct reading *reading = context;

	if (chain && nftnl_chain_nlmsg_parse(message, chain) == 0)
		g_ptr_array_add(reading->chains, chain);
	else
		nftnl_chain_free(chain);
	return MNL_CB_OK;
}

static int take_comment(const struct nftnl_udata *udata, void *context)
{
	const char *text = nftnl_udata_get(udata);
	uint8_t length = nftnl_udata_len(udata);

	if (nftnl_udata_type(udata) == NFTNL_UDATA_RULE_COMMENT && length > 0)
		g_ptr_array_add(context, g_strndup(text, length));
	return 0;
}

static int take_prefix(struct nftnl_expr *expression, void *context)
{
	if (g_str_equal(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), "log") &&
		nftnl_expr_is_set(expression, NFTNL_EXPR_LOG_PREFIX))
		g_ptr_array_add(
			context, g_strdup(nftnl_expr_get_str(expression, NFTNL_EXPR_LOG_PREFIX)));
	return 0;
}

static int take_rule(const struct nlmsghdr *message, void *context)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct reading *reading = context;
	const void *udata;
	uint32_t size = 0;

	if (rule && nftnl_rule_nlmsg_parse(message, rule) == 0) {
		udata = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &size);
		if (udata)
			nftnl_udata_parse(udata, size, take_comment, words);
		nftnl_expr_foreach(rule, take_prefix, words);
		g_ptr_array_add(words, NULL);
		listing_add_rule(reading->listing,
			(uint8_t)nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY),
			nftnl_rule_get_str(rule, NFTNL_RULE_TABLE),
			nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN),
			nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE),
			(const char *const *)words->pdata);
	}
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

/*
 * Requests the rules chain by chain. The kernel makes a dump in pieces of 32 KiB, and for each
 * piece walks from the first rule of the dump to the piece. So a dump of all rules costs the square
 * of their number; one of a chain only the square of its own.
 */
static int dump_rules(struct reading *reading)
{
	int r = dump(reading, NFT_MSG_GETCHAIN, NLM_F_DUMP, take_chain);

	for (unsigned int i = 0; r == 0 && i < reading->chains->len; i++) {
		const struct nftnl_chain *chain = reading->chains->pdata[i];
		char bytes[REQUEST_SIZE];
		struct nlmsghdr *message = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_GETRULE,
			(uint16_t)nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY), NLM_F_DUMP,
			++reading->sequence);

		mnl_attr_put_strz(
			message, NFTA_RULE_TABLE, nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE));
		mnl_attr_put_strz(
			message, NFTA_RULE_CHAIN, nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
		r = request(reading, message, take_rule);
	}
	/* A chain was removed. */
	return r == -ENOENT ? -EINTR : r;
}

static void write_rule(void *context, uint8_t family, uint64_t table, uint64_t rule,
	const char *text, size_t length)
{
	struct reading *reading = context;
	struct ruleset_rule record = {
		.family = family,
		.table = table,
		.rule = rule,
		.length = (uint32_t)MIN(length, RULESET_TEXT_MAX),
	};

	if (!text)
		reading->unknown++;
	fwrite(&record, sizeof(record), 1, reading->out);
	if (text)
		fwrite(text, record.length, 1, reading->out);
}

/* Has libnftables print the ruleset: without values of counters and elements of sets, which change
 * though the rule does not. */
static int list_rules(struct reading *reading)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *text;
	int r = -EIO;

	if (!nft)
		return -ENOMEM;
	nft_ctx_output_set_flags(
		nft, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE);
	nft_ctx_buffer_error(nft);
	if (nft_ctx_buffer_output(nft) == 0 && nft_run_cmd_from_buffer(nft, "list ruleset") == 0) {
		text = nft_ctx_get_output_buffer(nft);
		listing_match(reading->listing, text, strlen(text), write_rule, reading);
		r = 0;
	}
	nft_ctx_free(nft);
	return r;
}

/* One attempt; 1: the ruleset changed meanwhile and texts are missing. */
static int read_once(struct reading *reading)
{
	uint32_t before;
	int r;

	reading->unknown = 0;
	reading->listing = listing_new();
	reading->chains = g_ptr_array_new_with_free_func(chain_free);
	r = dump(reading, NFT_MSG_GETGEN, NLM_F_ACK, take_generation);
	before = reading->generation;
	if (r == 0)
		r = dump(reading, NFT_MSG_GETTABLE, NLM_F_DUMP, take_table);
	if (r == 0)
		r = dump_rules(reading);
	if (r == 0)
		r = list_rules(reading);
	g_ptr_array_unref(reading->chains);
	reading->listing = listing_free(reading->listing);
	if (r == 0 && reading->unknown > 0)
		r = dump(reading, NFT_MSG_GETGEN, NLM_F_ACK, take_generation);
	if (r == -EINTR)
		return 1;
	return r < 0 ? r : reading->generation != before;
}

static int read_rules(struct reading *reading, int fd)
{
	int r = 1;

	reading->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!reading->socket || mnl_socket_bind(reading->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (unsigned int i = 0; i < TRIES && r == 1; i++) {
		/* Discards the output of the attempt before. */
		rewind(reading->out);
		if (ftruncate(fd, 0) < 0)
			return -errno;
		r = read_once(reading);
		if (fflush(reading->out) != 0)
			r = -errno;
	}
	mnl_socket_close(reading->socket);
	return r;
}

static void set_limit(int resource, rlim_t most)
{
	const struct rlimit limit = { most, most };

	setrlimit(resource, &limit);
}

int ruleset_read(const char *path, uint64_t cookie, uint32_t inode, uint64_t memory, int fd)
{
	struct reading reading = { 0 };
	auto_fd netns = -1;

	prctl(PR_SET_NAME, "nfttraced-rules");
	setpriority(PRIO_PROCESS, 0, NICE);
	set_limit(RLIMIT_CPU, RULESET_SECONDS_MAX);
	helper_yield_memory();
	helper_limit_memory(memory);
	set_limit(RLIMIT_FSIZE, RULESET_SIZE_MAX);

	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0 || netns_enter(netns, cookie, inode) < 0)
		return RULESET_UNREACHABLE;
	reading.out = fdopen(fd, "w");
	if (!reading.out)
		return RULESET_UNREADABLE;
	return read_rules(&reading, fd) >= 0 ? RULESET_READ : RULESET_UNREADABLE;
}
