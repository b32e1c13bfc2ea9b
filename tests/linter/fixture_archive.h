/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "common/span.h"

struct archive;
struct error;
struct strbuf;

/* The step "archive" of a fixture. */
struct error *fixture_archive(const char *folder, const json_t *step);

/* Writes @bytes to @path as one .xz, .zst or .gz stream. */
struct error *fixture_compress(struct span bytes, const char *path);

/* Members of @list as an archive of the format and filter that @kind (".tar.xz") says. */
struct error *fixture_pack(const char *folder, const char *kind, const json_t *list,
			   struct strbuf *out);

/* A package of the old lead, signature, header, cpio form; see fixture_rpm.c. */
struct error *fixture_rpm(const char *folder, const json_t *step, struct strbuf *out);
