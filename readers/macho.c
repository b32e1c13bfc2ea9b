/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One slice: header, load commands, symbols, and what lies at an address. */
#include "readers/macho.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

enum {
	LC_SEGMENT = 0x1,
	LC_SYMTAB = 0x2,
	LC_UNIXTHREAD = 0x5,
	LC_DYSYMTAB = 0xb,
	LC_LOAD_DYLIB = 0xc,
	LC_LOAD_DYLINKER = 0xe,
	LC_SEGMENT_64 = 0x19,
	LC_UUID = 0x1b,
	LC_CODE_SIGNATURE = 0x1d,
	LC_LAZY_LOAD_DYLIB = 0x20,
	LC_ENCRYPTION_INFO = 0x21,
	LC_DYLD_INFO = 0x22,
	LC_VERSION_MIN_MACOSX = 0x24,
	LC_FUNCTION_STARTS = 0x26,
	LC_SOURCE_VERSION = 0x2a,
	LC_ENCRYPTION_INFO_64 = 0x2c,
	LC_BUILD_VERSION = 0x32,
	LC_REQ_DYLD = (int)0x80000000,
	LC_LOAD_WEAK_DYLIB = 0x18 | LC_REQ_DYLD,
	LC_REEXPORT_DYLIB = 0x1f | LC_REQ_DYLD,
	LC_DYLD_INFO_ONLY = 0x22 | LC_REQ_DYLD,
	LC_MAIN = 0x28 | LC_REQ_DYLD,
	LC_DYLD_EXPORTS_TRIE = 0x33 | LC_REQ_DYLD,
	LC_DYLD_CHAINED_FIXUPS = 0x34 | LC_REQ_DYLD,

	SECTION_TYPE = 0xff,
	S_ZEROFILL = 0x1,
	S_GB_ZEROFILL = 0xc,
	S_THREAD_LOCAL_ZEROFILL = 0x12,

	TOOL_CLANG = 1,
	TOOL_LD = 3,

	PROBLEM_LIMIT = 32,
	/* n_sect of a symbol has 8 bits: a file with more sections is not meant well. */
	SECTION_LIMIT = 255,
	NAME_LIMIT = 16384,
	KMOD_NAME_SIZE = 64,
};

uint16_t macho_u16(const struct macho *macho, const void *bytes)
{
	uint16_t v;

	memcpy(&v, bytes, sizeof(v));
	return macho->swapped ? __builtin_bswap16(v) : v;
}

uint32_t macho_u32(const struct macho *macho, const void *bytes)
{
	uint32_t v;

	memcpy(&v, bytes, sizeof(v));
	return macho->swapped ? __builtin_bswap32(v) : v;
}

uint64_t macho_u64(const struct macho *macho, const void *bytes)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	return macho->swapped ? __builtin_bswap64(v) : v;
}

void macho_destroy(struct macho *macho)
{
	if (!macho)
		return;
	for (size_t i = 0; i < macho->problem_count; i++)
		free(macho->problems[i].text);
	free(macho->problems);
	free(macho->segments);
	free(macho->sections);
	free(macho->libraries);
	free(macho);
}

/* One load command while it is read. */
struct command {
	struct macho *macho;
	uint32_t kind;
	uint64_t offset; /* in the slice */
	struct span bytes;
};

