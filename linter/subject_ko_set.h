/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one subject of the kind "ko-set": all modules of the run together, after the last
 * one. The model is the struct ko_set.
 */
#pragma once

#include "linter/subject_ko.h"

extern const struct subject_kind kind_ko_set;
