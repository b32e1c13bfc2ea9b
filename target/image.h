/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is brought to a target: the initial RAM file system of a throwaway VM, as an
 * uncompressed newc cpio archive, or files for a real machine, as a tar archive.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct error;
struct image;

/*
 * Collects in memory that has no name, so nothing is left behind. It is not compressed:
 * unpacking costs an emulated machine more than loading does.
 */
struct error *image_create(struct image **ret);
struct error *image_create_tar(struct image **ret);
void image_destroy(struct image *image);
CLEANUP_DEFINE(struct image, image_destroy)

/* @path is absolute; the folders above it are made. A path added twice is kept once. */
struct error *image_add_file(struct image *image, const char *host, const char *path,
			     unsigned int mode);
struct error *image_add_bytes(struct image *image, const void *data, size_t size,
			      const char *path, unsigned int mode);
struct error *image_add_folder(struct image *image, const char *path);
struct error *image_add_link(struct image *image, const char *path, const char *to);

/* A program with its libraries, mode 0755. */
struct error *image_add_program(struct image *image, const char *host, const char *path);

/* Closes the archive. @ret is a descriptor that the image goes on to own. */
struct error *image_finish(struct image *image, int *ret);