static struct error *note(struct macho *macho, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static struct error *note(struct macho *macho, uint64_t offset, const char *format, ...)
{
	struct macho_problem *problem;
	va_list args;
	int length;

	if (macho->problem_count == PROBLEM_LIMIT)
		return NULL;
	if (!array_grow(macho->problems, macho->problem_count, macho->problem_capacity))
		return error_nomem();
	problem = &macho->problems[macho->problem_count];
	va_start(args, format);
	length = vasprintf(&problem->text, format, args);
	va_end(args);
	if (length < 0)
		return error_nomem();
	problem->offset = offset;
	macho->problem_count++;
	return NULL;
}

/* 32 bits at @offset of a command that is known to be so long. */
static uint32_t word(const struct command *c, size_t offset)
{
	return macho_u32(c->macho, c->bytes.data + offset);
}

static uint64_t address(const struct command *c, size_t offset)
{
	return c->macho->is64 ? macho_u64(c->macho, c->bytes.data + offset)
			      : word(c, offset);
}

/* The table that a command names by offset and size; a hole is noted and left empty. */
static struct error *table(const struct command *c, const char *what, uint64_t offset,
			   uint64_t size, struct span *ret)
{
	if (span_slice(c->macho->bytes, offset, size, ret))
		return NULL;
	return note(c->macho, c->offset,
		    "%s (%llu bytes at %llu) leaves the slice of %zu bytes", what,
		    (unsigned long long)size, (unsigned long long)offset,
		    c->macho->bytes.size);
}

static void copy_name(char ret[17], const uint8_t *bytes)
{
	memcpy(ret, bytes, 16);
	ret[16] = 0;
}

bool macho_section_zerofill(const struct macho_section *section)
{
	uint32_t type = section->flags & SECTION_TYPE;

	return type == S_ZEROFILL || type == S_GB_ZEROFILL ||
	       type == S_THREAD_LOCAL_ZEROFILL;
}

static struct error *read_section(const struct command *c, size_t at)
{
	struct macho *macho = c->macho;
	size_t wide = macho->is64 ? 8 : 4, rest = at + 32 + 2 * wide;
	struct macho_section *s;

	if (macho->section_count == SECTION_LIMIT)
		return note(macho, c->offset + at, "more than %d sections",
			    SECTION_LIMIT);
	if (!array_grow(macho->sections, macho->section_count, macho->section_capacity))
		return error_nomem();
	s = &macho->sections[macho->section_count++];
	*s = (struct macho_section){
		.address = address(c, at + 32),
		.size = address(c, at + 32 + wide),
		.offset = word(c, rest),
		.align = word(c, rest + 4),
		.relocation_offset = word(c, rest + 8),
		.relocation_count = word(c, rest + 12),
		.flags = word(c, rest + 16),
	};
	copy_name(s->name, c->bytes.data + at);
	copy_name(s->segment, c->bytes.data + at + 16);
	/* The linker keeps offsets of sections whose bytes a dSYM does not carry. */
	if (macho_section_zerofill(s) || (macho->filetype == MACHO_DSYM && !s->offset))
		return NULL;
	if (!span_slice(macho->bytes, s->offset, s->size, &s->bytes) &&
	    macho->filetype != MACHO_DSYM)
		return note(macho, c->offset + at,
			    "section %s,%s (%llu bytes at %u) leaves the slice of %zu "
			    "bytes",
			    s->segment, s->name, (unsigned long long)s->size, s->offset,
			    macho->bytes.size);
	return NULL;
}

static struct error *read_segment(const struct command *c)
{
	struct macho *macho = c->macho;
	size_t wide = macho->is64 ? 8 : 4, rest = 24 + 4 * wide, header = rest + 16,
	       each = macho->is64 ? 80 : 68, count;
	struct error *error = NULL;
	struct macho_segment *s;
	struct span whole;

	if (c->bytes.size < header)
		return note(macho, c->offset, "segment command cut off");
	if (macho->segment_count == SECTION_LIMIT)
		return note(macho, c->offset, "more than %d segments", SECTION_LIMIT);
	if (!array_grow(macho->segments, macho->segment_count, macho->segment_capacity))
		return error_nomem();
	s = &macho->segments[macho->segment_count++];
	*s = (struct macho_segment){
		.address = address(c, 24),
		.size = address(c, 24 + wide),
		.offset = address(c, 24 + 2 * wide),
		.filesize = address(c, 24 + 3 * wide),
		.maxprot = word(c, rest),
		.initprot = word(c, rest + 4),
		.flags = word(c, rest + 12),
		.first_section = macho->section_count,
	};
	copy_name(s->name, c->bytes.data + 8);
	count = word(c, rest + 8);
	if (macho->filetype != MACHO_DSYM && s->filesize &&
	    !span_slice(macho->bytes, s->offset, s->filesize, &whole))
		error = note(macho, c->offset,
			     "segment '%s' (%llu bytes at %llu) leaves the slice of %zu "
			     "bytes",
			     s->name, (unsigned long long)s->filesize,
			     (unsigned long long)s->offset, macho->bytes.size);
	if (!error && count > (c->bytes.size - header) / each) {
		error = note(macho, c->offset,
			     "segment '%s' says %zu sections; its command has room "
			     "for %zu",
			     s->name, count, (c->bytes.size - header) / each);
		count = (c->bytes.size - header) / each;
	}
	for (size_t i = 0; i < count && !error; i++)
		error = read_section(c, header + i * each);
	s->section_count = macho->section_count - s->first_section;
	return error;
}

static struct error *read_symtab(const struct command *c)
{
	struct macho *macho = c->macho;
	size_t each = macho->is64 ? 16 : 12;
	struct error *error;
	uint32_t count;

	if (c->bytes.size < 24)
		return note(macho, c->offset, "symbol table command cut off");
	count = word(c, 12);
	error = table(c, "symbol table", word(c, 8), (uint64_t)count * each,
		      &macho->symbols);
	if (!error)
		error = table(c, "string table", word(c, 16), word(c, 20),
			      &macho->strings);
	macho->symbol_count = macho->symbols.size / each;
	return error;
}

static struct error *read_dysymtab(const struct command *c)
{
	struct error *error;

	if (c->bytes.size < 80)
		return note(c->macho, c->offset, "dynamic symbol table command cut off");
	error = table(c, "external relocations", word(c, 64), (uint64_t)word(c, 68) * 8,
		      &c->macho->external_relocations);
	if (!error)
		error = table(c, "local relocations", word(c, 72),
			      (uint64_t)word(c, 76) * 8, &c->macho->local_relocations);
	return error;
}

static struct error *read_dyld_info(const struct command *c)
{
	struct macho *macho = c->macho;
	struct error *error;

	if (c->bytes.size < 48)
		return note(macho, c->offset, "dyld info command cut off");
	error = table(c, "binding opcodes", word(c, 16), word(c, 20),
		      &macho->bind_opcodes);
	if (!error)
		error = table(c, "weak binding opcodes", word(c, 24), word(c, 28),
			      &macho->weak_bind_opcodes);
	if (!error)
		error = table(c, "lazy binding opcodes", word(c, 32), word(c, 36),
			      &macho->lazy_bind_opcodes);
	if (!error)
		error = table(c, "export trie", word(c, 40), word(c, 44),
			      &macho->exports_trie);
	return error;
}

static struct error *read_linkedit(const struct command *c)
{
	static const struct {
		uint32_t kind;
		const char *what;
		size_t field;
	} tables[] = {
		{ LC_CODE_SIGNATURE, "code signature",
		  offsetof(struct macho, code_signature) },
		{ LC_FUNCTION_STARTS, "function starts",
		  offsetof(struct macho, function_starts) },
		{ LC_DYLD_CHAINED_FIXUPS, "chained fixups",
		  offsetof(struct macho, chained_fixups) },
		{ LC_DYLD_EXPORTS_TRIE, "export trie",
		  offsetof(struct macho, exports_trie) },
	};

	if (c->bytes.size < 16)
		return note(c->macho, c->offset, "command 0x%x cut off", c->kind);
	if (c->kind == LC_CODE_SIGNATURE)
		c->macho->has_code_signature = true;
	for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
		if (tables[i].kind == c->kind)
			return table(c, tables[i].what, word(c, 8), word(c, 12),
				     (struct span *)((char *)c->macho + tables[i].field));
	return NULL;
}

static struct error *read_library(const struct command *c)
{
	struct macho *macho = c->macho;
	const char *name;

	if (c->bytes.size < 12)
		return note(macho, c->offset, "library command cut off");
	name = span_string(c->bytes, word(c, 8));
	if (!array_grow(macho->libraries, macho->library_count, macho->library_capacity))
		return error_nomem();
	macho->libraries[macho->library_count++] =
		(struct macho_library){ name ? name : "", c->kind };
	return name ? NULL : note(macho, c->offset, "library name is not terminated");
}

static struct error *read_build_version(const struct command *c)
{
	struct macho *macho = c->macho;
	uint32_t count;

	if (c->bytes.size < 24)
		return note(macho, c->offset, "build version command cut off");
	macho->platform = word(c, 8);
	macho->minimum.packed = word(c, 12);
	macho->sdk.packed = word(c, 16);
	count = word(c, 20);
	if (count > (c->bytes.size - 24) / 8)
		return note(macho, c->offset, "build version says %u tools", count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t version = word(c, 28 + i * 8);

		if (word(c, 24 + i * 8) == TOOL_CLANG)
			macho->clang.packed = version;
		else if (word(c, 24 + i * 8) == TOOL_LD)
			macho->linker.packed = version;
	}
	return NULL;
}

static struct error *read_version_min(const struct command *c)
{
	if (c->bytes.size < 16)
		return note(c->macho, c->offset, "version command cut off");
	c->macho->platform = 1;
	c->macho->minimum.packed = word(c, 8);
	c->macho->sdk.packed = word(c, 12);
	return NULL;
}

static struct error *read_uuid(const struct command *c)
{
	if (c->bytes.size < 24)
		return note(c->macho, c->offset, "UUID command cut off");
	memcpy(c->macho->uuid, c->bytes.data + 8, 16);
	c->macho->has_uuid = true;
	return NULL;
}

static struct error *read_source_version(const struct command *c)
{
	if (c->bytes.size < 16)
		return note(c->macho, c->offset, "source version command cut off");
	c->macho->source_version = macho_u64(c->macho, c->bytes.data + 8);
	return NULL;
}

static struct error *read_marker(const struct command *c)
{
	if (c->kind == LC_LOAD_DYLINKER)
		c->macho->has_dylinker = true;
	else if (c->kind == (uint32_t)LC_MAIN)
		c->macho->has_main = true;
	else if (c->kind == LC_UNIXTHREAD) /* linkers leave one in 32-bit kexts too */
		c->macho->has_main |= c->macho->filetype == MACHO_EXECUTE;
	else if (c->bytes.size >= 20)
		c->macho->encrypted = word(c, 16) != 0;
	return NULL;
}

static struct error *read_command(const struct command *c)
{
	static const struct {
		uint32_t kind;
		struct error *(*read)(const struct command *c);
	} readers[] = {
		{ LC_SEGMENT, read_segment },
		{ LC_SEGMENT_64, read_segment },
		{ LC_SYMTAB, read_symtab },
		{ LC_DYSYMTAB, read_dysymtab },
		{ LC_LOAD_DYLIB, read_library },
		{ LC_LOAD_WEAK_DYLIB, read_library },
		{ LC_REEXPORT_DYLIB, read_library },
		{ LC_LAZY_LOAD_DYLIB, read_library },
		{ LC_UUID, read_uuid },
		{ LC_CODE_SIGNATURE, read_linkedit },
		{ LC_FUNCTION_STARTS, read_linkedit },
		{ LC_DYLD_CHAINED_FIXUPS, read_linkedit },
		{ LC_DYLD_EXPORTS_TRIE, read_linkedit },
		{ LC_DYLD_INFO, read_dyld_info },
		{ LC_DYLD_INFO_ONLY, read_dyld_info },
		{ LC_VERSION_MIN_MACOSX, read_version_min },
		{ LC_BUILD_VERSION, read_build_version },
		{ LC_SOURCE_VERSION, read_source_version },
		{ LC_LOAD_DYLINKER, read_marker },
		{ LC_MAIN, read_marker },
		{ LC_UNIXTHREAD, read_marker },
		{ LC_ENCRYPTION_INFO, read_marker },
		{ LC_ENCRYPTION_INFO_64, read_marker },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(readers); i++)
		if (readers[i].kind == c->kind)
			return readers[i].read(c);
	return NULL;
}

static struct error *read_commands(struct macho *macho, uint32_t size)
{
	uint64_t offset = macho->is64 ? 32 : 28, end = offset + size;
	struct error *error = NULL;

	if (end > macho->bytes.size) {
		error = note(macho, offset,
			     "%u bytes of load commands leave the slice of %zu bytes",
			     size, macho->bytes.size);
		end = macho->bytes.size;
	}
	for (uint32_t i = 0; i < macho->command_count && !error; i++) {
		struct command c = { .macho = macho, .offset = offset };
		uint32_t length;

		if (end - offset < 8)
			return note(macho, offset,
				    "load command %u of %u is missing: the commands end "
				    "before it",
				    i + 1, macho->command_count);
		c.kind = macho_u32(macho, macho->bytes.data + offset);
		length = macho_u32(macho, macho->bytes.data + offset + 4);
		if (length < 8 || length > end - offset)
			return note(macho, offset,
				    "load command %u (0x%x) has the impossible size %u",
				    i + 1, c.kind, length);
		if (length % 4)
			error = note(macho, offset,
				     "load command %u (0x%x): size %u is not a multiple "
				     "of 4",
				     i + 1, c.kind, length);
		c.bytes = (struct span){ macho->bytes.data + offset, length };
		if (!error)
			error = read_command(&c);
		offset += length;
	}
	return error;
}

struct error *macho_create(struct span slice, struct macho **ret)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	struct error *error;
	uint32_t magic;
	bool big;

	if (slice.size < 28)
		return error_new(ERROR_INPUT, "Mach-O header cut off after %zu bytes",
				 slice.size);
	macho = calloc(1, sizeof(*macho));
	if (!macho)
		return error_nomem();
	macho->bytes = slice;
	big = slice.data[0] == 0xfe;
	macho->swapped = big == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	magic = macho_u32(macho, slice.data);
	if (magic != 0xfeedface && magic != 0xfeedfacf)
		return error_new(ERROR_INPUT, "no Mach-O header (magic 0x%x)", magic);
	macho->is64 = magic == 0xfeedfacf;
	macho->cputype = macho_u32(macho, slice.data + 4);
	macho->cpusubtype = macho_u32(macho, slice.data + 8);
	macho->filetype = macho_u32(macho, slice.data + 12);
	macho->command_count = macho_u32(macho, slice.data + 16);
	macho->flags = macho_u32(macho, slice.data + 24);
	if (macho->is64 && slice.size < 32)
		return error_new(ERROR_INPUT, "Mach-O header cut off after %zu bytes",
				 slice.size);
	error = read_commands(macho, macho_u32(macho, slice.data + 20));
	if (!error)
		*ret = take(macho);
	return error;
}

