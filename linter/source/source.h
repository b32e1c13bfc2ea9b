/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "source": each folder (or package) that holds driver sources.
 * The model is a struct source_model.
 *
 * Adding a source rule: linter/source/rules/id.c, which ends with
 *	SOURCE_CHECK(SRC013, run);
 * its line in linter/source/source.ninja, rules/ID.json and the fixtures.
 */
#pragma once

#include <string.h>

#include "common/error.h"
#include "linter/linter.h"
#include "linter/source/model.h"

extern const struct subject_kind kind_source;

static inline const struct source_model *subject_source(const struct subject *subject)
{
	return subject->model;
}

/* A finding at a place of the driver's source; @symbol and @hint may be NULL. */
struct error *source_emit(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, uint32_t line, uint32_t column,
			  const char *symbol, const char *hint, const char *format, ...)
	__attribute__((format(printf, 8, 9)));

/* The same at a node; the symbol is the function that it stands in. */
struct error *source_emit_node(struct linter *linter, const struct subject *subject,
			       const struct unit *unit, const struct node *node,
			       const char *hint, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#define SOURCE_CHECK(rule, function)                                     \
	static const struct check check_##rule = { .id = #rule,          \
						   .kind = &kind_source, \
						   .run = (function) };  \
	REGISTER(check, check_##rule)

/* One that runs other programs: only with --slow. */
#define SOURCE_CHECK_SLOW(rule, function)                                          \
	static const struct check check_##rule = {                                 \
		.id = #rule, .kind = &kind_source, .slow = true, .run = (function) \
	};                                                                         \
	REGISTER(check, check_##rule)

/* A rule that looks at every node of every parsed unit. */
struct error *source_each_node(struct linter *linter, const struct subject *subject,
			       struct error *(*look)(struct linter *linter,
						     const struct subject *subject,
						     const struct unit *unit,
						     const struct node *node));

/* A rule that looks at every token of every file of kernel code. */
struct error *source_each_token(struct linter *linter, const struct subject *subject,
				struct error *(*look)(struct linter *linter,
						      const struct subject *subject,
						      const struct source_file *file,
						      size_t index));
