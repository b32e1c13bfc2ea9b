/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subjects of the kind "package": every container of a bundle (folders included), one
 * after the other. The model is its struct container; rules that are about what gets
 * installed ask package_ships().
 */
#pragma once

#include "linter/linter.h"
#include "readers/bundle.h"

extern const struct subject_kind kind_package;

static inline const struct container *subject_container(const struct subject *subject)
{
	return subject->model;
}

/* Whether the container is a form in which drivers reach customers (no plain folder). */
bool package_ships(const struct container *container);
