/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels that throwaway VMs boot: build/kernels/RELEASE, as ./setup unpacks them. */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"

struct error;
struct kmod_ctx;

struct kernel {
	char *folder;  /* of vmlinuz, modules/, headers/ */
	char *image;   /* folder/vmlinuz */
	char *modules; /* folder/modules, resolved */
	char *release; /* "6.1.0-56-cloud-amd64" */
	struct kmod_ctx *kmod;
};

/*
 * @name: a release below the kernels folder, a folder that holds vmlinuz, or NULL for
 * "default". The kernels folder is $BOOKEND_KERNELS, else build/kernels of the tree this
 * program was built in, else below the current folder.
 */
struct error *kernel_find(const char *name, struct kernel *ret);
void kernel_deinit(struct kernel *kernel);
#define _kernel_ __attribute__((cleanup(kernel_deinit)))

/*
 * The module files that loading @name (or an alias) takes, in order of loading. Modules
 * that are built in give none.
 */
struct error *kernel_module_files(struct kernel *kernel, const char *name, char ***ret,
				  size_t *count);
