/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of a target's kernel, from its BTF: FOLDER/vmlinux, the vmlinuz beside
 * the headers or in /boot, or of the running kernel.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct linter;
struct linux_target;
struct target_types;

/* Read once a run; NULL in @ret when the kernel has no BTF that can be found. */
struct error *target_types_get(struct linter *linter, const struct linux_target *target,
			       const struct target_types **ret);

/* Bytes of `struct name`; false: there is no such structure, or several differ. */
bool target_types_size(const struct target_types *types, const char *name, uint64_t *ret);

/* Where a member lies (anonymous structures and unions looked into), in bytes. */
bool target_types_member(const struct target_types *types, const char *name,
			 const char *member, uint64_t *ret);
