/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gdb on a machine that is being held. */
#pragma once

struct error;

/*
 * Becomes gdb, attached to the machine whose run folder is @folder, with the symbols of
 * the modules that were loaded (FOLDER/modules.json, the symbolizer's format of layouts,
 * with a "file" for each that has one) and of the kernel, when `vmlinux` is given.
 * Returns only on failure.
 */
struct error *debug_attach(const char *folder, const char *vmlinux);
