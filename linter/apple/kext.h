/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel extension (or driver extension) as rules see it: what its Info.plist says,
 * what lies in its folder, and the facts of each slice of its executable. Everything is
 * owned by the model, so that it outlives the container it was read from.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/cleanup.h"
#include "linter/apple/kpi.h"
#include "readers/macho.h"
#include "readers/plist.h"

struct arena;
struct bundle;
struct strbuf;

/* One version key: as written, and as the loader reads it. */
struct kext_version {
	const char *text; /* NULL: not there */
	uint64_t value;
	bool parsed;
};

struct kext_member {
	const char *name; /* for people */
	const char *path; /* below the kext's folder */
	bool folder;
	const char *link; /* target of a symbolic link, or NULL */
	uint32_t mode, uid, gid;
	uint64_t size;
	bool owner_known; /* the container says who owns it */
};

struct kext_import {
	const char *name;
	bool weak;
	bool called;	/* at least one call or jump */
	bool pointed;	/* stands in data as a whole pointer, vtables apart */
	bool inherited; /* stands in a vtable */
	bool loaded;	/* instructions take its address through the pointer table */
	/* where the kernel's libraries have it; indices of struct kpi */
	const struct kpi_availability *kpi; /* NULL: nowhere, ever */
};

/* A class as the symbols tell: everything OSDeclare… and OSDefine… leave behind. */
struct kext_class {
	const char *name;   /* "org_example_Card" */
	const char *super;  /* NULL: not known */
	bool vtable;	    /* __ZTV… */
	bool metaclass;	    /* ::metaClass */
	bool meta_object;   /* ::gMetaClass */
	bool super_pointer; /* ::superClass */
	bool os_object;	    /* its vtable holds functions of OSMetaClassBase */
	bool has_foreign;   /* … and functions of other parents, not defined here */
	bool replaces; /* some of those functions are replaced, or it cannot be told */
	size_t slots;  /* entries of the vtable */
	uint64_t code; /* bytes of its methods, as far as symbols tell */
};

struct kext_object {
	const char *symbol, *section;
	uint64_t size;
};

/* A segment as it is wired down. */
struct kext_segment {
	char name[17];
	uint64_t size;	/* bytes in use */
	uint64_t pages; /* bytes, rounded to pages */
};

struct kext_slice {
	const char *arch; /* "x86_64" */
	uint32_t cputype, cpusubtype;
	bool known; /* an architecture that export lists know */
	enum kpi_arch kpi_arch;
	const char *error; /* the slice cannot be read at all; nothing below is set */

	uint32_t filetype;
	uint64_t size; /* in the file */
	bool is64;
	const char *uuid; /* text, or NULL */
	bool has_kmod;
	const char *kmod_name, *kmod_version;
	struct macho_version minimum, sdk, clang, linker;
	uint32_t platform;
	bool has_code_signature, encrypted, has_main, has_dylinker;
	const char **libraries;
	size_t library_count;
	struct macho_problem *problems; /* texts in the arena */
	size_t problem_count;
	bool fixups_incomplete;

	struct kext_import *imports; /* sorted by name */
	size_t import_count;
	const char **exports; /* sorted */
	size_t export_count;
	const char **commons;
	size_t common_count;
	struct kext_class *classes; /* sorted by name */
	size_t class_count;
	struct kext_object
		*large; /* initialised, writable or constant, of 16 KiB or more */
	size_t large_count;
	const char **pure_calls; /* functions that call ___cxa_pure_virtual */
	size_t pure_call_count;
	/* of the classes that personalities ask for: those whose names stand in the text
	 */
	const char **named;
	size_t named_count;
	struct kext_segment *segments; /* those that are wired: no __LINKEDIT */
	size_t segment_count;
	size_t symbol_count, stab_count, local_count;
	uint64_t dwarf_size;
	bool gcc2; /* code of gcc 2.95 */
	bool fixups_read;
};

/* A key and value of an InfoPlist.strings. */
struct kext_string {
	const char *path; /* for people */
	const char *key, *value;
	unsigned int line;
};