const char *macho_name(struct span names, uint64_t offset)
{
	size_t room;

	if (offset >= names.size)
		return NULL;
	room = names.size - offset < NAME_LIMIT ? names.size - offset : NAME_LIMIT;
	return memchr(names.data + offset, 0, room) ? (const char *)names.data + offset
						    : NULL;
}

bool macho_symbol(const struct macho *macho, size_t index, struct macho_symbol *ret)
{
	size_t each = macho->is64 ? 16 : 12;
	const uint8_t *entry;
	const char *name;

	if (index >= macho->symbol_count)
		return false;
	entry = macho->symbols.data + index * each;
	name = macho_name(macho->strings, macho_u32(macho, entry));
	*ret = (struct macho_symbol){
		.name = name ? name : "",
		.type = entry[4],
		.section = entry[5],
		.desc = macho_u16(macho, entry + 6),
		.value = macho->is64 ? macho_u64(macho, entry + 8)
				     : macho_u32(macho, entry + 8),
	};
	return true;
}

const struct macho_segment *macho_find_segment(const struct macho *macho,
					       const char *name)
{
	for (size_t i = 0; i < macho->segment_count; i++)
		if (!strcmp(macho->segments[i].name, name))
			return &macho->segments[i];
	return NULL;
}

const struct macho_section *macho_find_section(const struct macho *macho,
					       const char *segment, const char *name)
{
	for (size_t i = 0; i < macho->section_count; i++)
		if ((!segment || !strcmp(macho->sections[i].segment, segment)) &&
		    !strcmp(macho->sections[i].name, name))
			return &macho->sections[i];
	return NULL;
}

