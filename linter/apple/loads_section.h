/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report's section "loads": kext × architecture × release, and why not. */
#pragma once

struct error;
struct kext_set;
struct linter;

struct error *loads_section_add(struct linter *linter, const struct kext_set *set);
