/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A matrix of kernels: the same plan on each of them, one after another, with a report
 * for each in FOLDER/RELEASE and one for all. A plan's "{kernel}" is the release, so that
 * a driver built for each is found: "build/{kernel}/my.ko".
 */
#pragma once

#include "common/options.h"
#include "cycler/plan.h"
#include "cycler/run.h"
#include "report/report.h"

struct error;

struct matrix {
	const struct string_list *kernels; /* as --kernel names them */
	/* Runs a plan on one kernel. */
	struct error *(*run)(void *context, const struct plan *plan,
			     const struct run_options *options, struct report *report);
	void *context;
};

/*
 * Before anything runs, every kernel must be there and every module be built for it.
 * With one kernel (or none) its run is the whole report.
 */
struct error *matrix_run(const struct matrix *matrix, const struct plan *plan,
			 const struct run_options *options, struct report *report);

/* A copy of @plan in which "{kernel}" is @release; *ret is NULL when there is none. */
struct error *matrix_plan(const struct plan *plan, const char *release,
			  struct plan **ret);
