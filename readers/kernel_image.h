/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ELF file in a kernel image: vmlinux itself, or the payload of a bzImage. */
#pragma once

#include "readers/bundle.h"

bool kernel_image_is_packed(struct span bytes);

/* @path is for messages; @bytes must outlive what comes back. */
struct error *kernel_image_open(const char *path, struct span bytes, struct content *ret);
