/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a step costs: how many bytes more the driver has allocated when it has ended than
 * before it began, noted in the first passes of every worker. Needs a watch that counts
 * them (agent_watch.level).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct agent;
struct error;

enum { COSTS_PASSES = 32 };

/* Makes the memory shared with workers that are forked later; none when nothing counts.
 */
struct error *costs_prepare(struct agent *agent);

/* By a worker, before a step: bytes that are allocated. */
int64_t costs_now(const struct agent *agent);

/* By a worker, behind the step; passes from COSTS_PASSES on are not noted. */
void costs_note(const struct agent *agent, size_t worker, uint64_t pass, size_t step,
		int64_t before);

/* Tells what the leg's workers noted, and forgets it. */
void costs_tell(struct agent *agent, size_t workers);
