/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/pulse.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "cycler/agent/agent.h"

enum { SHARE = 100 /* of the time, one part is for looking */ };

struct board *board_create(void)
{
	void *memory = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* One bit a path of the board that is there. */
static uint64_t read_paths(const struct board *board)
{
	uint32_t count = __atomic_load_n(&board->path_count, __ATOMIC_ACQUIRE);
	uint64_t there = 0;

	for (uint32_t i = 0; i < count && i < BOARD_PATHS; i++)
		if (!faccessat(AT_FDCWD, board->paths[i], F_OK, AT_SYMLINK_NOFOLLOW))
			there |= UINT64_C(1) << i;
	return there * UINT64_C(0x9e3779b97f4a7c15);
}

void pulse_start(struct pulse *pulse, const struct agent *agent)
{
	_error_ struct error *error =
		residue_pulse_open(&agent->residue, &pulse->folders);

	if (error)
		return;
	/* those that are loaded now, as a hold's: its users are gone after each pass */
	for (size_t i = 0; i < agent->module_count; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/sys/module/%.60s/refcnt",
			 agent->modules[i]);
		residue_pulse_add_file(&pulse->folders, path);
	}
	pulse->last = residue_pulse_read(&pulse->folders) + read_paths(agent->board);
	pulse->on = true;
}

bool pulse_look(struct pulse *pulse, struct board *board, uint64_t pass)
{
	uint64_t begin = journal_stamp(), value, before = pulse->pass;
	uint64_t number;

	if (!pulse->on || begin < pulse->due)
		return false;
	value = residue_pulse_read(&pulse->folders) + read_paths(board);
	pulse->due = journal_stamp();
	pulse->due += (pulse->due - begin) * SHARE;
	pulse->pass = pass;
	board->looks++;
	if (value == pulse->last)
		return false;
	pulse->last = value;
	number = board->change_count;
	if (number < BOARD_CHANGES)
		board->changes[number] = (struct change){ before, pass };
	__atomic_store_n(&board->change_count, number + 1, __ATOMIC_RELEASE);
	return true;
}
