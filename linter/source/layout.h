/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <clang-c/Index.h>
#include <stdint.h>

/*
 * Size in bytes of @type in a 32-bit x86 program (System V ABI, i386: pointers and long
 * have 4 bytes, and 64-bit integers are aligned to 4), or 0 when it cannot be told
 * (bit-fields, flexible or variable arrays, packed structures).
 */
uint64_t layout_size32(CXType type);
