/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/libraries.h"

#include <elf.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/options.h"

/* The dynamic section of one 64-bit little endian file, as views into its bytes. */
struct dynamic {
	struct span bytes;
	Elf64_Ehdr header;
	const char *interpreter;
	uint64_t table, table_size; /* file range of the dynamic section */
	uint64_t strings;	    /* file offset of its string table */
	const char *runpath;
};

void libraries_deinit(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++) {
		free(libraries->items[i].host);
		free(libraries->items[i].path);
	}
	free(libraries->items);
	*libraries = (struct libraries){ 0 };
}

static bool segment(const struct dynamic *d, size_t index, Elf64_Phdr *ret)
{
	return d->header.e_phentsize == sizeof(*ret) &&
	       span_read(d->bytes, d->header.e_phoff + index * sizeof(*ret), ret,
			 sizeof(*ret));
}

/* The file offset of what is loaded at @address. */
static bool offset_of(const struct dynamic *d, uint64_t address, uint64_t *ret)
{
	Elf64_Phdr p;

	for (size_t i = 0; i < d->header.e_phnum && segment(d, i, &p); i++) {
		if (p.p_type != PT_LOAD || address < p.p_vaddr ||
		    address - p.p_vaddr >= p.p_filesz)
			continue;
		*ret = p.p_offset + (address - p.p_vaddr);
		return true;
	}
	return false;
}

static bool entry(const struct dynamic *d, size_t index, Elf64_Dyn *ret)
{
	return (index + 1) * sizeof(*ret) <= d->table_size &&
	       span_read(d->bytes, d->table + index * sizeof(*ret), ret, sizeof(*ret)) &&
	       ret->d_tag != DT_NULL;
}

static struct error *read_dynamic(const char *path, struct span bytes, struct dynamic *d)
{
	Elf64_Phdr p;
	Elf64_Dyn e;

	*d = (struct dynamic){ .bytes = bytes };
	if (!span_read(bytes, 0, &d->header, sizeof(d->header)) ||
	    d->header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    d->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return error_new(ERROR_INPUT, "%s is no 64-bit little endian ELF program",
				 path);
	for (size_t i = 0; i < d->header.e_phnum && segment(d, i, &p); i++) {
		if (p.p_type == PT_INTERP)
			d->interpreter = span_string(bytes, p.p_offset);
		if (p.p_type == PT_DYNAMIC) {
			d->table = p.p_offset;
			d->table_size = p.p_filesz;
		}
	}
	for (size_t i = 0; entry(d, i, &e); i++)
		if (e.d_tag == DT_STRTAB && !offset_of(d, e.d_un.d_ptr, &d->strings))
			return error_new(ERROR_INPUT, "%s: its string table is not there",
					 path);
	for (size_t i = 0; entry(d, i, &e); i++)
		if (e.d_tag == DT_RUNPATH || (e.d_tag == DT_RPATH && !d->runpath))
			d->runpath = span_string(bytes, d->strings + e.d_un.d_val);
	return NULL;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static char *in_folder(const char *folder, size_t length, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%.*s/%s", (int)length, folder, name) < 0)
		return NULL;
	if (is_file(path))
		return path;
	free(path);
	return NULL;
}

/* Along a DT_RUNPATH, where $ORIGIN is the folder of @needer. */
static char *in_runpath(const char *runpath, const char *needer, const char *name)
{
	const char *slash = strrchr(needer, '/');

	for (const char *at = runpath; at && *at;) {
		size_t length = strcspn(at, ":");
		_free_ char *folder = NULL;
		char *found;

		if (!strncmp(at, "$ORIGIN", 7) && slash) {
			if (asprintf(&folder, "%.*s%.*s", (int)(slash - needer), needer,
				     (int)(length - 7), at + 7) < 0)
				return NULL;
			found = in_folder(folder, strlen(folder), name);
		} else {
			found = in_folder(at, length, name);
		}
		if (found)
			return found;
		at += length + (at[length] == ':');
	}
	return NULL;
}

/* Along the folders that the system's ld.so.conf.d names, one a line. */
static char *in_configured(const char *name)
{
	glob_t files = { 0 };
	char *found = NULL;

	if (glob("/etc/ld.so.conf.d/*.conf", 0, NULL, &files))
		files.gl_pathc = 0;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		_error_ struct error *error = NULL;
		_free_ char *text = NULL;
		char *rest, *line;

		error = file_read_text(files.gl_pathv[i], 65536, &text);
		rest = text;
		while (!error && !found && (line = strsep(&rest, "\n")))
			if (*line == '/')
				found = in_folder(line, strlen(line), name);
	}
	globfree(&files);
	return found;
}

static char *find_library(const struct dynamic *d, const char *needer, const char *name)
{
	static const char *const system[] = { "/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu",
					      "/lib64",
					      "/usr/lib64",
					      "/lib",
					      "/usr/lib" };
	char *found = strchr(name, '/') ? (is_file(name) ? strdup(name) : NULL)
					: in_runpath(d->runpath, needer, name);

	if (!found)
		found = in_configured(name);
	for (size_t i = 0; i < ARRAY_LENGTH(system) && !found; i++)
		found = in_folder(system[i], strlen(system[i]), name);
	return found;
}

static bool known(const struct libraries *libraries, const char *path)
{
	for (size_t i = 0; i < libraries->count; i++)
		if (!strcmp(libraries->items[i].path, path))
			return true;
	return false;
}

static struct error *add_path(struct libraries *libraries, const char *path)
{
	struct library *library;

	if (known(libraries, path))
		return NULL;
	if (!array_grow(libraries->items, libraries->count, libraries->capacity))
		return error_nomem();
	library = &libraries->items[libraries->count];
	*library = (struct library){ strdup(path), strdup(path) };
	if (!library->host || !library->path) {
		free(library->host);
		free(library->path);
		return error_nomem();
	}
	libraries->count++;
	return libraries_add(libraries, path);
}

static struct error *add_script(struct libraries *libraries, struct span bytes)
{
	char line[256] = "";
	size_t size = bytes.size < sizeof(line) ? bytes.size : sizeof(line) - 1;
	char *path = line + 2;

	memcpy(line, bytes.data, size);
	path += strspn(path, " \t");
	path[strcspn(path, " \t\n")] = 0;
	return add_path(libraries, path);
}

struct error *libraries_add(struct libraries *libraries, const char *program)
{
	_mapping_ struct mapping map = { 0 };
	struct error *error = file_map(program, &map);
	struct dynamic d;
	Elf64_Dyn e;

	if (error)
		return error;
	if (span_starts_with(map.bytes, "#!", 2))
		return add_script(libraries, map.bytes);
	if (!span_starts_with(map.bytes, ELFMAG, SELFMAG))
		return NULL;
	error = read_dynamic(program, map.bytes, &d);
	if (!error && d.interpreter)
		error = add_path(libraries, d.interpreter);
	for (size_t i = 0; !error && entry(&d, i, &e); i++) {
		const char *name =
			e.d_tag == DT_NEEDED
				? span_string(map.bytes, d.strings + e.d_un.d_val)
				: NULL;
		_free_ char *found = NULL;

		if (!name)
			continue;
		found = find_library(&d, program, name);
		error = found ? add_path(libraries, found)
			      : error_new(ERROR_MISSING,
					  "library %s, which %s needs, is nowhere here",
					  name, program);
	}
	return error;
}
