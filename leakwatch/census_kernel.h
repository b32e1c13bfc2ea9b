/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the census reads, by name of field: the loader moves each
 * access to where the running kernel's BTF has it. A suffix after three underscores
 * tells variants of releases apart and is not part of the name.
 */
#pragma once

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kmem_cache {
	const char *name;
	unsigned int size;	  /* of a slot, with what the debugging adds */
	unsigned int object_size; /* asked for */
};

struct module_layout {
	void *base;
	unsigned int size;
	unsigned int text_size;
};

struct module_memory {
	void *base;
	unsigned int size;
};

struct attribute {
	const char *name;
};

struct bin_attribute {
	struct attribute attr;
	void *private;
};

struct module_sect_attr {
	struct bin_attribute battr;
	unsigned long address;
};

struct module_sect_attrs {
	unsigned int nsections;
	struct module_sect_attr attrs[0];
};

enum module_state {
	MODULE_STATE_LIVE,
};

struct module {
	enum module_state state;
	char name[56];
	struct module_sect_attrs *sect_attrs;
};

/* before 6.4 */
struct module___layout {
	struct module_layout core_layout;
	struct module_layout init_layout;
};

/* since 6.4 */
struct module___memory {
	struct module_memory mem[7];
};

struct pid {
	unsigned int level;
};

struct task_struct {
	void *stack;
	int tgid;
	struct task_struct *real_parent;
	struct pid *thread_pid;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, ax;
};
#endif

#pragma clang attribute pop
