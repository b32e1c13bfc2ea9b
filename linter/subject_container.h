/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "package": every container of a bundle (folders and lone files
 * included), one after the other. The model is a struct package_subject; rules that are
 * about what gets installed ask package_ships().
 */
#pragma once

#include "linter/linter.h"
#include "linter/subject_ko.h"
#include "readers/bundle.h"
#include "readers/package.h"

extern const struct subject_kind kind_package;

struct package_subject {
	const struct container *container;
	size_t index; /* of the container in its bundle */
	const struct package_info *info;
};

static inline const struct package_subject *subject_package(const struct subject *subject)
{
	return subject->model;
}

static inline const struct container *subject_container(const struct subject *subject)
{
	return subject_package(subject)->container;
}

/* Whether the container is a form in which drivers reach customers (no plain folder). */
bool package_ships(const struct container *container);

/* Whether it is a .deb or .rpm, whose paths are those of the installed system. */
bool package_installs(const struct container *container);

/* The package's members: @index from 0 to container->count. */
static inline const struct member *package_member(const struct subject *subject,
						  size_t index)
{
	return &subject->bundle->members[subject_container(subject)->first + index];
}

/*
 * The next module of this container at or after *@at in the run's set, or NULL; *@at is
 * moved behind it.
 */
const struct ko_facts *package_next_module(const struct linter *linter,
					   const struct subject *subject, size_t *at);

/* Whether the package has sources that are built where it is installed (DKMS). */
bool package_has_sources(const struct subject *subject);
