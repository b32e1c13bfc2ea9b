/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every rule in C is: a descriptor that says which kind of subject it looks at,
 * and a function that is called once for each such subject.
 *
 * Adding a rule:
 *   1. rules/ID.json, with "check": "builtin" (report/catalogue.h);
 *   2. linter/checks/id.c, which ends with
 *		static const struct check kom013 = {
 *			.id = "KOM013", .kind = &kind_ko, .run = run };
 *		REGISTER(check, kom013);
 *   3. its line in linter/linter.ninja (or in the ninja part of its own folder);
 *   4. tests/linter/fixtures/ID/bad and …/good (tests/linter/fixture.h).
 * A test compares the three sets.
 *
 * Adding a kind of subject (as "kext"): a subject_kind, REGISTERed, whose visit() finds
 * its subjects in a bundle, makes the typed model of each, and hands it to
 * linter_subject(), which runs the checks; the header that declares the kind also says
 * what `model` is. visit() does nothing when linter_wants() says that no check of the
 * kind is on.
 */
#pragma once

#include "common/registry.h"
#include "report/finding.h"

struct bundle;
struct linter;
struct member;
struct subject_kind;

struct subject {
	const struct subject_kind *kind;
	const char *path; /* what findings point at unless they say otherwise */
	struct bundle *bundle;
	const struct member *member; /* NULL when the subject is not one member */
	const void *model;	     /* see the header that declares the kind */
};

struct check {
	const char *id;
	const struct subject_kind *kind;
	bool slow; /* only with --slow */
	/*
	 * Looks, and tells with linter_emit(). An error says that it could not look:
	 * the report then has "not checked" for this rule and subject.
	 */
	struct error *(*run)(struct linter *linter, const struct subject *subject);
};
REGISTRY(check);

struct subject_kind {
	const char *name;
	int order; /* kinds with lower numbers visit a bundle first */
	/* what kinds that are drivers count as: without any, lint has no subject */
	bool is_driver;
	struct error *(*visit)(struct linter *linter, struct bundle *bundle);
	/* After the last bundle: what needs all subjects at once. May be NULL. */
	struct error *(*finish)(struct linter *linter);
};
REGISTRY(subject_kind);

/*
 * Looks at every subject of every kind after the checks of that kind: how rules that
 * are not in C (declarative matchers) join in. `enabled` asks whether to build models
 * of a kind at all.
 */
struct observer {
	const char *name;
	bool (*enabled)(struct linter *linter, const struct subject_kind *kind);
	struct error *(*run)(struct linter *linter, const struct subject *subject);
};
REGISTRY(observer);

/*
 * What `--target NAME:SPEC` means for one NAME ("linux", "macos"). add() reads SPEC and
 * keeps what it made with linter_set_state().
 */
struct target_family {
	const char *name;
	const char *help; /* of SPEC, for messages: "RELEASE, folder of headers, …" */
	bool by_default;  /* takes specs without NAME: */
	struct error *(*add)(struct linter *linter, const char *spec);
};
REGISTRY(target_family);

/*
 * Emits a finding of the running check, at its level in the profile. @finding->rule is
 * filled in; path and level too unless path is given.
 */
struct error *linter_emit(struct linter *linter, const struct subject *subject,
			  const struct finding *finding);

/* The same at @level where that is lower than the rule's own. */
struct error *linter_emit_at(struct linter *linter, const struct subject *subject,
			     enum level level, const struct finding *finding);

/* For rules that are not checks in C: emits for @rule at its level in the profile. */
struct error *linter_emit_rule(struct linter *linter, const char *rule,
			       const struct subject *subject,
			       const struct finding *finding);

/*
 * Says once a rule (and @what, which may be NULL) that it could not be checked. @asked:
 * the user asked for it, the verdict can be incomplete at best.
 */
struct error *linter_not_checked(struct linter *linter, bool asked, const char *rule,
				 const char *what, const char *why, ...)
	__attribute__((format(printf, 5, 6)));
