/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cycle kinds: what a bookended pair is made of. A kind has an opening and a closing
 * half, each of some steps; whatever a plan puts `inside` runs between the halves.
 *
 * Adding one: one C file in cycler/kinds/ that ends with a `static const struct
 * cycle_kind` and REGISTER(cycle_kind, …), and its line in cycler/cycler.ninja. It runs
 * inside the target, in a worker process of its own, so it may block; it may allocate in
 * create() only, and must not print.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/registry.h"

struct error;

enum plan_key_type {
	PLAN_STRING,
	PLAN_STRINGS, /* array of strings */
	PLAN_INTEGER,
	PLAN_BOOL,
	PLAN_FILE,     /* a file of the controller's that is carried to the target */
	PLAN_MODULE,   /* a FILE, or the name of a module of the target's kernel */
	PLAN_COMMAND,  /* array of strings; the first is a program, carried too */
	PLAN_COMMANDS, /* array of objects, each with a "command" */
	PLAN_PROGRAMS, /* array of paths of programs, carried too */
};

struct plan_key {
	const char *name; /* NULL ends a table */
	enum plan_key_type type;
	bool required;
	const char *help;
};

struct cycle_kind {
	const char *name;
	const char *summary;
	const struct plan_key *keys; /* besides those every cycle has */

	/* Paths of programs that it runs there, carried too; NULL end; may be NULL. */
	const char *const *programs;

	/*
	 * @options holds exactly the keys above, with their types. @where names the
	 * place in the plan. Runs on both ends: no system calls that change anything.
	 */
	struct error *(*create)(const json_t *options, const char *where, void **state);
	void (*destroy)(void *state);

	/* In the target, once before the first pass; may be NULL. */
	struct error *(*prepare)(void *state);

	/* Names of the steps of each half, as the journal shows them. */
	size_t (*opening)(const void *state);
	size_t (*closing)(const void *state);
	const char *(*step_name)(const void *state, size_t step);

	/*
	 * One step: opening steps come first, then the closing ones. Returns 0 or a
	 * negative errno. A closing step must be safe after a half-done opening.
	 */
	int (*step)(void *state, size_t step);

	/* More about the step that failed last, for people; NULL when there is no more.
	 */
	const char *(*detail)(const void *state);

	/* What the subject is, for people: "refdrv.ko", "/dev/refdrv0". */
	const char *(*subject)(const void *state);
};

REGISTRY(cycle_kind);

const struct cycle_kind *cycle_kind_find(const char *name);
