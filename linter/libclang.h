/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libclang is opened when the first source is read, not when the program starts. */
#pragma once

#include <stdbool.h>

/* Before any function of clang-c/Index.h; false: the library is not there. */
bool libclang_open(void);
