/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between readers/package.c and the readers of single formats. */
#pragma once

#include "common/span.h"
#include "readers/package.h"

struct error *package_read_rpm(struct span bytes, struct package_info *info);

/* Copies @length bytes of @text; an empty one stays NULL. */
struct error *package_set(char **slot, const char *text, size_t length);
struct error *package_add(char ***list, size_t *count, size_t *capacity, const char *text,
			  size_t length);
struct error *package_add_script(struct package_info *info, const char *name,
				 const char *text, size_t length);
