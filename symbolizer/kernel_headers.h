/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which source files are the kernel's own headers, whose code is inlined into drivers. */
#pragma once

#include <stdbool.h>

/* @file may be NULL. */
bool is_kernel_header(const char *file);
