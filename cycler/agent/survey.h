/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The full comparison once a second while a leg runs, in a process of its own at low
 * priority. What is there and was not when the leg began is mostly what passes have open
 * just now, so it is looked at again where it has to be gone:
 *
 * - with one worker, between two of its passes, where it stops for some milliseconds;
 * - with several nothing stops. What is seen in every survey since one that did not see
 *   it counts, when the comparison behind the leg finds it, too.
 *
 * So each residue has passes between which it came. Events: "residue seen" in the first
 * case, "residue since" at the end in the second, "surveyed" at the end in both.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct agent;

/* Workers @from to @to go on; the holds are open. 0: there is no survey. */
pid_t survey_start(struct agent *agent, size_t from, size_t to);

/* Ends it, after it has told what it saw. */
void survey_stop(struct agent *agent, pid_t pid);
