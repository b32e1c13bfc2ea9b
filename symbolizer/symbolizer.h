/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses to frames: function, file, line, column, and what was inlined there.
 *
 *	symbolizer_create(&s);
 *	symbolizer_add_path(s, "build/reference-driver/debug");
 *	symbolizer_add_layouts(s, "run/modules.json");      modules where they were loaded
 *	symbolizer_add_kallsyms(s, "run/kallsyms");         names for kernel addresses
 *	symbolizer_resolve(s, address, FRAME_RETURN, &frames);
 *
 * Nothing is guessed silently: a frame whose `confidence` is not NULL says how far it
 * can be trusted, and symbolizer_searched() tells which debug files were not found and
 * where they were looked for.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "report/frame.h"

struct symbolizer;

/* A list of frames that owns its strings. */
struct frames {
	struct frame *items;
	size_t count, capacity;
};

void frames_deinit(struct frames *frames);
#define _frames_ __attribute__((cleanup(frames_deinit)))

/* Adds a deep copy of @frame. */
struct error *frames_add(struct frames *frames, const struct frame *frame);

struct module_section {
	const char *name; /* ".text" */
	uint64_t address; /* where it was loaded */
};

/* Where a module was loaded. All is copied when it is added. */
struct module_layout {
	const char *name;     /* "refdrv"; '-' and '_' are the same */
	const char *build_id; /* hex, or NULL when not known */
	uint64_t base, size;  /* of its core area, 0 when not known */
	const struct module_section *sections;
	size_t section_count;
};

struct error *symbolizer_create(struct symbolizer **ret);
void symbolizer_destroy(struct symbolizer *symbolizer);
CLEANUP_DEFINE(struct symbolizer, symbolizer_destroy)

/*
 * Where debug files are looked for, besides the system's own places: a debug file, or a
 * folder that is searched to the bottom. Paths are asked in the order they were added.
 */
struct error *symbolizer_add_path(struct symbolizer *symbolizer, const char *path);

/* Where source files are looked for, so that frames carry the text of their line. */
struct error *symbolizer_add_source_path(struct symbolizer *symbolizer, const char *path);

/* The release of the kernel the addresses are from ("6.1.0-56-cloud-amd64"). */
struct error *symbolizer_set_release(struct symbolizer *symbolizer, const char *release);

/* Whether what follows is of macOS: Linux's own places are not searched then. */
void symbolizer_set_apple(struct symbolizer *symbolizer, bool apple);

/* The kernel's own build-id, when known: only a vmlinux that has it is used. */
struct error *symbolizer_set_kernel_build_id(struct symbolizer *symbolizer,
					     const char *build_id);

/*
 * What follows is of another boot or another machine: forgets the kernel's build-id and
 * offset and what was searched in vain; files, modules and the release stay.
 */
void symbolizer_start_log(struct symbolizer *symbolizer);

/* A later layout of the same module replaces the earlier one. */
struct error *symbolizer_add_module(struct symbolizer *symbolizer,
				    const struct module_layout *layout);

/*
 * Module layouts from a file
 *	{ "modules": [ { "name": "refdrv", "build_id": "3f9a…", "base": "0xffffffffc0…",
 *			 "size": 65536, "sections": { ".text": "0xffffffffc0…" } } ] }
 * or from a folder that is a copy of /sys/module (NAME/sections/.text,
 * NAME/notes/.note.gnu.build-id, NAME/coresize).
 */
struct error *symbolizer_add_layouts(struct symbolizer *symbolizer, const char *path);

/*
 * A copy of the kernel's /proc/kallsyms, read as root so that addresses are not zero.
 * Gives kernel addresses (and KASLR's offset), and names where there are no debug files.
 */
struct error *symbolizer_add_kallsyms(struct symbolizer *symbolizer, const char *path);

/*
 * Types of the kernel, where it has no debug file: a copy of /sys/kernel/btf/vmlinux, or
 * an ELF file with a section .BTF. Frames without a line then show the declaration of
 * their function. Those of the running kernel are found without being told.
 */
struct error *symbolizer_add_btf(struct symbolizer *symbolizer, const char *path);

/*
 * How far the kernel was moved by KASLR (0: not). Otherwise taken from kallsyms or, for
 * a log, from its own "Kernel Offset" line.
 */
void symbolizer_set_kernel_offset(struct symbolizer *symbolizer, uint64_t offset);

/*
 * What the kernel calls code at @address: of @kind FRAME_EXACT or FRAME_RETURN (looked
 * up one byte before). Adds the frames to @ret, innermost first: inlined functions as
 * FRAME_INLINE, then the function itself with @kind. At least one frame is added;
 * without any knowledge it holds the address alone.
 */
struct error *symbolizer_resolve(struct symbolizer *symbolizer, uint64_t address,
				 enum frame_kind kind, struct frames *ret);

/* "function+offset/size [module build-id]", as the kernel prints places. */
struct symbol_place {
	const char *function;
	uint64_t offset, size; /* size 0: not given */
	const char *module;    /* NULL: the kernel itself */
	const char *build_id;  /* NULL: not given */
	uint64_t address;      /* 0: not given */
	const char *raw;       /* copied to the frame; may be NULL */
	bool nearest;	       /* the name is that of the nearest exported symbol */
};

/* As symbolizer_resolve(), for a place that is given by name. */
struct error *symbolizer_resolve_place(struct symbolizer *symbolizer,
				       const struct symbol_place *place,
				       enum frame_kind kind, struct frames *ret);

/*
 * What the call that returns to @address, in a module, is assigned to: see assigned.h.
 * @ret is empty where there is no DWARF that tells.
 */
struct assigned;
struct error *symbolizer_assigned(struct symbolizer *symbolizer, uint64_t address,
				  uint64_t bytes, bool direct, struct assigned *ret);

/* A place in a file that was mapped into a process. */
struct file_place {
	const char *module; /* "libc.so.6" */
	const char *path; /* of the file itself, where no debug file is found; or NULL */
	const char *build_id;  /* NULL: it has none */
	uint64_t address;      /* of the file's own address space */
	uint64_t load_address; /* where it was */
};

struct error *symbolizer_resolve_in_file(struct symbolizer *symbolizer,
					 const struct file_place *place,
					 enum frame_kind kind, struct frames *ret);

/* The debug file of the kernel, borrowed; NULL in @ret when none is found. */
struct error *symbolizer_kernel_file(struct symbolizer *symbolizer, const char **ret);

/*
 * What was looked for and not found so far: an array of
 * { "what": "refdrv", "build_id": …, "places": [ … ], "why": … }. New reference.
 */
struct error *symbolizer_searched(const struct symbolizer *symbolizer, json_t **ret);

/*
 * Whether indexes of debug files are read from and written to the user's cache folder
 * (they are, unless this is called with false).
 */
void symbolizer_set_cache(struct symbolizer *symbolizer, bool cache);

/* Called once for every debug file in use. */
struct error *symbolizer_each_file(struct symbolizer *symbolizer,
				   struct error *(*visit)(void *context,
							  const char *path),
				   void *context);

/*
 * A script for gdb that loads the symbols of the kernel and of every module whose layout
 * is known.
 */
struct strbuf;
struct error *symbolizer_write_gdb(struct symbolizer *symbolizer, struct strbuf *out);
