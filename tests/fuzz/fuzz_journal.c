/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes everything that reads a journal: the bytes are taken as a segment file and as a stream,
 * events are decoded, dictionaries parsed. Run as: fuzz_journal CORPUS_DIRECTORY.
 */
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/base/escape.h"
#include "journal/event/decode.h"
#include "journal/format/dictionary.h"
#include "journal/json/event-json.h"
#include "journal/reader/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void peers_use(const struct event_peers *peers)
{
	size_t size = peers->connection.family == AF_INET ? EVENT_IPV4_SIZE : EVENT_IPV6_SIZE;
	char text[TEXT_ESCAPED_MAX(EVENT_IPV6_SIZE)];

	for (unsigned int i = 0; i < 2; i++) {
		text_escape((const char *)peers->addresses[i].source, size, text, sizeof(text));
		text_escape(
			(const char *)peers->addresses[i].destination, size, text, sizeof(text));
	}
}

static void event_use(const struct journal_entry *entry)
{
	char name[TEXT_ESCAPED_MAX(EVENT_NAME_MAX)];
	struct event event;

	if (event_decode(
		    entry->data, entry->size, entry->byte_order != JOURNAL_BYTE_ORDER, &event) < 0)
		return;
	text_escape(event.table.bytes, event.table.length, name, sizeof(name));
	text_escape(event.chain.bytes, event.chain.length, name, sizeof(name));
	text_escape((const char *)event.packet_bytes, event.packet.captured, name, sizeof(name));
	if (event.has_connection)
		peers_use(&event.connection);
	if (event.has_master)
		peers_use(&event.master);
	if (event.stack_depth > EVENT_STACK_MAX)
		abort();
}

static void dictionaries_use(const struct journal_entry *entry)
{
	struct dictionary_start start;
	struct dictionary_settings settings;
	struct dictionary_totals totals;

	if (dictionary_start_parse(entry->data, entry->size, &start) >= 0)
		dictionary_start_clear(&start);
	if (dictionary_settings_parse(entry->data, entry->size, &settings) >= 0)
		dictionary_settings_clear(&settings);
	dictionary_totals_parse(entry->data, entry->size, &totals);
}

static void reader_drain(struct journal_reader *reader)
{
	struct journal_entry entry;
	auto_output output = { 0 };
	struct renderer *renderer;

	output_open(&output, OUTPUT_MEMORY);
	renderer = json_new(&output, journal_reader_names(reader));
	while (journal_reader_next(reader, &entry) > 0) {
		renderer_render(renderer, &entry);
		output.used = 0;
		if (entry.type == JOURNAL_EVENT)
			event_use(&entry);
		else if (entry.type != JOURNAL_LOSS)
			dictionaries_use(&entry);
	}
	renderer_free(renderer);
	journal_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_reader *reader = NULL;
	g_autofree char *path = NULL, *file_reason = NULL, *follow_stream_reason = NULL;
	int fd = memfd_create("journal", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	path = g_strdup_printf("/proc/self/fd/%d", fd);
	if (journal_reader_open(AT_FDCWD, path, &reader, &file_reason) >= 0)
		reader_drain(reader);
	if (journal_reader_open_stream(fd, &reader, &follow_stream_reason) >= 0)
		reader_drain(reader);
	return 0;
}
