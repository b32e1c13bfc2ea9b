/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

extern "C" void *IOOldAlloc(unsigned long size) __attribute__((deprecated));
extern "C" void IOLog(const char *format, ...);