bool macho_at_address(const struct macho *macho, uint64_t at, struct span *ret)
{
	for (size_t i = 0; i < macho->section_count; i++) {
		const struct macho_section *s = &macho->sections[i];

		if (at >= s->address && at - s->address < s->bytes.size)
			return span_slice(s->bytes, at - s->address,
					  s->bytes.size - (at - s->address), ret);
	}
	for (size_t i = 0; i < macho->segment_count; i++) {
		const struct macho_segment *s = &macho->segments[i];

		if (s->section_count == 0 && at >= s->address &&
		    at - s->address < s->filesize)
			return span_slice(macho->bytes, s->offset + (at - s->address),
					  s->filesize - (at - s->address), ret);
	}
	return false;
}

bool macho_pointer_at(const struct macho *macho, uint64_t at, uint64_t *ret)
{
	struct span bytes;

	if (!macho_at_address(macho, at, &bytes) ||
	    bytes.size < macho_pointer_size(macho))
		return false;
	*ret = macho->is64 ? macho_u64(macho, bytes.data) : macho_u32(macho, bytes.data);
	return true;
}

static void copy_text(char *ret, const uint8_t *bytes)
{
	memcpy(ret, bytes, KMOD_NAME_SIZE);
	ret[KMOD_NAME_SIZE] = 0;
}

