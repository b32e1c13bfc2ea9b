/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kext versions as Apple's loader compares them: 1.2.3d4 < 1.2.3a1 < … b, f, then 1.2.3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * MAJOR[.MINOR[.REVISION]][(d|a|b|f|fc)LEVEL]: up to four digits each, level up to 255.
 * False when it does not parse. Larger is newer.
 */
bool kext_version_parse(const char *text, uint64_t *ret);
