/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BTF: types that kernels and modules carry without debug files (format: the kernel's
 * Documentation/bpf/btf.rst). Read for what functions look like: "int f(struct file *)".
 */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/span.h"

struct btf_types;
struct strbuf;

/*
 * @bytes are copied. A module's types build upon the kernel's: @base, NULL for the
 * kernel's own, must live as long. Any bytes are accepted; what is broken is an error.
 */
struct error *btf_types_create(struct span bytes, const struct btf_types *base,
			       struct btf_types **ret);
void btf_types_destroy(struct btf_types *types);
CLEANUP_DEFINE(struct btf_types, btf_types_destroy)

/* From a file of BTF (/sys/kernel/btf/…), or from the section .BTF of an ELF file. */
struct error *btf_types_load(const char *path, const struct btf_types *base,
			     struct btf_types **ret);

/* Adds the declaration of the function; false: there is none of that name. */
bool btf_types_declare(const struct btf_types *types, const char *function,
		       struct strbuf *out);
