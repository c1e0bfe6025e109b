/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by tests of JSON: records rendered, lines parsed strictly, and what Retis's tools require
 * of a line. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_JSON_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_JSON_KIT_H

#include <check.h>
#include <glib.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "journal/json/event-json.h"
#include "tests/unit/kit/sample-full.h"

#define OWN(literal) ((char *)(literal))

static const struct journal_segment segment = { .session = 3, .monotonic = 77 };

struct rendering {
	struct output output;
	struct name_table *name_table;
	struct renderer *renderer;
};

static inline void rendering_begin(struct rendering *rendering)
{
	rendering->name_table = sample_full_library();
	output_open(&rendering->output, OUTPUT_MEMORY);
	rendering->renderer = json_new(&rendering->output, rendering->name_table);
}

static inline void render(
	struct rendering *rendering, enum journal_type type, const void *data, size_t size)
{
	const struct journal_entry entry = {
		.type = type,
		.data = data,
		.size = (uint32_t)size,
		.byte_order = JOURNAL_BYTE_ORDER,
		.segment = &segment,
	};

	renderer_render(rendering->renderer, &entry);
}

static inline void render_dictionary(
	struct rendering *rendering, enum journal_type type, char *text)
{
	render(rendering, type, text, strlen(text));
	g_free(text);
}

static inline char *rendering_end(struct rendering *rendering)
{
	char *text = output_steal(&rendering->output);

	renderer_free(rendering->renderer);
	name_table_free(rendering->name_table);
	return text;
}

/* Strictly: no comments, no single quotation marks, nothing behind it, valid UTF-8. */
static inline struct json_object *parse_strictly(const char *line, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)length);
	ck_assert_msg(json_tokener_get_error(tokener) == json_tokener_success, "%s: %.*s",
		json_tokener_error_desc(json_tokener_get_error(tokener)), (int)length, line);
	ck_assert(json_object_is_type(object, json_type_object));
	json_tokener_free(tokener);
	return object;
}

/* The lines of `text` as objects; json_object_put the array. */
static inline struct json_object *lines_parse(const char *text)
{
	struct json_object *lines = json_object_new_array();

	while (*text) {
		const char *end = strchr(text, '\n');

		ck_assert_ptr_nonnull(end);
		json_object_array_add(lines, parse_strictly(text, (size_t)(end - text)));
		text = end + 1;
	}
	return lines;
}

/* A record as JSON, in the view of these settings (NULL: of none). */
static inline struct json_object *record_json(
	const void *bytes, size_t size, const struct dictionary_settings *settings)
{
	struct rendering rendering;
	g_autofree char *text = NULL;
	struct json_object *lines, *event;

	rendering_begin(&rendering);
	if (settings)
		session_view_set(&rendering.renderer->view, settings);
	render(&rendering, JOURNAL_EVENT, bytes, size);
	text = rendering_end(&rendering);
	lines = lines_parse(text);
	ck_assert_uint_eq(json_object_array_length(lines), 2);
	event = json_object_get(json_object_array_get_idx(lines, 1));
	json_object_put(lines);
	return event;
}

/* "a/b/c" in an object; NULL if it is not there. */
static inline struct json_object *at(struct json_object *object, const char *path)
{
	g_auto(GStrv) keys = g_strsplit(path, "/", -1);

	for (char **key = keys; *key && object; key++)
		object = json_object_object_get(object, *key);
	return object;
}

static inline void assert_text(struct json_object *object, const char *path, const char *expected)
{
	ck_assert_msg(json_object_is_type(at(object, path), json_type_string), "%s", path);
	ck_assert_str_eq(json_object_get_string(at(object, path)), expected);
}

static inline void assert_number(struct json_object *object, const char *path, uint64_t expected)
{
	ck_assert_msg(json_object_is_type(at(object, path), json_type_int), "%s", path);
	ck_assert_uint_eq(json_object_get_uint64(at(object, path)), expected);
}

