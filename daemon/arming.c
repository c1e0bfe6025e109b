/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming over nfnetlink. Requests of a batch are answered before sendto returns, so the socket never
 * blocks: when there is nothing to read, there is nothing more to come.
 */
#include "arming.h"

#include <arpa/inet.h>
#include <errno.h>
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
#include <unistd.h>

#define TABLE_NAME    "nfttraced"
#define TABLE_NAMES   8 /* tried: nfttraced, nfttraced-1, ... */
#define CHAIN_NAME    "arm"
#define TABLE_COMMENT "switches packet tracing on while nfttraced records"
#define BATCH_SIZE    8192
#define RECEIVE_SIZE  65536
#define DUMP_RETRIES  8 /* the ruleset may change while it is dumped */

/* Since Linux 5.12; the headers of Debian 12 know it, others may not. */
#define TABLE_FLAG_OWNER 0x2

struct arming {
	struct mnl_socket *socket;
	uint32_t sequence;
	char *table; /* name while armed */
};

struct arming *arming_new(void)
{
	return g_new0(struct arming, 1);
}

static int arming_connect(struct arming *arming)
{
	if (arming->socket)
		return 0;
	arming->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!arming->socket)
		return -errno;
	if (mnl_socket_bind(arming->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;

		mnl_socket_close(arming->socket);
		arming->socket = NULL;
		return r;
	}
	return 0;
}

/* Reads all answers there are. 0, or the first error among them. */
static int arming_receive(struct arming *arming, mnl_cb_t callback, void *context)
{
	g_autofree char *buffer = g_malloc(RECEIVE_SIZE);
	unsigned int port = mnl_socket_get_portid(arming->socket);
	int result = 0;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(arming->socket, buffer, RECEIVE_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? result : -errno;

		/* Each acknowledgement ends a run of the parser; there may be several in what was read. */
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

static int arming_send(
	struct arming *arming, const void *data, size_t size, mnl_cb_t callback, void *context)
{
	int r = arming_connect(arming);

	if (r < 0)
		return r;
	if (mnl_socket_sendto(arming->socket, data, size) < 0)
		return -errno;
	return arming_receive(arming, callback, context);
}

int arming_load_module(struct arming *arming, char **ret_reason)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		buffer, NFT_MSG_GETGEN, NFPROTO_UNSPEC, NLM_F_ACK, ++arming->sequence);
	int r = arming_send(arming, message, message->nlmsg_len, NULL, NULL);

	if (r == 0)
		return 0;
	if (r == -EPERM) {
		*ret_reason = g_strdup("can't talk to nf_tables: give the daemon CAP_NET_ADMIN");
		return r;
	}
	*ret_reason = g_strdup_printf(
		"the module nf_tables can't be loaded (%s): install or allow it, or "
		"run \"modprobe nf_tables\" to see why not",
		g_strerror(-r));
	return -EOPNOTSUPP;
}

static void put_table(struct mnl_nlmsg_batch *batch, const char *name, uint32_t sequence)
{
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch),
		NFT_MSG_NEWTABLE, NFPROTO_INET, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, sequence);
	struct nftnl_udata_buf *comment = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	struct nftnl_table *table = nftnl_table_alloc();

	g_assert(table && comment);
	nftnl_udata_put_strz(comment, NFTNL_UDATA_TABLE_COMMENT, TABLE_COMMENT);
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, TABLE_FLAG_OWNER);
	nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, nftnl_udata_buf_data(comment),
		nftnl_udata_buf_len(comment));
	nftnl_table_nlmsg_build_payload(message, table);
	mnl_nlmsg_batch_next(batch);
	nftnl_table_free(table);
	nftnl_udata_buf_free(comment);
}

static void put_chain(struct mnl_nlmsg_batch *batch, const char *name, uint32_t sequence)
{
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(batch),
		NFT_MSG_NEWCHAIN, NFPROTO_INET, NLM_F_CREATE | NLM_F_ACK, sequence);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	g_assert(chain);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN_NAME);
	nftnl_chain_nlmsg_build_payload(message, chain);
	mnl_nlmsg_batch_next(batch);
	nftnl_chain_free(chain);
}

