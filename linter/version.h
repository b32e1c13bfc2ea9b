/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Whether two versions of one product speak of the same release: equal, or one goes on
 * where the other ends with a packaging part ("1.4.0", "1.4.0-3", "1.4.0+dfsg1",
 * "1.4.0~rc2", "v1.4.0").
 */
bool versions_agree(const char *a, const char *b);
