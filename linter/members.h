/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's section "members": everything that was found in what was given.
 * [{"path", "kind", "verdict", "why", "size", "mode", "sha256", "link"}], sorted.
 */
#pragma once

#include "report/report.h"

extern const struct section section_members;
