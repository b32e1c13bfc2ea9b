/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lanes: the same plan on the plain kernel, and on the same kernel with its slab
 * debugging on, which sees use after free, overruns and double frees.
 */
#pragma once

#include "cycler/policy.h"
#include "cycler/run.h"

struct error;

/*
 * Runs @plan in each lane, one after another. The plain lane's files are in the run
 * folder, the other's in its folder "slub"; measurements and runs of that one begin with
 * "slub.", and a finding that the plain lane has, too, is told once.
 */
struct error *lanes_run(const struct plan *plan, const struct run_options *options,
			enum lane lanes, struct report *report);