struct kext {
	const char *name;   /* for people: "dist.zip!Card.kext" */
	const char *folder; /* in its container; "" when the container is the kext */
	const char *base;   /* "Card.kext" */
	size_t bundle;	    /* number of the bundle in this run */
	size_t container;
	struct kext *parent; /* the kext whose PlugIns hold it, or NULL */
	bool dext;
	bool bare;     /* a lone executable without any bundle */
	bool provider; /* given by --libs: no subject, only a library */
	bool shallow;  /* no Contents folder */
	bool ships;    /* inside a package */

	const char *info_path;	    /* for people; NULL: no Info.plist */
	const char *info_error;	    /* why it cannot be read, or NULL */
	struct property_list *list; /* NULL: unreadable */
	const struct property *info;

	const char *identifier; /* NULL: missing or no string */
	struct kext_version version, compatible;
	const char *executable;	       /* CFBundleExecutable */
	const char *shared_executable; /* CFBundleSharedExecutableIdentifier */
	const char *executable_path;   /* for people; NULL: not there */
	const char *executable_error;  /* why it cannot be read, or NULL */
	bool interface;		       /* OSBundleIsInterface */
	bool kernel_resource;	       /* OSKernelResource */

	struct kext_slice *slices;
	size_t slice_count;
	struct kext_member *members; /* sorted by path */
	size_t member_count;
	struct kext_string *strings;
	size_t string_count;
	bool signature; /* _CodeSignature/CodeResources */

	struct kext_loads *loads; /* see loads.h; made when all kexts are known */
};

struct kext_request {
	struct arena *arena;
	const struct kpi *kpi;
	const struct bundle *bundle;
	size_t bundle_number;
	size_t container;
	const char *folder; /* in the container */
	bool provider;
};

/* Reads a kext; what is wrong with it is in the model, not an error. */
struct error *kext_open(const struct kext_request *request, struct kext **ret);

/* The same of an executable without bundle, member @path of the container. */
struct error *kext_open_bare(const struct kext_request *request, struct kext **ret);
void kext_close(struct kext *kext);

/*
 * The property @key for an architecture: KEY_ARCH where the list has it, else KEY. @arch
 * NULL: KEY.
 */
const struct property *kext_property(const struct kext *kext, const char *key,
				     const char *arch);

/*
 * Whether only vtables name it: then the loader puts the parent's own entry of the
 * release there, and the symbol need not exist. So kexts survive reserved slots that come
 * into use. A reserved function stands in nothing but vtables, also in those whose own
 * symbols were stripped.
 */
static inline bool kext_import_is_patched(const struct kext_import *import)
{
	bool reserved = strstr(import->name, "_RESERVED") != NULL;

	return import->inherited && !import->called && !import->loaded &&
	       (!import->pointed || reserved);
}

/* Whether it declares an executable of its own. */
static inline bool kext_has_code(const struct kext *kext)
{
	return kext->bare || kext->executable != NULL;
}

/*
 * The dictionary of personalities after @after (NULL: the first), NULL at the end:
 * IOKitPersonalities, and those for one architecture.
 */
const struct property *kext_personalities(const struct kext *kext,
					  const struct property *after);

/*
 * Whether two kexts are installed together: what lies in two archives or two folders is
 * two products, or two releases of one.
 */
bool kext_is_beside(const struct kext *a, const struct kext *b);

/* By exact name; NULL when not there. */
const struct kext_import *kext_find_import(const struct kext_slice *slice,
					   const char *name);
const struct kext_class *kext_find_class(const struct kext_slice *slice,
					 const char *name);
bool kext_exports(const struct kext_slice *slice, const char *name);
const struct kext_member *kext_find_member(const struct kext *kext, const char *path);
const struct kext_slice *kext_slice_of(const struct kext *kext, enum kpi_arch arch);

/* Bytes of a page on that architecture. */
unsigned int kext_page_size(enum kpi_arch arch);

/* Memory wired for a loaded slice: segments in pages, and the class tax. */
enum { KEXT_CLASS_COST = 2048 };
uint64_t kext_wired(const struct kext_slice *slice);

/* Reads @bytes into @ret; part of kext_open(), apart for tests. */
struct error *kext_slice_read(const struct macho_slice *from, struct arena *arena,
			      const struct kpi *kpi, struct kext_slice *ret);
