/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the agent sees of the kernel's health; each tells events for what it saw. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct agent;

/* New lines of the kernel's log, with what the workers were at. */
void sense_log(struct agent *agent, size_t workers);

/* Memory that the kernel has wired, and ours, into the journal's header; once a second.
 */
void sense_memory(struct agent *agent, size_t workers);

/* Tells when the taint differs from the last look. */
void sense_taint(struct agent *agent);

/* True when a worker's step is past the deadline; its kernel stack is told once. */
bool sense_stuck(struct agent *agent, size_t workers);

/* Reference counts of the plan's modules, with a word for when. */
void sense_references(struct agent *agent, const char *when);

/* The accounts of a leg's workers, by which its end is known on the other side. */
void sense_leg(struct agent *agent, size_t workers);

/* What is there now and was not at the start, and the other way round. */
void sense_residue(struct agent *agent);

/* Kernel stacks of tasks that cannot be interrupted. */
void sense_tasks(struct agent *agent);
