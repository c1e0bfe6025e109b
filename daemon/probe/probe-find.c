/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the packet among a probe's arguments; see probe-find.h. */
#include "daemon/probe/probe-find.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "daemon/base/edit-distance.h"

#define TRACEPOINT_PREFIX "btf_trace_" /* of the typedef that each tracepoint has */
#define REGISTER_SIZE     8 /* bytes */
#define SUGGEST_SHARE     3 /* at most one in this many letters of a suggested name differs */

/* The type without typedefs and qualifiers. */
static const struct btf_type *type_resolve(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (type && (btf_is_typedef(type) || btf_is_mod(type) || btf_is_type_tag(type)))
		type = btf__type_by_id(btf, type->type);
	return type;
}

static bool type_named(const struct btf *btf, const struct btf_type *type, const char *name)
{
	return type && g_str_equal(btf__name_by_offset(btf, type->name_off), name);
}

/* True if the type is a pointer to the struct. */
static bool points_to(const struct btf *btf, uint32_t id, const char *name)
{
	const struct btf_type *type = type_resolve(btf, id);

	if (!type || !btf_is_ptr(type))
		return false;
	type = type_resolve(btf, type->type);
	return type && (btf_is_struct(type) || btf_is_fwd(type)) && type_named(btf, type, name);
}

static bool is_drop_reason(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = type_resolve(btf, id);

	return type && btf_is_any_enum(type) && type_named(btf, type, "skb_drop_reason");
}

/* Registers that an argument takes. */
static unsigned int argument_registers(const struct btf *btf, uint32_t id)
{
	const struct btf_type *type = type_resolve(btf, id);

	if (!type || !btf_is_composite(type))
		return 1;
	/* A struct of more than two registers is passed in memory. */
	return type->size > 2 * REGISTER_SIZE ? 0
					      : (type->size + REGISTER_SIZE - 1) / REGISTER_SIZE;
}

/* The type of the probe's function; NULL: the probe is not in this BTF. */
static const struct btf_type *prototype_find(const struct btf *btf, const struct probe_spec *spec)
{
	const struct btf_type *type;
	int id;

	if (spec->type == EVENT_ATTACH_RAW_TRACEPOINT) {
		g_autofree char *name =
			g_strconcat(TRACEPOINT_PREFIX, strchr(spec->symbol, ':') + 1, NULL);

		id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	} else {
		id = btf__find_by_name_kind(btf, spec->symbol, BTF_KIND_FUNC);
	}
	if (id < 0)
		return NULL;
	type = type_resolve(btf, btf__type_by_id(btf, (uint32_t)id)->type);
	if (type && btf_is_ptr(type))
		type = type_resolve(btf, type->type);
	return type && btf_is_func_proto(type) ? type : NULL;
}

/* Finds the arguments of interest; false: none of them leads to a packet. */
static bool arguments_read(const struct btf *btf, const struct btf_type *type, bool tracepoint,
	struct probe_config *ret)
{
	const struct btf_param *parameters = btf_params(type);
	unsigned int place = 0, most = tracepoint ? PROBE_NO_ARGUMENT : PROBE_ARGUMENTS_MAX;
	uint8_t skb = PROBE_NO_ARGUMENT, pktinfo = PROBE_NO_ARGUMENT;

	/* The first argument of a tracepoint is private data. */
	for (unsigned int i = tracepoint; i < btf_vlen(type) && place < most; i++) {
		uint32_t id = parameters[i].type;

		if (skb == PROBE_NO_ARGUMENT && points_to(btf, id, "sk_buff"))
			skb = (uint8_t)place;
		else if (pktinfo == PROBE_NO_ARGUMENT && points_to(btf, id, "nft_pktinfo"))
			pktinfo = (uint8_t)place;
		else if (points_to(btf, id, "nf_hook_state"))
			ret->state = (uint8_t)place;
		else if (is_drop_reason(btf, id))
			ret->reason = (uint8_t)place;
		place += tracepoint ? 1 : argument_registers(btf, id);
	}
	ret->way = skb != PROBE_NO_ARGUMENT ? PROBE_WAY_SKB : PROBE_WAY_PKTINFO;
	ret->packet = skb != PROBE_NO_ARGUMENT ? skb : pktinfo;
	return ret->packet != PROBE_NO_ARGUMENT;
}

int probe_find(const struct btf *btf, const struct probe_spec *spec, struct probe_config *ret,
	char **ret_reason)
{
	struct probe_config config = {
		.attach = (uint8_t)spec->type,
		.state = PROBE_NO_ARGUMENT,
		.reason = PROBE_NO_ARGUMENT,
	};
	bool tracepoint = spec->type == EVENT_ATTACH_RAW_TRACEPOINT;
	const struct btf_type *type = prototype_find(btf, spec);

	if (!type)
		return -ENOENT;
	if (!arguments_read(btf, type, tracepoint, &config)) {
		if (tracepoint)
			*ret_reason = g_strdup_printf("the tracepoint %s has no packet: none of "
						      "its arguments is a struct sk_buff",
				spec->symbol);
		else
			*ret_reason = g_strdup_printf("the function %s has no packet: none of its "
						      "first %d arguments is a struct sk_buff",
				spec->symbol, PROBE_ARGUMENTS_MAX);
		return -EINVAL;
	}
	*ret = config;
	return 0;
}

static bool type_is_probeable(
	const struct btf *btf, const struct btf_type *type, const struct probe_spec *spec)
{
	struct probe_config ignored = { 0 };

	type = type_resolve(btf, type->type);
	if (type && btf_is_ptr(type))
		type = type_resolve(btf, type->type);
	return type && btf_is_func_proto(type) &&
		arguments_read(btf, type, spec->type == EVENT_ATTACH_RAW_TRACEPOINT, &ignored);
}

char *probe_suggest(const struct btf *btf, const struct probe_spec *spec)
{
	bool tracepoint = spec->type == EVENT_ATTACH_RAW_TRACEPOINT;
	const char *wanted = tracepoint ? strchr(spec->symbol, ':') + 1 : spec->symbol;
	unsigned int most = (unsigned int)strlen(wanted) / SUGGEST_SHARE;
	const char *best = NULL;

	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);
		unsigned int distance;

		if (tracepoint ? !btf_is_typedef(type) || !g_str_has_prefix(name, TRACEPOINT_PREFIX)
			       : !btf_is_func(type))
			continue;
		name += tracepoint ? strlen(TRACEPOINT_PREFIX) : 0;
		if (strlen(name) > PROBE_SYMBOL_MAX || (best && most == 0))
			continue;
		distance = spelling_distance(wanted, name, most);
		/* Of equally close names the first one. */
		if (distance > most || (best && distance == most) ||
			!type_is_probeable(btf, type, spec))
			continue;
		best = name;
		most = distance;
	}
	return g_strdup(best);
}
