/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter expression through libpcap; see filter-compile.h. */
#include <pcap/pcap.h>

#include "daemon/filter/filter-compile.h"

#include <errno.h>
#include <glib.h>

#include "daemon/filter/cbpf.h"
#include "journal/base/filter-names.h"

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "libpcap speaks classic BPF");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "same layout");

/* Bytes of a packet; it does not limit what `len` may be compared with. */
#define SNAPSHOT_LENGTH 262144

/* A longer program can't be optimised to FILTER_INSTRUCTIONS_MAX, and is refused at once. */
#define UNOPTIMISED_MAX (12 * FILTER_INSTRUCTIONS_MAX)

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

/* pcap_compile() with a reason on failure: libpcap's message, or ours about a name. */
static int pcap_compile_checked(pcap_t *pcap, const char *expression, enum optimise optimise,
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

static int length_check(u_int length, enum optimise optimise, char **ret_reason)
{
	u_int allowed = optimise == OPTIMISE_NO ? UNOPTIMISED_MAX : FILTER_INSTRUCTIONS_MAX;

	if (length <= allowed)
		return 0;
	*ret_reason = g_strdup_printf(
		"the filter needs %u instructions%s, and %u are allowed: shorten it, or split "
		"it into several sessions",
		length, optimise == OPTIMISE_NO ? " before it is optimised" : "", allowed);
	return -E2BIG;
}

/* -EAGAIN: too long for a session, but perhaps not when it is optimised. */
static int compile_variant(const char *expression, enum filter_variant variant,
	enum optimise optimise, struct filter *filter, char **ret_reason)
{
	auto_pcap *pcap = pcap_open_dead(link_type(variant), SNAPSHOT_LENGTH);
	struct sock_fprog *ret = &filter->programs[variant];
	auto_classic_facts facts = { 0 };
	auto_program compiled = { 0 };
	struct sock_fprog program;
	int r;

	if (pcap == NULL)
		return -ENOMEM;
	r = pcap_compile_checked(pcap, expression, optimise, &compiled, ret_reason);
	if (r == 0)
		r = length_check(compiled.bf_len, optimise, ret_reason);
	if (r == 0 && compiled.bf_len > FILTER_INSTRUCTIONS_MAX)
		r = -EAGAIN;
	if (r < 0)
		return r;
	program.len = (unsigned short)compiled.bf_len;
	program.filter = (struct sock_filter *)(void *)compiled.bf_insns;
	r = classic_analyse(&program, &facts, ret_reason);
	if (r < 0)
		return r;
	ret->filter = g_memdup2(program.filter, program.len * sizeof(*program.filter));
	ret->len = program.len;
	filter->view = MAX(filter->view, facts.view);
	return 0;
}

int filter_compile(struct filter *filter, enum optimise optimise, char **ret_reason)
{
	g_autofree char *raw_reason = NULL, *ethernet_reason = NULL;
	int raw = -EINVAL, ethernet;

	ethernet = compile_variant(
		filter->expression, FILTER_ETHERNET, optimise, filter, &ethernet_reason);
	if (ethernet == 0 || ethernet == -EINVAL)
		raw = compile_variant(
			filter->expression, FILTER_RAW, optimise, filter, &raw_reason);
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

/*
 * Checks that filter-names.h refuses names. Without it libpcap would look this one up in a file
 * only.
 */
static void *names_try(void *unused)
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

bool filter_compile_keeps_names(void)
{
	static GOnce tried = G_ONCE_INIT;

	return GPOINTER_TO_INT(g_once(&tried, names_try, NULL));
}
