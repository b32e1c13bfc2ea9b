/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a slice refers to, by whichever mechanism its linker used: section relocations
 * (objects: i386 and ppc kexts), LC_DYSYMTAB's tables (x86_64 kexts), binding opcodes
 * (what goes through dyld's linker paths) and chained fixups (arm64e kexts).
 */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

#include "readers/macho.h"

enum { NO_KIND = -1 };

/* While references are gathered. */
struct gather {
	const struct macho *macho;
	struct macho_fixups *fixups;
	size_t limit; /* hostile tables end here */
};

void macho_fixups_deinit(struct macho_fixups *fixups)
{
	free(fixups->items);
	*fixups = (struct macho_fixups){ 0 };
}

static struct error *add(struct gather *g, const struct macho_fixup *fixup)
{
	struct macho_fixups *f = g->fixups;

	if (f->count >= g->limit) {
		f->incomplete = true;
		return NULL;
	}
	if (!array_grow(f->items, f->count, f->capacity))
		return error_nomem();
	f->items[f->count++] = *fixup;
	return NULL;
}

/* One relocation entry, decoded; <mach-o/reloc.h>. */
struct relocation {
	bool scattered, pcrel, external;
	unsigned int type, length;
	uint32_t address, symbol, value;
};

static void decode_scattered(uint32_t first, uint32_t second, struct relocation *ret)
{
	*ret = (struct relocation){
		.scattered = true,
		.pcrel = first >> 30 & 1,
		.length = first >> 28 & 3,
		.type = first >> 24 & 15,
		.address = first & 0xffffff,
		.value = second,
	};
}

/* The second word is a C bit field: it lies the other way round in big-endian files. */
static void decode_plain(bool big, uint32_t first, uint32_t second,
			 struct relocation *ret)
{
	if (big)
		*ret = (struct relocation){ .symbol = second >> 8,
					    .pcrel = second >> 7 & 1,
					    .length = second >> 5 & 3,
					    .external = second >> 4 & 1,
					    .type = second & 15 };
	else
		*ret = (struct relocation){ .symbol = second & 0xffffff,
					    .pcrel = second >> 24 & 1,
					    .length = second >> 25 & 3,
					    .external = second >> 27 & 1,
					    .type = second >> 28 };
	ret->address = first;
}

static void decode(const struct macho *m, const uint8_t *entry, struct relocation *ret)
{
	uint32_t first = macho_u32(m, entry), second = macho_u32(m, entry + 4);
	bool big = m->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	if (!m->is64 && first & 0x80000000)
		decode_scattered(first, second, ret);
	else
		decode_plain(big, first, second, ret);
}

/* What kind of reference a relocation is; NO_KIND for halves of pairs and the like. */
static int relocation_kind(const struct macho *m, const struct relocation *r)
{
	bool whole = r->type == 0 && !r->pcrel && r->length == (m->is64 ? 3 : 2);

	switch (m->cputype) {
	case MACHO_CPU_I386:
		return r->type == 1		  ? NO_KIND
		       : r->type == 0 && r->pcrel ? MACHO_REFERENCE_BRANCH
		       : whole			  ? MACHO_REFERENCE_POINTER
						  : MACHO_REFERENCE_OTHER;
	case MACHO_CPU_X86_64:
		return r->type == 5   ? NO_KIND
		       : r->type == 2 ? MACHO_REFERENCE_BRANCH
		       : whole	      ? MACHO_REFERENCE_POINTER
				      : MACHO_REFERENCE_OTHER;
	case MACHO_CPU_ARM64:
		return r->type == 1 || r->type == 10 ? NO_KIND
		       : r->type == 2		     ? MACHO_REFERENCE_BRANCH
		       : whole			     ? MACHO_REFERENCE_POINTER
						     : MACHO_REFERENCE_OTHER;
	case MACHO_CPU_PPC:
	case MACHO_CPU_PPC64:
		return r->type == 1 ? NO_KIND
		       : r->type == 2 || r->type == 3 || r->type == 13
			       ? MACHO_REFERENCE_BRANCH
		       : whole ? MACHO_REFERENCE_POINTER
			       : MACHO_REFERENCE_OTHER;
	default:
		return whole ? MACHO_REFERENCE_POINTER : MACHO_REFERENCE_OTHER;
	}
}

static struct error *add_relocation(struct gather *g, uint64_t base,
				    const struct relocation *r)
{
	int kind = relocation_kind(g->macho, r);
	struct macho_fixup fixup = { .address = base + r->address, .kind = kind };
	struct macho_symbol symbol;

	if (kind == NO_KIND)
		return NULL;
	if (r->scattered) {
		fixup.target = r->value;
	} else if (r->external) {
		if (!macho_symbol(g->macho, r->symbol, &symbol)) {
			g->fixups->incomplete = true;
			return NULL;
		}
		if ((symbol.type & MACHO_N_TYPE) == MACHO_N_SECT)
			fixup.target = symbol.value;
		else
			fixup.symbol = symbol.name;
		fixup.weak = symbol.desc & MACHO_WEAK_REF && fixup.symbol;
	} else if (kind != MACHO_REFERENCE_POINTER ||
		   !macho_pointer_at(g->macho, fixup.address, &fixup.target)) {
		return NULL; /* a place within, of no interest to a rule */
	}
	return add(g, &fixup);
}

static struct error *add_table(struct gather *g, uint64_t base, struct span table)
{
	struct error *error = NULL;
	struct relocation r;

	for (size_t at = 0; at + 8 <= table.size && !error; at += 8) {
		decode(g->macho, table.data + at, &r);
		error = add_relocation(g, base, &r);
	}
	return error;
}

static struct error *add_sections(struct gather *g)
{
	struct error *error = NULL;

	for (size_t i = 0; i < g->macho->section_count && !error; i++) {
		const struct macho_section *s = &g->macho->sections[i];
		struct span table;

		if (!s->relocation_count)
			continue;
		if (!span_slice(g->macho->bytes, s->relocation_offset,
				(uint64_t)s->relocation_count * 8, &table)) {
			g->fixups->incomplete = true;
			continue;
		}
		error = add_table(g, s->address, table);
	}
	return error;
}

/* The state machine of binding opcodes; <mach-o/loader.h>, BIND_OPCODE_…. */
struct binder {
	struct gather *g;
	struct span code;
	size_t at;
	uint64_t address, segment_end;
	const char *symbol;
	bool weak;
	enum macho_reference kind;
};

static uint64_t read_uleb(struct binder *b)
{
	unsigned int shift = 0;
	uint64_t value = 0;
	uint8_t byte = 0x80;

	while (byte & 0x80 && b->at < b->code.size) {
		byte = b->code.data[b->at++];
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	}
	return value;
}

static struct error *bind_here(struct binder *b, uint64_t skip)
{
	unsigned int size = macho_pointer_size(b->g->macho);
	struct macho_fixup fixup = { .address = b->address,
				     .kind = b->kind,
				     .weak = b->weak,
				     .symbol = b->symbol };
	struct error *error = NULL;

	if (b->symbol && b->address < b->segment_end)
		error = add(b->g, &fixup);
	else
		b->g->fixups->incomplete = true;
	b->address += size + skip;
	return error;
}

static struct error *bind_times(struct binder *b)
{
	uint64_t count = read_uleb(b), skip = read_uleb(b);
	struct error *error = NULL;

	if (!b->symbol) {
		b->g->fixups->incomplete = true;
		return NULL;
	}
	for (uint64_t i = 0; i < count && !error && b->address < b->segment_end &&
			     b->g->fixups->count < b->g->limit;
	     i++)
		error = bind_here(b, skip);
	return error;
}

static void bind_segment(struct binder *b, unsigned int index)
{
	const struct macho *m = b->g->macho;
	uint64_t offset = read_uleb(b);

	if (index >= m->segment_count) {
		b->g->fixups->incomplete = true;
		b->address = b->segment_end = 0;
		return;
	}
	b->address = m->segments[index].address + offset;
	b->segment_end = m->segments[index].address + m->segments[index].size;
}

static void bind_symbol(struct binder *b, unsigned int flags)
{
	b->symbol = macho_name(b->code, b->at);
	b->weak = flags & 1;
	b->at = b->symbol ? b->at + strlen(b->symbol) + 1 : b->code.size;
}

static struct error *bind_opcode(struct binder *b, bool lazy, bool *done)
{
	uint8_t byte = b->code.data[b->at++], immediate = byte & 0x0f;

	switch (byte & 0xf0) {
	case 0x00: /* DONE; between entries of the lazy table it means nothing */
		*done = !lazy;
		return NULL;
	case 0x20: /* SET_DYLIB_ORDINAL_ULEB */
	case 0x60: /* SET_ADDEND_SLEB */
		read_uleb(b);
		return NULL;
	case 0x40:
		bind_symbol(b, immediate);
		return NULL;
	case 0x50: /* SET_TYPE_IMM */
		b->kind =
			immediate == 1 ? MACHO_REFERENCE_POINTER : MACHO_REFERENCE_OTHER;
		return NULL;
	case 0x70:
		bind_segment(b, immediate);
		return NULL;
	case 0x80: /* ADD_ADDR_ULEB */
		b->address += read_uleb(b);
		return NULL;
	case 0x90: /* DO_BIND */
		return bind_here(b, 0);
	case 0xa0: /* DO_BIND_ADD_ADDR_ULEB */
		return bind_here(b, read_uleb(b));
	case 0xb0: /* DO_BIND_ADD_ADDR_IMM_SCALED */
		return bind_here(b, immediate * macho_pointer_size(b->g->macho));
	case 0xc0:
		return bind_times(b);
	case 0x10: /* ordinals: which library does not matter here */
	case 0x30:
		return NULL;
	default:
		b->g->fixups->incomplete = true;
		*done = true;
		return NULL;
	}
}

static struct error *add_bindings(struct gather *g, struct span code, bool lazy)
{
	struct binder b = {
		.g = g,
		.code = code,
		/* a pointer that is bound lazily is one that stubs jump through */
		.kind = lazy ? MACHO_REFERENCE_BRANCH : MACHO_REFERENCE_POINTER
	};
	struct error *error = NULL;
	bool done = false;

	while (b.at < code.size && !done && !error)
		error = bind_opcode(&b, lazy, &done);
	return error;
}

/* Chained fixups; <mach-o/fixup-chains.h>. */
enum {
	CHAIN_ARM64E = 1,
	CHAIN_64 = 2,
	CHAIN_32 = 3,
	CHAIN_64_OFFSET = 6,
	CHAIN_ARM64E_KERNEL = 7,
	CHAIN_ARM64E_USERLAND = 9,
	CHAIN_ARM64E_USERLAND24 = 12,
	PAGE_NONE = 0xffff,
	PAGE_MULTI = 0x8000,
};

struct chains {
	struct gather *g;
	struct macho_import *imports;
	size_t import_count;
	uint64_t image; /* address that offsets count from */
};

struct error *macho_chained_imports(const struct macho *macho, struct macho_import **ret,
				    size_t *count)
{
	static const uint8_t sizes[] = { 0, 4, 8, 16 };
	struct span fixups = macho->chained_fixups, table, names;
	uint32_t number, format, offset;
	struct macho_import *list;

	*ret = NULL;
	*count = 0;
	if (fixups.size < 28)
		return NULL;
	offset = macho_u32(macho, fixups.data + 8);
	number = macho_u32(macho, fixups.data + 16);
	format = macho_u32(macho, fixups.data + 20);
	if (format == 0 || format >= ARRAY_LENGTH(sizes) ||
	    macho_u32(macho, fixups.data + 24) != 0 ||
	    !span_slice(fixups, offset, (uint64_t)number * sizes[format], &table) ||
	    !span_slice(fixups, macho_u32(macho, fixups.data + 12), 0, &names))
		return error_new(ERROR_INPUT,
				 "chained fixups: import table of format %u "
				 "with %u entries cannot be read",
				 format, number);
	names.size = fixups.size - (names.data - fixups.data);
	list = calloc(number ? number : 1, sizeof(*list));
	if (!list)
		return error_nomem();
	for (uint32_t i = 0; i < number; i++) {
		const uint8_t *entry = table.data + (size_t)i * sizes[format];
		uint64_t word =
			format == 3 ? macho_u64(macho, entry) : macho_u32(macho, entry);
		const char *name =
			macho_name(names, format == 3 ? word >> 32 : word >> 9);

		list[i].name = name ? name : "";
		list[i].weak = format == 3 ? word >> 16 & 1 : word >> 8 & 1;
	}
	*ret = list;
	*count = number;
	return NULL;
}

/* One link of a chain: what it is, and how far the next is (in strides, 0: last). */
struct link {
	bool bind;
	uint32_t ordinal;
	uint64_t target;
	unsigned int next, stride;
};

static void decode_arm64e(unsigned int format, uint64_t raw, uint64_t image,
			  struct link *ret)
{
	bool authenticated = raw >> 63;

	ret->bind = raw >> 62 & 1;
	ret->next = raw >> 51 & 0x7ff;
	ret->stride = format == CHAIN_ARM64E_KERNEL ? 4 : 8;
	ret->ordinal = raw & (format == CHAIN_ARM64E_USERLAND24 ? 0xffffff : 0xffff);
	if (authenticated)
		ret->target = image + (raw & 0xffffffff);
	else
		ret->target =
			(raw & 0x7ffffffffffULL) + (format == CHAIN_ARM64E ? 0 : image);
}

static bool decode_link(const struct chains *c, unsigned int format, struct span bytes,
			struct link *ret)
{
	const struct macho *m = c->g->macho;
	uint64_t raw;

	*ret = (struct link){ 0 };
	if (bytes.size < (format == CHAIN_32 ? 4 : 8))
		return false;
	switch (format) {
	case CHAIN_ARM64E:
	case CHAIN_ARM64E_KERNEL:
	case CHAIN_ARM64E_USERLAND:
	case CHAIN_ARM64E_USERLAND24:
		decode_arm64e(format, macho_u64(m, bytes.data), c->image, ret);
		return true;
	case CHAIN_64:
	case CHAIN_64_OFFSET:
		raw = macho_u64(m, bytes.data);
		ret->bind = raw >> 63;
		ret->next = raw >> 51 & 0xfff;
		ret->stride = 4;
		ret->ordinal = raw & 0xffffff;
		ret->target = (raw & 0xfffffffffULL) +
			      (format == CHAIN_64_OFFSET ? c->image : 0);
		return true;
	case CHAIN_32:
		raw = macho_u32(m, bytes.data);
		ret->bind = raw >> 31;
		ret->next = raw >> 26 & 0x1f;
		ret->stride = 4;
		ret->ordinal = raw & 0xfffff;
		ret->target = raw & 0x3ffffff;
		return true;
	default:
		return false;
	}
}

static struct error *walk_chain(struct chains *c, unsigned int format,
				const struct macho_segment *segment, uint64_t offset)
{
	struct error *error = NULL;
	struct link link;

	do {
		struct macho_fixup fixup = { .address = segment->address + offset,
					     .kind = MACHO_REFERENCE_POINTER };
		struct span bytes;

		if (offset > segment->filesize ||
		    !span_slice(c->g->macho->bytes, segment->offset + offset,
				segment->filesize - offset, &bytes) ||
		    !decode_link(c, format, bytes, &link) ||
		    (link.bind && link.ordinal >= c->import_count)) {
			c->g->fixups->incomplete = true;
			return NULL;
		}
		if (link.bind) {
			fixup.symbol = c->imports[link.ordinal].name;
			fixup.weak = c->imports[link.ordinal].weak;
		} else {
			fixup.target = link.target;
		}
		error = add(c->g, &fixup);
		offset += (uint64_t)link.next * link.stride;
	} while (link.next && !error);
	return error;
}

/* One segment's starts: where in each of its pages a chain begins. */
static struct error *walk_segment(struct chains *c, struct span starts,
				  const struct macho_segment *segment)
{
	const struct macho *m = c->g->macho;
	unsigned int page_size, format, count;
	struct error *error = NULL;

	if (starts.size < 22) {
		c->g->fixups->incomplete = true;
		return NULL;
	}
	page_size = macho_u16(m, starts.data + 4);
	format = macho_u16(m, starts.data + 6);
	count = macho_u16(m, starts.data + 20);
	if (starts.size - 22 < 2 * (size_t)count) {
		c->g->fixups->incomplete = true;
		return NULL;
	}
	for (unsigned int i = 0; i < count && !error; i++) {
		unsigned int first = macho_u16(m, starts.data + 22 + 2 * i);

		if (first == PAGE_NONE)
			continue;
		if (first & PAGE_MULTI)
			c->g->fixups->incomplete = true;
		else
			error = walk_chain(c, format, segment,
					   (uint64_t)i * page_size + first);
	}
	return error;
}

static struct error *add_chains(struct gather *g)
{
	const struct macho_segment *text = macho_find_segment(g->macho, "__TEXT");
	struct span fixups = g->macho->chained_fixups, starts;
	_free_ struct macho_import *imports = NULL;
	struct chains c = { .g = g, .image = text ? text->address : 0 };
	struct error *error;
	uint32_t count;

	if (fixups.size == 0)
		return NULL;
	error = macho_chained_imports(g->macho, &imports, &c.import_count);
	c.imports = imports;
	if (error ||
	    !span_slice(fixups, macho_u32(g->macho, fixups.data + 4), 4, &starts)) {
		error_destroy(error);
		g->fixups->incomplete = true;
		return NULL;
	}
	starts.size = fixups.size - (starts.data - fixups.data);
	count = macho_u32(g->macho, starts.data);
	for (uint32_t i = 0; i < count && i < g->macho->segment_count && !error; i++) {
		struct span one, entry;
		uint32_t offset;

		if (!span_slice(starts, 4 + 4 * (uint64_t)i, 4, &entry))
			break;
		offset = macho_u32(g->macho, entry.data);
		if (offset && span_slice(starts, offset, 0, &one)) {
			one.size = starts.size - offset;
			error = walk_segment(&c, one, &g->macho->segments[i]);
		}
	}
	return error;
}

static int by_address(const void *a, const void *b)
{
	const struct macho_fixup *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

struct error *macho_fixups_read(const struct macho *macho, struct macho_fixups *ret)
{
	_macho_fixups_ struct macho_fixups fixups = { 0 };
	struct gather g = { .macho = macho,
			    .fixups = &fixups,
			    .limit = macho->bytes.size / 4 + 1 };
	struct error *error;

	error = macho->filetype == MACHO_OBJECT ? add_sections(&g) : NULL;
	/* ld64 counts a kext bundle's addresses from the image's start, which is 0. */
	if (!error)
		error = add_table(&g, 0, macho->external_relocations);
	if (!error)
		error = add_table(&g, 0, macho->local_relocations);
	if (!error)
		error = add_bindings(&g, macho->bind_opcodes, false);
	if (!error)
		error = add_bindings(&g, macho->weak_bind_opcodes, false);
	if (!error)
		error = add_bindings(&g, macho->lazy_bind_opcodes, true);
	if (!error)
		error = add_chains(&g);
	if (error)
		return error;
	if (fixups.count)
		qsort(fixups.items, fixups.count, sizeof(*fixups.items), by_address);
	*ret = fixups;
	fixups = (struct macho_fixups){ 0 };
	return NULL;
}

size_t macho_fixups_find(const struct macho_fixups *fixups, uint64_t address)
{
	size_t low = 0, high = fixups->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fixups->items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
