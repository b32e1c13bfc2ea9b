/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a compiler's name stands for, owned by the caller; NULL when @name is not a
 * mangled one. Knows C++ (Itanium ABI, also with Mach-O's further underscore) and Rust,
 * both its legacy and its v0 scheme.
 */
char *demangle(const char *name);
