/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "kext": one kernel or driver extension each; the model is its
 * struct kext. They are judged when all paths have been read, because a kext's libraries
 * may lie anywhere: subject->bundle and ->member are NULL.
 *
 * Subjects of the kind "kexts": all of the run at once; the model is its struct kext_set.
 */
#pragma once

#include "linter/apple/loads.h"
#include "linter/linter.h"

extern const struct subject_kind kind_kext;
extern const struct subject_kind kind_kexts;

/*
 * DEP014 asks these too: a reader of headers is only in programs that link libclang.
 */
struct deprecation_reader {
	struct error *(*run)(struct linter *linter, const struct subject *subject);
};
REGISTRY(deprecation_reader);

struct kext_set {
	struct arena *arena;
	struct kpi *kpi;
	struct macos_targets targets;
	struct kext **kexts; /* in the order they were found; providers too */
	size_t count, capacity;
	size_t bundles;
};

/* All kexts of the run. */
struct kext_set *linter_kexts(const struct linter *linter);

/* The kext of that identifier (the newest of several), or NULL. */
const struct kext *kext_set_find(const struct kext_set *set, const char *identifier);

/* Adds every kext of @bundle; @provider: as libraries only. */
struct error *kext_set_read(struct kext_set *set, const struct bundle *bundle,
			    bool provider, size_t *found);
struct error *kext_set_create(struct kext_set **ret);
void kext_set_destroy(struct kext_set *set);
CLEANUP_DEFINE(struct kext_set, kext_set_destroy)

static inline const struct kext *subject_kext(const struct subject *subject)
{
	return subject->model;
}

/*
 * A finding with a formatted message. @at gives line and key path, and the Info.plist as
 * path; all of it may be NULL.
 */
struct kext_finding {
	const char *path;
	const struct property *at;
	const char *symbol;
	unsigned int line;
	const char *evidence, *hint;
	bool lower;	  /* at most at @level */
	enum level level; /* with lower */
};

struct error *kext_tell(struct linter *linter, const struct subject *subject,
			const struct kext_finding *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Up to @limit of the names, then how many more. */
void add_names(struct strbuf *out, const char *const *names, size_t count, size_t limit);
