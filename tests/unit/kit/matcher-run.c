/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel harness of the matcher's tests; see matcher-run.h. */
#include "tests/unit/kit/matcher-run.h"

#include <bpf/bpf.h>
#include <check.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/filter/ebpf.h"
#include "journal/base/cleanup.h"

/* BPF_PROG_TEST_RUN of a SCHED_CLS program requires an Ethernet frame; its contents are not
 * read. */
#define DUMMY_PACKET 64

static int map_new(
	enum bpf_map_type type, const char *name, uint32_t value, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	int fd = bpf_map_create(type, name, sizeof(uint32_t), value, entries, &options);

	ck_assert_msg(fd >= 0, "map %s: %s", name, g_strerror(-fd));
	return fd;
}

static size_t page_align(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

static void *map_memory(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	return memory;
}

/* EMIT's stand-in: counts its calls. */
static void install_emit(struct matcher_run *run)
{
	struct bpf_insn code[] = {
		ebpf_store_imm(BPF_W, BPF_REG_10, -8, 0),
		ebpf_load_map(BPF_REG_1, run->emits_fd),
		{ 0 },
		ebpf_alu64_reg(BPF_MOV, BPF_REG_2, BPF_REG_10),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_2, -8),
		ebpf_call(BPF_FUNC_map_lookup_elem),
		ebpf_jump64_imm(BPF_JEQ, BPF_REG_0, 0, 3),
		ebpf_load(BPF_DW, BPF_REG_1, BPF_REG_0, 0),
		ebpf_alu64_imm(BPF_ADD, BPF_REG_1, 1),
		ebpf_store(BPF_DW, BPF_REG_0, 0, BPF_REG_1),
		ebpf_alu64_imm(BPF_MOV, BPF_REG_0, 0),
		ebpf_exit(),
	};
	auto_fd fd = bpf_prog_load(run->target.type, "emit", "GPL", code, G_N_ELEMENTS(code), NULL);
	uint32_t slot = STAGE_EMIT;

	ck_assert_msg(fd >= 0, "stand-in for EMIT: %s", g_strerror(-fd));
	ck_assert_int_eq(bpf_map_update_elem(run->target.stages_fd, &slot, &fd, BPF_ANY), 0);
}

void matcher_run_init(struct matcher_run *run, enum bpf_prog_type type)
{
	memset(run, 0, sizeof(*run));
	run->program_fd = -1;
	run->target.type = type;
	run->target.stats_fd = -1;
	run->target.frames_fd =
		map_new(BPF_MAP_TYPE_ARRAY, "frames", sizeof(struct frame), 1, BPF_F_MMAPABLE);
	run->target.stages_fd =
		map_new(BPF_MAP_TYPE_PROG_ARRAY, "stages", sizeof(uint32_t), STAGE_COUNT, 0);
	run->emits_fd = map_new(BPF_MAP_TYPE_ARRAY, "emits", sizeof(uint64_t), 1, BPF_F_MMAPABLE);
	run->frame_mapping = page_align(sizeof(struct frame));
	run->frame = map_memory(run->target.frames_fd, run->frame_mapping);
	run->emits = map_memory(run->emits_fd, page_align(sizeof(uint64_t)));
	install_emit(run);
}

void matcher_run_clear(struct matcher_run *run)
{
	munmap(run->frame, run->frame_mapping);
	munmap(run->emits, page_align(sizeof(uint64_t)));
	fd_close(&run->target.frames_fd);
	fd_close(&run->target.stages_fd);
	fd_close(&run->emits_fd);
	fd_close(&run->program_fd);
}

int matcher_run_load(struct matcher_run *run, const struct matcher *matcher, unsigned int bank,
	char **ret_reason)
{
	fd_close(&run->program_fd);
	return matcher_load(matcher, &run->target, bank, &run->program_fd, ret_reason);
}

uint32_t matcher_run_once(struct matcher_run *run)
{
	uint8_t dummy[DUMMY_PACKET] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int r;

	if (run->target.type == BPF_PROG_TYPE_SCHED_CLS) {
		options.data_in = dummy;
		options.data_size_in = sizeof(dummy);
		options.repeat = 1;
	}
	r = bpf_prog_test_run_opts(run->program_fd, &options);
	ck_assert_msg(r == 0, "test run: %s", g_strerror(-r));
	return options.retval;
}

void matcher_run_packet(struct matcher_run *run, uint32_t link, const uint8_t *bytes,
	uint32_t captured, uint32_t length)
{
	struct frame *frame = run->frame;

	ck_assert_uint_le(captured, FRAME_VIEW_MAX);
	memcpy(frame->packet, bytes, captured);
	frame->sessions = 0;
	frame->sticky = 0;
	frame->verdict = 1u << VERDICT_DROP;
	frame->probe = 1u << EVENT_PROBE_NFT;
	frame->link = link;
	frame->length = length;
	frame->captured = captured;
}
