/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error paths: makes every allocation of a step fail once, in turn.
 *
 * Runs in the target, where the module bookend_failalloc is loaded (its sources and its
 * interface: cycler/failalloc/). The step is done once under count, which tells how
 * many allocations it makes with the driver on the stack; then n = 1, 2, … makes the
 * n-th fail. After each failure the driver must have cleaned up, which is seen in that
 * the same step then succeeds, and by what the caller looks at between (the log, the
 * census, residue).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "cycler/failalloc/bookend_failalloc.h"

struct error;

struct failalloc {
	int fd;
	unsigned int kinds; /* FAILALLOC_SLAB, FAILALLOC_PAGE: hooks that work */
};

/*
 * ERROR_MISSING, with the reason, where the module is not loaded or the kernel has no
 * hook that works (kernels without fault injection from about 6.10 on).
 */
struct error *failalloc_open(struct failalloc *ret);
void failalloc_close(struct failalloc *f);

/*
 * Opens the window around a step of this process. @module: only allocations with its
 * code on the stack ('-' in the name is '_'); NULL: all. @nth 0 counts only.
 */
struct error *failalloc_begin(struct failalloc *f, const char *module, uint64_t nth,
			      unsigned int flags);
struct error *failalloc_end(struct failalloc *f, struct failalloc_result *ret);

/* What came of making one allocation fail. */
enum failalloc_outcome {
	FAILALLOC_CLEAN,     /* the step failed with -ENOMEM and then succeeded again */
	FAILALLOC_TOLERATED, /* the step succeeded all the same */
	FAILALLOC_OTHER,     /* it failed with another error: why is lost to the user */
	FAILALLOC_BROKEN,    /* afterwards the step fails, although nothing is scarce */
	FAILALLOC_UNREACHED, /* the step made fewer allocations this time */
};

const char *failalloc_outcome_name(enum failalloc_outcome outcome);

struct failalloc_site {
	uint64_t nth;
	enum failalloc_outcome outcome;
	int result;	/* of the step with the failure: 0 or negative errno */
	int afterwards; /* of the step done again without */
	struct failalloc_result where;
};

/* The step and what undoes it; both return 0 or a negative errno. */
struct failalloc_step {
	void *context;
	int (*open)(void *context);
	int (*close)(void *context);
	/* After each site, all closed again: look around, keep it. Its error ends all. */
	struct error *(*site)(void *context, const struct failalloc_site *site);
};

struct failalloc_sweep {
	uint64_t counted; /* allocations of the step */
	uint64_t tried;	  /* of them made to fail */
	uint64_t missed;  /* calls that the hooks lost: not all may have been tried */
	bool unsteady;	  /* the count differed between two passes */
};

/*
 * Tries @first … at most @limit sites (0: all). Resume with a higher @first after the
 * target died of one: @ret->tried and the journal tell how far it came. The step must
 * succeed under count, else ERROR_INPUT.
 */
struct error *failalloc_sweep(struct failalloc *f, const char *module, unsigned int flags,
			      const struct failalloc_step *step, uint64_t first,
			      uint64_t limit, struct failalloc_sweep *ret);

/* What failalloc_sweep() asks of the kernel; tests put a kernel of their own there. */
struct failalloc_operations {
	struct error *(*begin)(struct failalloc *f, const char *module, uint64_t nth,
			       unsigned int flags);
	struct error *(*end)(struct failalloc *f, struct failalloc_result *ret);
};
struct error *failalloc_sweep_with(const struct failalloc_operations *operations,
				   struct failalloc *f, const char *module,
				   unsigned int flags, const struct failalloc_step *step,
				   uint64_t first, uint64_t limit,
				   struct failalloc_sweep *ret);

/* The driver's own innermost frame: "dummy_init+0x12/0x80 [dummy]", or "". */
const char *failalloc_driver_frame(const struct failalloc_result *result,
				   const char *module);