/* The members that Retis's tools require of a section, as in its schema. */
static const struct {
	const char *section;
	const char
		*members; /* a type's letter before each: n number, s string, b boolean, o object */
} required[] = {
	{ "common", "n:timestamp" },
	{ "common/task", "n:pid n:tgid s:comm" },
	{ "kernel", "s:symbol s:probe_type" },
	{ "tracking", "o:skb n:idx" },
	{ "tracking/skb", "n:orig_head n:timestamp n:skb" },
	{ "skb-tracking", "n:orig_head n:timestamp n:skb" },
	{ "skb-drop", "s:drop_reason" },
	{ "packet", "n:len n:capture_len s:data" },
	{ "skb/vlan_accel", "n:proto n:pcp b:dei n:vid" },
	{ "skb/meta", "n:len n:data_len n:hash n:ip_summed n:csum n:csum_level n:priority" },
	{ "skb/data_ref", "b:nohdr b:cloned n:fclone n:users n:dataref" },
	{ "skb/gso", "n:flags n:frags n:size n:segs n:type" },
	{ "netns", "n:inum" },
	{ "dev", "s:name n:ifindex" },
	{ "nft", "s:table_name s:chain_name s:verdict n:table_handle n:chain_handle b:policy" },
	{ "ct", "s:state n:zone_id s:zone_dir o:orig o:reply n:ct_status" },
	{ "ct/orig", "o:ip o:proto" },
	{ "ct/orig/ip", "s:src s:dst s:version" },
	{ "ct/reply", "o:ip o:proto" },
	{ "ct/reply/ip", "s:src s:dst s:version" },
	{ "ct/orig/proto/tcp", "n:sport n:dport" },
	{ "ct/orig/proto/udp", "n:sport n:dport" },
	{ "ct/orig/proto/icmp", "n:code n:type n:id" },
	{ "ct/orig/proto/sctp", "n:sport n:dport n:vtag" },
	{ "ct/labels", "n:hi n:lo" },
	{ "ct/parent", "n:zone_id s:zone_dir o:orig o:reply n:ct_status" },
	{ "startup", "s:retis_version s:cmdline o:clock_monotonic_offset o:machine" },
	{ "startup/clock_monotonic_offset", "n:sec n:nsec" },
	{ "startup/machine", "s:kernel_release s:kernel_version s:hardware_name" },
};

static const struct {
	const char *path;
	uint64_t most;
} limited[] = {
	{ "common/smp_id", UINT32_MAX },
	{ "common/task/pid", INT32_MAX },
	{ "common/task/tgid", INT32_MAX },
	{ "skb/vlan_accel/pcp", UINT8_MAX },
	{ "skb/vlan_accel/vid", UINT16_MAX },
	{ "skb/data_ref/users", UINT8_MAX },
	{ "skb/data_ref/dataref", UINT8_MAX },
	{ "skb/gso/frags", UINT8_MAX },
	{ "dev/ifindex", UINT32_MAX },
	{ "nft/table_handle", INT64_MAX },
	{ "nft/chain_handle", INT64_MAX },
	{ "nft/rule_handle", INT64_MAX },
	{ "packet/len", UINT32_MAX },
};

static inline bool is_of(struct json_object *value, char letter)
{
	switch (letter) {
	case 'n':
		return json_object_is_type(value, json_type_int);
	case 's':
		return json_object_is_type(value, json_type_string);
	case 'b':
		return json_object_is_type(value, json_type_boolean);
	}
	return json_object_is_type(value, json_type_object);
}

static inline void assert_one_of(
	struct json_object *event, const char *path, const char *const *allowed)
{
	struct json_object *value = at(event, path);

	if (value)
		ck_assert_msg(g_strv_contains(allowed, json_object_get_string(value)), "%s: %s",
			path, json_object_get_string(value));
}

static inline void assert_acceptable(struct json_object *event)
{
	static const char *const states[] = { "established", "related", "new", "reply",
		"related_reply", "untracked", NULL };
	static const char *const zones[] = { "Original", "Reply", "Default", "None", NULL };
	static const char *const versions[] = { "v4", "v6", NULL };
	static const char *const probes[] = { "kprobe", "kretprobe", "raw_tracepoint", NULL };

	for (size_t i = 0; i < G_N_ELEMENTS(required); i++) {
		struct json_object *section = at(event, required[i].section);
		g_auto(GStrv) members = g_strsplit(required[i].members, " ", -1);

		for (char **member = members; section && *member; member++)
			ck_assert_msg(is_of(at(section, *member + 2), **member), "%s: %s",
				required[i].section, *member);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(limited); i++) {
		struct json_object *value = at(event, limited[i].path);

		if (value)
			ck_assert_msg(json_object_get_uint64(value) <= limited[i].most, "%s",
				limited[i].path);
	}
	ck_assert_ptr_nonnull(at(event, "common"));
	assert_one_of(event, "ct/state", states);
	assert_one_of(event, "ct/zone_dir", zones);
	assert_one_of(event, "ct/orig/ip/version", versions);
	assert_one_of(event, "kernel/probe_type", probes);
	if (at(event, "ct"))
		ck_assert_int_eq(json_object_object_length(at(event, "ct/orig/proto")), 1);
}

static inline int kit_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
