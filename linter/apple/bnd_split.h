/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BND028's other half: drivers in one kext that are never needed together. */
#pragma once

#include "linter/apple/subject_kext.h"

struct error *tell_split(struct linter *linter, const struct subject *subject,
			 const struct kext *kext);
