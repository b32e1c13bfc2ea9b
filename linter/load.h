/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Will it load? Subjects of the kind "ko-load": one module held against every Linux
 * target, after all modules of the run were seen. The model is a struct load. Without
 * targets there are no such subjects.
 */
#pragma once

#include "linter/linux_target.h"
#include "linter/subject_ko.h"

struct strbuf;

extern const struct subject_kind kind_ko_load;

/* Where an import is found on a target. */
struct resolution {
	const struct symvers_entry *entry;   /* in the target, or NULL */
	const struct ko_facts *module;	     /* in a module of this run, or NULL */
	const struct ko_fact_export *export; /* of @module */
};

enum obstacle_kind {
	OBSTACLE_SYMBOL, /* not exported there */
	OBSTACLE_CRC,	 /* another version of a symbol */
	OBSTACLE_VERMAGIC,
	OBSTACLE_LICENSE,    /* GPL-only symbol, module is not */
	OBSTACLE_NAMESPACE,  /* not imported */
	OBSTACLE_DEPENDENCY, /* a module it depends on is not there */
	OBSTACLE_VERSIONS,   /* the target wants versions, the module has none */
	OBSTACLE_KINDS,
};

/* Why a module does not load. */
struct obstacle {
	enum obstacle_kind kind;
	const char *symbol; /* symbol, or module of a dependency; "" for vermagic */
	const char *detail;
};

/* One module on one target. */
struct load_cell {
	const struct linux_target *target;
	const struct resolution *resolutions; /* one for each import */
	struct obstacle *obstacles;
	size_t count, capacity;
	bool unsure; /* the target's vermagic is not known */
};

struct load {
	const struct ko_facts *facts;
	struct load_cell *cells; /* one for each target, in their order */
	size_t count;
};

static inline const struct load *subject_load(const struct subject *subject)
{
	return subject->model;
}

const char *obstacle_name(enum obstacle_kind kind);

/* Whether an obstacle of that kind (and symbol, unless NULL) is in the cell. */
bool load_cell_has(const struct load_cell *cell, enum obstacle_kind kind,
		   const char *symbol);

/* "a, b, c and 4 more" of the symbols of the obstacles of one kind; their number. */
size_t load_cell_list(const struct load_cell *cell, enum obstacle_kind kind,
		      struct strbuf *out);

/* Whether a symbol is exported on the target or by a module of the run. */
static inline bool is_resolved(const struct resolution *r)
{
	return r->entry || r->export;
}
bool resolution_gpl(const struct resolution *r);
/* The namespace in @buffer; "" when it has none. */
const char *resolution_space(const struct resolution *r, char *buffer, size_t size);
