/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is meant to ship: a text file, one line a member: a path or glob within the
 * container, before it a sha256 (as sha256sum writes it) if the bytes are known too.
 * "#" begins a comment line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct manifest_line {
	const char *glob;
	const char *digest; /* NULL: any bytes */
	unsigned int line;
	bool used;
};

struct manifest {
	char *text;
	struct manifest_line *lines;
	size_t count, capacity;
};

struct error *manifest_create(const char *path, struct manifest **ret);
void manifest_destroy(struct manifest *manifest);
CLEANUP_DEFINE(struct manifest, manifest_destroy)

/* The first line that a path matches, or NULL. */
struct manifest_line *manifest_find(struct manifest *manifest, const char *path);
