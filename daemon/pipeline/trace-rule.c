/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming over nfnetlink. The kernel answers all requests of a batch before sendto returns, so the
 * socket never blocks: when there is nothing to read, no more will come.
 *
 * The kernel's static key (nft_trace_enabled) counts the rules of all network namespaces, so the
 * rule may be in a namespace of the daemon's own. The table has an owner, too: it is removed at
 * once with its socket, the namespace only some time later.
 */
#include "daemon/pipeline/trace-rule.h"

#include <errno.h>
#include <glib.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <unistd.h>

#include "daemon/pipeline/private-netns.h"

#define TABLE_NAME   "nfttraced"
#define CHAIN_NAME   "arm"
#define BATCH_SIZE   8192
#define RECEIVE_SIZE 65536
#define DUMP_RETRIES 8 /* the ruleset may change while it is dumped */

/* Since Linux 5.12; the headers of Debian 12 know it, others may not. */
#define TABLE_FLAG_OWNER 0x2

/* The remedy if the daemon can't do it by itself. */
#define BY_HAND                                                              \
	"; or set AllowSystemChanges=no and add a rule with \"meta nftrace " \
	"set 1\" to the ruleset"

struct arming {
	struct mnl_socket
		*socket; /* in a namespace of its own, the table's owner; NULL: not armed */
};

/* A conversation with nf_tables of one namespace. */
struct talk {
	struct mnl_socket *socket;
	uint32_t sequence;
};

static void talk_close(struct talk *talk)
{
	if (talk->socket)
		mnl_socket_close(talk->socket);
	talk->socket = NULL;
}

#define auto_talk __attribute__((cleanup(talk_close))) struct talk

struct arming *arming_new(void)
{
	return g_new0(struct arming, 1);
}

/* Opens a conversation with nf_tables of the daemon's namespace. */
static int talk_open(struct talk *talk)
{
	talk->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!talk->socket || mnl_socket_bind(talk->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

/* Reads all answers. 0, or the first error among them. */
static int talk_receive(struct talk *talk, mnl_cb_t callback, void *context)
{
	g_autofree char *buffer = g_malloc(RECEIVE_SIZE);
	unsigned int port = mnl_socket_get_portid(talk->socket);
	int result = 0;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(talk->socket, buffer, RECEIVE_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? result : -errno;

		/* Each acknowledgement ends a run of the parser, and a packet may have several. */
		for (struct nlmsghdr *message = (struct nlmsghdr *)buffer;
			n > 0 && mnl_nlmsg_ok(message, n);) {
			struct nlmsghdr *next;
			int left = n;

			next = mnl_nlmsg_next(message, &left);
			if (mnl_cb_run(message, message->nlmsg_len, 0, port, callback, context) <
					0 &&
				!result)
				result = -errno;
			message = next;
			n = left;
		}
	}
}

static int talk_send(
	struct talk *talk, const void *data, size_t size, mnl_cb_t callback, void *context)
{
	if (mnl_socket_sendto(talk->socket, data, size) < 0)
		return -errno;
	return talk_receive(talk, callback, context);
}

int arming_load_module(char **ret_reason)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];
	auto_talk talk = { 0 };
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		buffer, NFT_MSG_GETGEN, NFPROTO_UNSPEC, NLM_F_ACK, ++talk.sequence);
	int r = talk_open(&talk);

	if (r == 0)
		r = talk_send(&talk, message, message->nlmsg_len, NULL, NULL);
	if (r == 0)
		return 0;
	if (r == -EPERM) {
		*ret_reason = g_strdup("can't access nf_tables: give the daemon CAP_NET_ADMIN");
		return r;
	}
	*ret_reason = g_strdup_printf(
		"the module nf_tables can't be loaded (%s): install or allow it, or "
		"run \"modprobe nf_tables\" to see the reason",
		g_strerror(-r));
	return -EOPNOTSUPP;
}

static void put_table(struct mnl_nlmsg_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch),
		NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, sequence);
	struct nftnl_table *table = nftnl_table_alloc();

	g_assert(table);
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, TABLE_NAME);
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, TABLE_FLAG_OWNER);
	nftnl_table_nlmsg_build_payload(message, table);
	mnl_nlmsg_batch_next(batch);
	nftnl_table_free(table);
}

static void put_chain(struct mnl_nlmsg_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch),
		NFT_MSG_NEWCHAIN, NFPROTO_INET, NLM_F_CREATE | NLM_F_ACK, sequence);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	g_assert(chain);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN_NAME);
	nftnl_chain_nlmsg_build_payload(message, chain);
	mnl_nlmsg_batch_next(batch);
	nftnl_chain_free(chain);
}

