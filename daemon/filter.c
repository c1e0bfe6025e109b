/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiles a session's filter expression with libpcap; see filter.h. */
#include <pcap/pcap.h>

#include "filter.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "../bpf/pipeline.h"
#include "classic.h"
#include "filter-names.h"

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "libpcap speaks classic BPF");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "same layout");

/* Of a packet, bytes: what `len` may be compared with is not limited by it. */
#define SNAPSHOT_LENGTH 262144

/*
 * libpcap's optimiser needs time with the cube of a program's length. A program that is this much
 * longer before it is optimised has no chance, and is refused without it.
 */
#define UNOPTIMISED_MAX (12 * FILTER_INSTRUCTIONS_MAX)

enum optimise {
	OPTIMISE_NO = 0,
	OPTIMISE_YES = 1,
};

static void program_clear(struct bpf_program *program)
{
	if (program->bf_insns != NULL)
		pcap_freecode(program);
}

#define auto_program __attribute__((cleanup(program_clear))) struct bpf_program

static void pcap_closep(pcap_t **pcap)
{
	if (*pcap != NULL)
		pcap_close(*pcap);
}

#define auto_pcap __attribute__((cleanup(pcap_closep))) pcap_t

static int link_type(enum filter_variant variant)
{
	return variant == FILTER_ETHERNET ? DLT_EN10MB : DLT_RAW;
}

/* pcap_compile() with errors as ours: libpcap's message, or ours about a name. */
static int compile(pcap_t *pcap, const char *expression, enum optimise optimise,
	struct bpf_program *ret, char **ret_reason)
{
	g_autofree char *valid = NULL;
	const char *name;

	filter_names_reset();
	if (pcap_compile(pcap, ret, expression, optimise, PCAP_NETMASK_UNKNOWN) == 0)
		return 0;
	name = filter_names_refused();
	valid = name != NULL ? g_utf8_make_valid(name, -1) : NULL;
	if (valid != NULL)
		*ret_reason = g_strdup_printf("names of hosts and networks are not resolved: give "
					      "an address in place of \"%s\"",
			valid);
	else
		*ret_reason = g_utf8_make_valid(pcap_geterr(pcap), -1);
	return -EINVAL;
}

static int check_length(u_int length, u_int allowed, char **ret_reason)
{
	if (length <= allowed)
		return 0;
	*ret_reason = g_strdup_printf(
		"the filter needs %u instructions%s, and %u are allowed: make it shorter, or "
		"several sessions of it",
		length, allowed == UNOPTIMISED_MAX ? " before it is optimised" : "", allowed);
	return -E2BIG;
}

static int compile_variant(const char *expression, enum filter_variant variant,
	struct sock_fprog *ret, uint32_t *ret_view, char **ret_reason)
{
	auto_pcap *pcap = pcap_open_dead(link_type(variant), SNAPSHOT_LENGTH);
	auto_program plain = { 0 }, optimised = { 0 };
	auto_classic_facts facts = { 0 };
	struct sock_fprog program;
	int r;

	if (pcap == NULL)
		return -ENOMEM;
	r = compile(pcap, expression, OPTIMISE_NO, &plain, ret_reason);
	if (r < 0)
		return r;
	r = check_length(plain.bf_len, UNOPTIMISED_MAX, ret_reason);
	if (r < 0)
		return r;
	r = compile(pcap, expression, OPTIMISE_YES, &optimised, ret_reason);
	if (r < 0)
		return r;
	r = check_length(optimised.bf_len, FILTER_INSTRUCTIONS_MAX, ret_reason);
	if (r < 0)
		return r;
	program.len = (unsigned short)optimised.bf_len;
	program.filter = (struct sock_filter *)(void *)optimised.bf_insns;
	r = classic_analyse(&program, &facts, ret_reason);
	if (r < 0)
		return r;
	program.filter = g_memdup2(program.filter, program.len * sizeof(*program.filter));
	*ret = program;
	*ret_view = MAX(*ret_view, facts.view);
	return 0;
}

/*
 * Both variants. That an expression means nothing for one link type is no error if it does for the
 * other; that it is too long always is: the session would miss packets silently.
 */
static int compile_variants(struct filter *filter, char **ret_reason)
{
	g_autofree char *raw_reason = NULL, *ethernet_reason = NULL;
	struct sock_fprog *programs = filter->programs;
	int raw = -EINVAL, ethernet;

	ethernet = compile_variant(filter->expression, FILTER_ETHERNET, &programs[FILTER_ETHERNET],
		&filter->view, &ethernet_reason);
	if (ethernet == 0 || ethernet == -EINVAL)
		raw = compile_variant(filter->expression, FILTER_RAW, &programs[FILTER_RAW],
			&filter->view, &raw_reason);
	if (raw < 0 && raw != -EINVAL) {
		*ret_reason = g_steal_pointer(&raw_reason);
		return raw;
	}
	if (ethernet < 0 && raw < 0) {
		*ret_reason = g_steal_pointer(&ethernet_reason);
		return ethernet;
	}
	return 0;
}

/* What filter-names.h promises, tried once with a name that never leaves this machine:
 * libpcap looks for it in a file at most. */
static void *try_names(void *unused)
{
	auto_pcap *pcap = pcap_open_dead(DLT_EN10MB, SNAPSHOT_LENGTH);
	auto_program program = { 0 };

	filter_names_reset();
	if (pcap == NULL ||
		pcap_compile(pcap, &program, "ether host nfttraced", OPTIMISE_NO,
			PCAP_NETMASK_UNKNOWN) == 0)
		return GINT_TO_POINTER(FALSE);
	return GINT_TO_POINTER(filter_names_refused() != NULL);
}

static bool names_are_refused(void)
{
	static GOnce tried = G_ONCE_INIT;

	return GPOINTER_TO_INT(g_once(&tried, try_names, NULL));
}

static int check_expression(const char *expression, char **ret_reason)
{
	if (!names_are_refused()) {
		*ret_reason = g_strdup("this libpcap would resolve names of hosts: filters are "
				       "not available");
		return -ENOTSUP;
	}
	if (strlen(expression) > FILTER_EXPRESSION_MAX) {
		*ret_reason = g_strdup_printf("the filter has %zu bytes, and %d are allowed",
			strlen(expression), FILTER_EXPRESSION_MAX);
		return -E2BIG;
	}
	for (const char *c = expression; *c != '\0'; c++) {
		if (!g_ascii_iscntrl(*c))
			continue;
		*ret_reason = g_strdup_printf(
			"the filter has a control character at byte %zu", (size_t)(c - expression));
		return -EINVAL;
	}
	return 0;
}

int filter_new(const char *expression, struct filter **ret, char **ret_reason)
{
	auto_filter *filter = g_new0(struct filter, 1);
	int r;

	filter->expression = g_strdup(expression != NULL ? expression : "");
	if (filter->expression[0] != '\0') {
		r = check_expression(filter->expression, ret_reason);
		if (r < 0)
			return r;
		r = compile_variants(filter, ret_reason);
		if (r < 0)
			return r;
	}
	*ret = g_steal_pointer(&filter);
	return 0;
}

struct filter *filter_free(struct filter *filter)
{
	if (filter == NULL)
		return NULL;
	for (unsigned int v = 0; v < FILTER_VARIANTS; v++)
		g_free(filter->programs[v].filter);
	g_free(filter->expression);
	g_free(filter);
	return NULL;
}
