/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a target's kernel, for whoever reads its logs and dumps later. */
#pragma once

struct error;
struct target;

/*
 * The names of functions and where they lie (/proc/kallsyms), as FOLDER/kallsyms.gz. A
 * kernel that hides its addresses leaves no file. @target has started and runs nothing.
 */
struct error *snapshot_symbols(struct target *target, const char *folder);