/* meta nftrace set 1 */
static void put_rule(struct mnl_nlmsg_batch *batch, uint32_t sequence)
{
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch),
		NFT_MSG_NEWRULE, NFPROTO_INET, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, sequence);
	struct nftnl_expr *immediate = nftnl_expr_alloc("immediate"),
			  *meta = nftnl_expr_alloc("meta");
	struct nftnl_rule *rule = nftnl_rule_alloc();
	uint8_t one = 1;

	g_assert(rule && immediate && meta);
	nftnl_expr_set_u32(immediate, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(immediate, NFTNL_EXPR_IMM_DATA, &one, sizeof(one));
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_KEY, NFT_META_NFTRACE);
	nftnl_expr_set_u32(meta, NFTNL_EXPR_META_SREG, NFT_REG_1);

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, TABLE_NAME);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, CHAIN_NAME);
	nftnl_rule_add_expr(rule, immediate);
	nftnl_rule_add_expr(rule, meta);
	nftnl_rule_nlmsg_build_payload(message, rule);
	mnl_nlmsg_batch_next(batch);
	nftnl_rule_free(rule);
}

static int table_install(struct talk *talk)
{
	/* libmnl needs room after the limit for the message that exceeds it. */
	g_autofree char *buffer = g_malloc0(2 * BATCH_SIZE);
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer, BATCH_SIZE);
	int r;

	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), ++talk->sequence);
	mnl_nlmsg_batch_next(batch);
	put_table(batch, ++talk->sequence);
	put_chain(batch, ++talk->sequence);
	put_rule(batch, ++talk->sequence);
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), ++talk->sequence);
	mnl_nlmsg_batch_next(batch);

	r = talk_send(talk, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch), NULL, NULL);
	mnl_nlmsg_batch_stop(batch);
	return r;
}

int arming_arm(struct arming *arming, char **ret_reason)
{
	g_autofree char *reason = NULL;
	auto_talk talk = { 0 };
	int r;

	if (arming->socket)
		return 0;
	r = private_netns_open(NETLINK_NETFILTER, &talk.socket, &reason);
	if (r < 0) {
		*ret_reason = g_strdup_printf("can't switch tracing on: %s" BY_HAND, reason);
		return r;
	}
	r = table_install(&talk);
	if (r == 0)
		arming->socket = g_steal_pointer(&talk.socket);
	else if (r == -EPERM)
		*ret_reason = g_strdup("can't switch tracing on: give the daemon CAP_NET_ADMIN");
	else
		*ret_reason = g_strdup_printf(
			"can't switch tracing on: nf_tables refuses a table of the daemon's own "
			"with a \"meta nftrace set 1\" rule: %s" BY_HAND,
			g_strerror(-r));
	return r;
}

int arming_socket(const struct arming *arming)
{
	return arming->socket ? mnl_socket_get_fd(arming->socket) : -1;
}

int arming_adopt(struct arming *arming, int fd, char **ret_reason)
{
	int r;

	if (netns_is_elsewhere(fd)) {
		arming->socket = mnl_socket_fdopen(fd);
		if (arming->socket)
			return 0;
	}
	/*
	 * The socket's table is in the host's namespace. Armed before it is closed, the key stays
	 * on.
	 */
	r = arming_arm(arming, ret_reason);
	close(fd);
	return r;
}

void arming_disarm(struct arming *arming)
{
	/* The kernel removes the table with the last descriptor of the socket: this can't fail. */
	if (arming->socket)
		mnl_socket_close(arming->socket);
	arming->socket = NULL;
}

bool arming_is_armed(const struct arming *arming)
{
	return arming->socket;
}

static int expression_is_trace(struct nftnl_expr *expression, void *context)
{
	bool *found = context;

	if (g_str_equal(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME), "meta") &&
		nftnl_expr_is_set(expression, NFTNL_EXPR_META_SREG) &&
		nftnl_expr_get_u32(expression, NFTNL_EXPR_META_KEY) == NFT_META_NFTRACE)
		*found = true;
	return 0;
}

static int rule_check(const struct nlmsghdr *message, void *context)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	/* A rule that libnftnl can't parse is not a rule of two known expressions. */
	if (rule && nftnl_rule_nlmsg_parse(message, rule) == 0)
		nftnl_expr_foreach(rule, expression_is_trace, context);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

int arming_find_rule(bool *ret_found, char **ret_reason)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];
	auto_talk talk = { 0 };
	bool found = false;
	int r = talk_open(&talk);

	if (r == 0)
		r = -EINTR;
	for (unsigned int i = 0; i < DUMP_RETRIES && r == -EINTR; i++) {
		struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
			buffer, NFT_MSG_GETRULE, NFPROTO_UNSPEC, NLM_F_DUMP, ++talk.sequence);

		found = false;
		r = talk_send(&talk, message, message->nlmsg_len, rule_check, &found);
	}
	if (r < 0) {
		*ret_reason = g_strdup_printf(
			"can't list the rules of this network namespace: %s", g_strerror(-r));
		return r;
	}
	*ret_found = found;
	return 0;
}

struct arming *arming_free(struct arming *arming)
{
	if (!arming)
		return NULL;
	arming_disarm(arming);
	g_free(arming);
	return NULL;
}