bool macho_kmod_info(const struct macho *macho, struct macho_kmod *ret)
{
	size_t name = macho->is64 ? 16 : 12;
	struct macho_symbol symbol;
	struct span bytes;

	for (size_t i = 0; macho_symbol(macho, i, &symbol); i++) {
		if (symbol.type & MACHO_N_STAB ||
		    (symbol.type & MACHO_N_TYPE) != MACHO_N_SECT ||
		    strcmp(symbol.name, "_kmod_info"))
			continue;
		if (!macho_at_address(macho, symbol.value, &bytes) ||
		    bytes.size < name + 2 * KMOD_NAME_SIZE)
			return false;
		ret->address = symbol.value;
		copy_text(ret->name, bytes.data + name);
		copy_text(ret->version, bytes.data + name + KMOD_NAME_SIZE);
		return true;
	}
	return false;
}

struct error *macho_function_starts(const struct macho *macho, uint64_t **ret,
				    size_t *count)
{
	const struct macho_segment *text = macho_find_segment(macho, "__TEXT");
	struct span bytes = macho->function_starts;
	_free_ uint64_t *list = NULL;
	uint64_t here = text ? text->address : 0;
	size_t used = 0, capacity = 0;

	for (size_t at = 0; at < bytes.size;) {
		unsigned int shift = 0;
		uint64_t delta = 0;
		uint8_t byte;

		do {
			byte = bytes.data[at++];
			if (shift < 64)
				delta |= (uint64_t)(byte & 0x7f) << shift;
			shift += 7;
		} while (byte & 0x80 && at < bytes.size);
		if (delta == 0)
			break;
		here += delta;
		if (!array_grow(list, used, capacity))
			return error_nomem();
		list[used++] = here;
	}
	*ret = take(list);
	*count = used;
	return NULL;
}
