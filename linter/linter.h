/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of the linter: options in, report out. Used by the programs and by tests;
 * checks see linter/check.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "linter/check.h"
#include "report/catalogue.h"
#include "report/report.h"

struct linter_options {
	int profile;		       /* enum profile */
	struct string_list targets;    /* --target, in order */
	struct string_list rules;      /* further rule folders */
	struct string_list libs;       /* --libs: kexts that others link against */
	struct string_list only, skip; /* globs of rule ids; empty: all, none */
	struct string_list includes;   /* -I: headers for sources */
	const char *sdk;	       /* macOS SDK, for I/O Kit sources */
	const char *manifest;	       /* what is meant to ship */
	const char *stablelist;	       /* symbols that may be used */
	const char *signer;	       /* who must have signed modules; a glob */
	const char *trust;	       /* certificates that signatures are held against */
	uint64_t page_size;
	bool external;	    /* modules are out-of-tree even in a kernel package */
	bool slow;	    /* rules that disassemble */
	bool run_makefiles; /* of packages: make -n */
	bool no_digests;    /* members without sha256 */
	bool no_members;    /* no section "members" */
	bool quiet;	    /* no progress */
};

struct linter_state_slot {
	const void *key;
	void *state;
	void (*destroy)(void *state);
};

/* A check that is on, with its rule and level. */
struct active_check {
	const struct check *check;
	const struct rule *rule;
	enum level level;
};

struct linter {
	const struct linter_options *options;
	struct report *report; /* not owned */
	struct catalogue *catalogue;
	struct active_check *active; /* sorted by id */
	size_t active_count;
	const struct active_check *running; /* the check that runs now, or NULL */
	size_t subjects;		    /* of kinds that are drivers, so far */
	struct linter_state_slot *slots;
	size_t slot_count, slot_capacity;
	char **told; /* not_checked keys already in the report, sorted */
	size_t told_count, told_capacity;
};

/* @options and @report must outlive the linter. Reads rules and targets. */
struct error *linter_create(const struct linter_options *options, struct report *report,
			    struct linter **ret);
void linter_destroy(struct linter *linter);
CLEANUP_DEFINE(struct linter, linter_destroy)

/* Looks at a path and everything in it. */
struct error *linter_path(struct linter *linter, const char *path);

/* The same for an open bundle. */
struct error *linter_bundle(struct linter *linter, struct bundle *bundle);

/* What needs all subjects at once; then the report is complete. */
struct error *linter_finish(struct linter *linter);

/* For subject kinds: whether anything would look at a subject of this kind. */
bool linter_wants(struct linter *linter, const struct subject_kind *kind);

/* Whether one check is on. */
bool linter_check_on(const struct linter *linter, const char *id);

/* Runs the checks of subject->kind, then the observers. */
struct error *linter_subject(struct linter *linter, const struct subject *subject);

/* The rule's level in the profile; LEVEL_OFF when unknown or not wanted. */
enum level linter_level(const struct linter *linter, const char *rule);

/*
 * State of a kind, family or check for the whole run, found by the address of its
 * descriptor. linter_set_state() takes ownership, replacing nothing.
 */
void *linter_state(const struct linter *linter, const void *key);
struct error *linter_set_state(struct linter *linter, const void *key, void *state,
			       void (*destroy)(void *state));