/* meta nftrace set 1 */
static void put_rule(struct mnl_nlmsg_batch *batch, const char *name, uint32_t sequence)
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
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, name);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, CHAIN_NAME);
	nftnl_rule_add_expr(rule, immediate);
	nftnl_rule_add_expr(rule, meta);
	nftnl_rule_nlmsg_build_payload(message, rule);
	mnl_nlmsg_batch_next(batch);
	nftnl_rule_free(rule);
}

static int arming_install(struct arming *arming, const char *name)
{
	/* The library wants room behind the limit for the message that crosses it. */
	g_autofree char *buffer = g_malloc0(2 * BATCH_SIZE);
	struct mnl_nlmsg_batch *batch = mnl_nlmsg_batch_start(buffer, BATCH_SIZE);
	int r;

	nftnl_batch_begin(mnl_nlmsg_batch_current(batch), ++arming->sequence);
	mnl_nlmsg_batch_next(batch);
	put_table(batch, name, ++arming->sequence);
	put_chain(batch, name, ++arming->sequence);
	put_rule(batch, name, ++arming->sequence);
	nftnl_batch_end(mnl_nlmsg_batch_current(batch), ++arming->sequence);
	mnl_nlmsg_batch_next(batch);

	r = arming_send(
		arming, mnl_nlmsg_batch_head(batch), mnl_nlmsg_batch_size(batch), NULL, NULL);
	mnl_nlmsg_batch_stop(batch);
	return r;
}

int arming_arm(struct arming *arming, char **ret_reason)
{
	int r = -EEXIST;

	if (arming->table)
		return 0;
	/* One that another socket owns is not to be touched: that, too, is no permission. */
	for (unsigned int i = 0; i < TABLE_NAMES && (r == -EEXIST || r == -EPERM); i++) {
		g_autofree char *name =
			i ? g_strdup_printf(TABLE_NAME "-%u", i) : g_strdup(TABLE_NAME);

		r = arming_install(arming, name);
		if (r == 0)
			arming->table = g_steal_pointer(&name);
	}
	switch (-r) {
	case 0:
		break;
	case EEXIST:
		*ret_reason = g_strdup_printf(
			"can't switch tracing on: the tables " TABLE_NAME " to " TABLE_NAME
			"-%d of family inet exist already: delete one of them",
			TABLE_NAMES - 1);
		break;
	case EPERM:
		*ret_reason = g_strdup("can't switch tracing on: give the daemon CAP_NET_ADMIN");
		break;
	default:
		*ret_reason = g_strdup_printf(
			"can't switch tracing on: nf_tables refuses a table of our own "
			"with a \"meta nftrace set 1\" rule: %s",
			g_strerror(-r));
	}
	return r;
}

int arming_socket(const struct arming *arming)
{
	return arming->table ? mnl_socket_get_fd(arming->socket) : -1;
}

void arming_adopt(struct arming *arming, int fd)
{
	arming->socket = mnl_socket_fdopen(fd);
	if (!arming->socket) {
		close(fd);
		return;
	}
	arming->table = g_strdup(TABLE_NAME);
}

void arming_disarm(struct arming *arming)
{
	/* The kernel removes what a socket owns when its last descriptor goes: that can't fail. */
	if (arming->socket)
		mnl_socket_close(arming->socket);
	arming->socket = NULL;
	g_clear_pointer(&arming->table, g_free);
}

bool arming_is_armed(const struct arming *arming)
{
	return arming->table;
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

static int rule_look(const struct nlmsghdr *message, void *context)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	/* A rule that libnftnl can't parse is not one of the two expressions that are looked for. */
	if (rule && nftnl_rule_nlmsg_parse(message, rule) == 0)
		nftnl_expr_foreach(rule, expression_is_trace, context);
	nftnl_rule_free(rule);
	return MNL_CB_OK;
}

int arming_find_rule(struct arming *arming, bool *ret_found, char **ret_reason)
{
	char buffer[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];
	bool found;
	int r = -EINTR;

	for (unsigned int i = 0; i < DUMP_RETRIES && r == -EINTR; i++) {
		struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
			buffer, NFT_MSG_GETRULE, NFPROTO_UNSPEC, NLM_F_DUMP, ++arming->sequence);

		found = false;
		r = arming_send(arming, message, message->nlmsg_len, rule_look, &found);
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
