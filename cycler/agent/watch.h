/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What watches the target's kernel while cycles run. A watch lives in the agent's own
 * process, never in one that cycles. Its JSON goes into the agent's results under its
 * name; the controller's side (cycler/verdict.c) makes findings of it.
 *
 * Adding one: one C file that ends with a `static const struct agent_watch` and
 * REGISTER(agent_watch, …), linked into the agent (cycler/cycler.ninja).
 */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/registry.h"

struct error;

struct watch_context {
	const char *const *modules; /* names of those the plan loads, NULL end */
	size_t module_count;
};

struct agent_watch {
	const char *name; /* "census" */

	/* Before the first leg. ERROR_MISSING: this kernel cannot; it is reported. */
	struct error *(*start)(const struct watch_context *context, void **state);
	void (*stop)(void *state);

	/*
	 * A counter in memory shared with processes forked later: each worker counts it
	 * up before each pass. NULL (or the function is): not wanted.
	 */
	uint64_t *(*counter)(void *state);

	/*
	 * A leg begins; and where the worker that gets there first notes which pass ends
	 * the first half, in memory shared likewise. Both may be NULL.
	 */
	struct error *(*leg)(void *state);
	uint64_t *(*half)(void *state);

	/* Bytes that the driver has now, in memory shared likewise. May be NULL. */
	const int64_t *(*level)(void *state);

	/* Called some times a second while workers run. May be NULL. */
	void (*tick)(void *state);

	/* A worker was forked, and waits until this returns. May be NULL. */
	void (*worker)(void *state, pid_t pid);

	/* A leg's bookends have all closed: let the kernel come to rest. May be NULL. */
	struct error *(*settle)(void *state);

	/* The results so far; called after each leg, the last call counts. */
	struct error *(*collect)(void *state, json_t **ret);
};

REGISTRY(agent_watch);
