/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of one slice of a kext's executable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/apple/kext.h"
#include "linter/arena.h"

enum { LARGE_OBJECT = 16384, CLASS_NAME_LIMIT = 512, CLASS_LIMIT = 4096 };

/* While a slice is read. */
struct reading {
	const struct macho *macho;
	struct arena *arena;
	const struct kpi *kpi;
	struct kext_slice *slice;
	struct macho_fixups fixups;
	/* defined symbols sorted by address, for sizes and names of places */
	struct place {
		uint64_t address;
		const char *name;
		uint8_t section;
	} * places;
	size_t place_count, place_capacity;
};

unsigned int kext_page_size(enum kpi_arch arch)
{
	return arch == KPI_ARM64 ? 16384 : 4096;
}

/* Arrays in an arena: gathered on the heap, then copied. */
static bool keep_array(struct arena *arena, void **items, size_t count, size_t size)
{
	void *copy = arena_alloc(arena, count ? count * size : 1);

	if (copy && count)
		memcpy(copy, *items, count * size);
	free(*items);
	*items = copy;
	return copy != NULL;
}

#define KEEP(arena, items, count) \
	keep_array(arena, (void **)&(items), count, sizeof(*(items)))

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_import(const void *a, const void *b)
{
	const struct kext_import *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_class(const void *a, const void *b)
{
	const struct kext_class *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

const struct kext_import *kext_find_import(const struct kext_slice *slice,
					   const char *name)
{
	struct kext_import key = { .name = name };

	return slice->import_count ? bsearch(&key, slice->imports, slice->import_count,
					     sizeof(key), by_import)
				   : NULL;
}

const struct kext_class *kext_find_class(const struct kext_slice *slice, const char *name)
{
	struct kext_class key = { .name = name };

	return slice->class_count ? bsearch(&key, slice->classes, slice->class_count,
					    sizeof(key), by_class)
				  : NULL;
}

bool kext_exports(const struct kext_slice *slice, const char *name)
{
	return slice->export_count && bsearch(&name, slice->exports, slice->export_count,
					      sizeof(name), by_string) != NULL;
}

uint64_t kext_wired(const struct kext_slice *slice)
{
	uint64_t total = slice->class_count * KEXT_CLASS_COST;

	for (size_t i = 0; i < slice->segment_count; i++)
		total += slice->segments[i].pages;
	return total;
}

/* What is kept of every symbol table entry. */
struct gathered {
	struct kext_import *imports;
	size_t import_count, import_capacity;
	const char **exports, **commons;
	size_t export_count, export_capacity, common_count, common_capacity;
};

static struct error *add_name(const char ***list, size_t *count, size_t *capacity,
			      const char *name)
{
	if (!array_grow(*list, *count, *capacity))
		return error_nomem();
	(*list)[(*count)++] = name;
	return NULL;
}

static struct error *gather_undefined(struct reading *r, struct gathered *g,
				      const struct macho_symbol *s, const char *name)
{
	if (s->value)
		return add_name(&g->commons, &g->common_count, &g->common_capacity, name);
	if (!array_grow(g->imports, g->import_count, g->import_capacity))
		return error_nomem();
	g->imports[g->import_count++] =
		(struct kext_import){ .name = name, .weak = s->desc & MACHO_WEAK_REF };
	(void)r;
	return NULL;
}

static struct error *gather_defined(struct reading *r, struct gathered *g,
				    const struct macho_symbol *s, const char *name)
{
	if (!array_grow(r->places, r->place_count, r->place_capacity))
		return error_nomem();
	r->places[r->place_count++] = (struct place){ s->value, name, s->section };
	if (s->type & MACHO_N_EXT && !(s->type & MACHO_N_PEXT))
		return add_name(&g->exports, &g->export_count, &g->export_capacity, name);
	r->slice->local_count++;
	return NULL;
}

static struct error *gather_symbol(struct reading *r, struct gathered *g,
				   const struct macho_symbol *s)
{
	const char *name;

	r->slice->symbol_count++;
	if (s->type & MACHO_N_STAB) {
		r->slice->stab_count++;
		return NULL;
	}
	/* what gcc 2.95 leaves in every object; 3 and later do not */
	if (!strcmp(s->name, "gcc2_compiled.") || !strcmp(s->name, "___gcc2_compiled"))
		r->slice->gcc2 = true;
	if (!*s->name)
		return NULL;
	name = arena_intern(r->arena, s->name);
	if (!name)
		return error_nomem();
	switch (s->type & MACHO_N_TYPE) {
	case MACHO_N_UNDF:
	case MACHO_N_PBUD:
		return gather_undefined(r, g, s, name);
	case MACHO_N_SECT:
		return gather_defined(r, g, s, name);
	default:
		return NULL;
	}
}

/* Names that only chained fixups know, where the symbol table was stripped. */
static struct error *gather_chained(struct reading *r, struct gathered *g)
{
	_free_ struct macho_import *imports = NULL;
	size_t count;
	struct error *error = macho_chained_imports(r->macho, &imports, &count);

	if (error) {
		error_destroy(error); /* the fixups say it too */
		r->slice->fixups_incomplete = true;
		return NULL;
	}
	for (size_t i = 0; i < count && !error; i++) {
		const char *name = arena_string(r->arena, imports[i].name);
		struct macho_symbol s = {
			.desc = imports[i].weak ? MACHO_WEAK_REF : 0,
		};

		error = name ? gather_undefined(r, g, &s, name) : error_nomem();
	}
	return error;
}

/* What only the export trie has, where the symbol table was stripped. */
static struct error *gather_trie(struct reading *r, struct gathered *g)
{
	_macho_exports_ struct macho_exports trie = { 0 };
	struct error *error = macho_exports_read(r->macho, &trie);

	r->slice->fixups_incomplete |= trie.incomplete;
	for (size_t i = 0; i < trie.count && !error; i++) {
		const char *name = arena_intern(r->arena, trie.items[i].name);

		if (trie.items[i].elsewhere)
			continue;
		error = name ? add_name(&g->exports, &g->export_count,
					&g->export_capacity, name)
			     : error_nomem();
	}
	return error;
}

static size_t unique(const char **names, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	return kept;
}

static void drop_doubles(struct gathered *g)
{
	size_t kept = 0;

	if (g->import_count)
		qsort(g->imports, g->import_count, sizeof(*g->imports), by_import);
	for (size_t i = 0; i < g->import_count; i++) {
		if (kept && !strcmp(g->imports[kept - 1].name, g->imports[i].name))
			g->imports[kept - 1].weak &= g->imports[i].weak;
		else
			g->imports[kept++] = g->imports[i];
	}
	g->import_count = kept;
	if (g->export_count)
		qsort(g->exports, g->export_count, sizeof(*g->exports), by_string);
	g->export_count = unique(g->exports, g->export_count);
	if (g->common_count)
		qsort(g->commons, g->common_count, sizeof(*g->commons), by_string);
}

/*
 * The reserved slot that became Dispatch(): the loaders of the releases that took it
 * still resolve it by its old name (kxld_sym.c of xnu, and the builder of kernel
 * collections).
 */
#define RESERVED3 "__ZN15OSMetaClassBase25_RESERVEDOSMetaClassBase3Ev"

static bool find_kpi(const struct reading *r, const char *name,
		     struct kpi_availability *ret)
{
	bool found = kpi_find(r->kpi, name, ret);
	struct kpi_availability now;

	if (strcmp(name, RESERVED3) != 0 ||
	    !kpi_find(r->kpi, "__ZN15OSMetaClassBase8DispatchE5IORPC", &now))
		return found;
	for (size_t i = 0; i < KPI_LIBRARY_LIMIT; i++)
		for (size_t j = 0; j < KPI_ARCH_COUNT; j++)
			ret->by[i][j] |= now.by[i][j];
	return true;
}

static struct error *resolve_imports(struct reading *r)
{
	struct kpi_availability found;

	for (size_t i = 0; i < r->slice->import_count; i++) {
		struct kext_import *import = &r->slice->imports[i];
		struct kpi_availability *kept;

		if (strcmp(import->name, RESERVED3) != 0)
			import->kpi = kpi_find_single(r->kpi, import->name);
		if (import->kpi || !find_kpi(r, import->name, &found))
			continue;
		kept = arena_alloc(r->arena, sizeof(*kept));
		if (!kept)
			return error_nomem();
		*kept = found;
		import->kpi = kept;
	}
	return NULL;
}

static struct error *read_symbols(struct reading *r)
{
	struct kext_slice *slice = r->slice;
	struct gathered g = { 0 };
	struct error *error = NULL;
	struct macho_symbol s;

	for (size_t i = 0; !error && macho_symbol(r->macho, i, &s); i++)
		error = gather_symbol(r, &g, &s);
	if (!error)
		error = gather_chained(r, &g);
	if (!error)
		error = gather_trie(r, &g);
	drop_doubles(&g);
	if (r->place_count)
		qsort(r->places, r->place_count, sizeof(*r->places), by_place);
	slice->import_count = g.import_count;
	slice->export_count = g.export_count;
	slice->common_count = g.common_count;
	if (!KEEP(r->arena, g.imports, g.import_count) && !error)
		error = error_nomem();
	if (!KEEP(r->arena, g.exports, g.export_count) && !error)
		error = error_nomem();
	if (!KEEP(r->arena, g.commons, g.common_count) && !error)
		error = error_nomem();
	slice->imports = g.imports;
	slice->exports = g.exports;
	slice->commons = g.commons;
	return error ? error : resolve_imports(r);
}

/* Where a section lies that holds pointers for instructions, not for data. */
static bool is_pointer_table(const struct macho *macho, uint64_t address)
{
	for (size_t i = 0; i < macho->section_count; i++) {
		const struct macho_section *s = &macho->sections[i];

		if (address >= s->address && address - s->address < s->size)
			return (s->flags & 0xff) == 6 || !strcmp(s->name, "__got") ||
			       !strcmp(s->name, "__auth_got");
	}
	return false;
}

/* The defined symbol that @address lies behind, or NULL. */
static const struct place *place_of(const struct reading *r, uint64_t address)
{
	size_t low = 0, high = r->place_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->places[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &r->places[low - 1] : NULL;
}

static struct error *note_pure_call(struct reading *r, uint64_t address,
				    const char ***list, size_t *capacity)
{
	const struct place *place = place_of(r, address);
	const char *name = place ? place->name : "?";

	if (r->slice->pure_call_count == CLASS_LIMIT)
		return NULL;
	for (size_t i = 0; i < r->slice->pure_call_count; i++)
		if (!strcmp((*list)[i], name))
			return NULL;
	return add_name(list, &r->slice->pure_call_count, capacity, name);
}

static struct error *read_references(struct reading *r)
{
	struct kext_slice *slice = r->slice;
	struct error *error = macho_fixups_read(r->macho, &r->fixups);
	const char **pure = NULL;
	size_t capacity = 0;

	slice->fixups_incomplete |= r->fixups.incomplete;
	slice->fixups_read = true;
	for (size_t i = 0; i < r->fixups.count && !error; i++) {
		const struct macho_fixup *f = &r->fixups.items[i];
		struct kext_import *import;

		if (!f->symbol)
			continue;
		import = (struct kext_import *)kext_find_import(slice, f->symbol);
		if (!import)
			continue;
		if (f->kind == MACHO_REFERENCE_BRANCH) {
			import->called = true;
			if (!strcmp(f->symbol, "___cxa_pure_virtual"))
				error = note_pure_call(r, f->address, &pure, &capacity);
		} else if (f->kind == MACHO_REFERENCE_POINTER &&
			   !is_pointer_table(r->macho, f->address)) {
			const struct place *in = place_of(r, f->address);

			if (in && !strncmp(in->name, "__ZTV", 5))
				import->inherited = true;
			else
				import->pointed = true;
		} else {
			import->loaded = true;
		}
	}
	if (!KEEP(r->arena, pure, slice->pure_call_count) && !error)
		error = error_nomem();
	slice->pure_calls = pure;
	return error;
}

/*
 * "4Card9metaClassE" after "__ZN": the class "Card" and the member. Nested names
 * ("3abc4CardMetaClass") keep their first part; false for what is no name.
 */
static bool split_member(const char *mangled, char class[CLASS_NAME_LIMIT],
			 const char **member)
{
	size_t length = 0;
	const char *p = mangled;

	while (*p >= '0' && *p <= '9' && length < CLASS_NAME_LIMIT)
		length = length * 10 + (*p++ - '0');
	if (p == mangled || length == 0 || length >= CLASS_NAME_LIMIT ||
	    strnlen(p, length) < length)
		return false;
	memcpy(class, p, length);
	class[length] = 0;
	*member = p + length;
	return true;
}

static struct error *class_named(struct reading *r, struct kext_class **list,
				 size_t *capacity, const char *name,
				 struct kext_class **ret)
{
	struct kext_slice *slice = r->slice;

	for (size_t i = slice->class_count; i > 0; i--)
		if (!strcmp((*list)[i - 1].name, name)) {
			*ret = &(*list)[i - 1];
			return NULL;
		}
	*ret = NULL;
	if (slice->class_count == CLASS_LIMIT)
		return NULL; /* no kext has so many: someone wants us to count */
	if (!array_grow(*list, slice->class_count, *capacity))
		return error_nomem();
	*ret = &(*list)[slice->class_count];
	**ret = (struct kext_class){ .name = arena_string(r->arena, name) };
	if (!(*ret)->name)
		return error_nomem();
	slice->class_count++;
	return NULL;
}

/* The class whose gMetaClass the pointer at @address holds. */
static const char *super_at(const struct reading *r, uint64_t address)
{
	size_t i = macho_fixups_find(&r->fixups, address);
	char class[CLASS_NAME_LIMIT];
	const char *symbol = NULL, *member;

	if (i < r->fixups.count && r->fixups.items[i].address == address) {
		symbol = r->fixups.items[i].symbol;
		if (!symbol) {
			const struct place *place =
				place_of(r, r->fixups.items[i].target);

			symbol = place ? place->name : NULL;
		}
	}
	if (!symbol || strncmp(symbol, "__ZN", 4) ||
	    !split_member(symbol + 4, class, &member) || strcmp(member, "10gMetaClassE"))
		return NULL;
	return arena_string(r->arena, class);
}

static bool of_os_object(const char *symbol)
{
	return symbol && (strstr(symbol, "15OSMetaClassBase") ||
			  !strncmp(symbol, "__ZNK8OSObject", 14) ||
			  !strncmp(symbol, "__ZN8OSObject", 13));
}

/* Whether the vtable at @address holds functions that every OSObject has. */
static bool vtable_of_os_object(const struct reading *r, uint64_t address)
{
	const struct place *next = place_of(r, address);
	uint64_t end = address + 4096;

	if (next)
		next++;
	while (next && next < r->places + r->place_count && next->address <= address)
		next++;
	if (next && next < r->places + r->place_count && next->address < end)
		end = next->address;
	for (size_t i = macho_fixups_find(&r->fixups, address);
	     i < r->fixups.count && r->fixups.items[i].address < end; i++)
		if (of_os_object(r->fixups.items[i].symbol))
			return true;
	return false;
}

/* The first defined symbol above @address, or its section's end: no table goes on there.
 */
static uint64_t table_end(const struct reading *r, const struct place *place)
{
	const struct place *end = r->places + r->place_count;
	const struct macho_section *in =
		place->section && place->section <= r->macho->section_count
			? &r->macho->sections[place->section - 1]
			: NULL;
	uint64_t limit = in ? in->address + in->size : place->address;

	for (const struct place *p = place; p < end && p->address < limit; p++)
		if (p->address > place->address)
			return p->address;
	return limit;
}

/*
 * The entries of a vtable, counted as the loader does: behind two words of header, up to
 * one that is empty and that nothing fills in. Whatever stands between the last function
 * of OSObject and the last one that comes from elsewhere belongs to the parents: a class
 * whose own functions are not among it replaces none of theirs.
 */
static void read_vtable(struct reading *r, struct kext_class *class,
			const struct place *place)
{
	unsigned int size = macho_pointer_size(r->macho);
	uint64_t end = table_end(r, place), address = place->address + 2 * size, value;
	bool behind_object = false, own_before_foreign = false, own = false;

	for (; address + size <= end; address += size) {
		size_t i = macho_fixups_find(&r->fixups, address);
		bool fixed = i < r->fixups.count && r->fixups.items[i].address == address;
		const char *symbol = fixed ? r->fixups.items[i].symbol : NULL;

		if (!fixed && (!macho_pointer_at(r->macho, address, &value) || !value))
			break;
		class->slots++;
		if (of_os_object(symbol)) {
			behind_object = true;
			own = own_before_foreign = false;
		} else if (!symbol) {
			own = true;
		} else {
			class->has_foreign = true;
			own_before_foreign |= own;
		}
	}
	class->replaces = !behind_object || own_before_foreign;
}

static struct error *read_class(struct reading *r, struct kext_class **list,
				size_t *capacity, const struct place *place)
{
	char name[CLASS_NAME_LIMIT];
	struct kext_class *class;
	const char *member;
	struct error *error;

	if (!strncmp(place->name, "__ZTV", 5)) {
		if (!split_member(place->name + 5, name, &member) || *member)
			return NULL;
		error = class_named(r, list, capacity, name, &class);
		if (error || !class)
			return error;
		class->vtable = true;
		class->os_object |= vtable_of_os_object(r, place->address);
		read_vtable(r, class, place);
		return NULL;
	}
	if (strncmp(place->name, "__ZN", 4) ||
	    !split_member(place->name + 4, name, &member) ||
	    (strcmp(member, "9metaClassE") && strcmp(member, "10gMetaClassE") &&
	     strcmp(member, "10superClassE")))
		return NULL;
	error = class_named(r, list, capacity, name, &class);
	if (error || !class)
		return error;
	class->os_object = true;
	if (member[0] == '9')
		class->metaclass = true;
	else if (member[2] == 'g')
		class->meta_object = true;
	else {
		class->super_pointer = true;
		class->super = super_at(r, place->address);
	}
	return NULL;
}

/* The class whose method a symbol is: "__ZN4Card5startEv", "__ZNK…"; NULL when none. */
static struct kext_class *class_of_method(const struct kext_slice *slice,
					  const char *name)
{
	char class[CLASS_NAME_LIMIT];
	const char *member;

	if (strncmp(name, "__ZN", 4) ||
	    !split_member(name + (name[4] == 'K' ? 5 : 4), class, &member))
		return NULL;
	return (struct kext_class *)kext_find_class(slice, class);
}

/* Old compilers mark no section as code. */
static bool is_code(const struct macho_section *section)
{
	enum { PURE_INSTRUCTIONS = (int)0x80000000 };

	return section->flags & (uint32_t)PURE_INSTRUCTIONS ||
	       !strcmp(section->name, "__text");
}

/* How much code each class has, as far as symbols tell. */
static void weigh_classes(struct reading *r)
{
	for (size_t i = 0; i < r->place_count && r->slice->class_count; i++) {
		const struct place *p = &r->places[i];
		struct kext_class *class;

		if (!p->section || p->section > r->macho->section_count ||
		    !is_code(&r->macho->sections[p->section - 1]))
			continue;
		class = class_of_method(r->slice, p->name);
		if (class)
			class->code += table_end(r, p) - p->address;
	}
}

static struct error *read_classes(struct reading *r)
{
	struct kext_slice *slice = r->slice;
	struct kext_class *list = NULL;
	struct error *error = NULL;
	size_t capacity = 0, kept = 0;

	for (size_t i = 0; i < r->place_count && !error; i++)
		error = read_class(r, &list, &capacity, &r->places[i]);
	/* plain C++ classes are the kext's own affair */
	for (size_t i = 0; i < slice->class_count; i++)
		if (list[i].os_object)
			list[kept++] = list[i];
	slice->class_count = kept;
	if (kept)
		qsort(list, kept, sizeof(*list), by_class);
	if (!KEEP(r->arena, list, kept) && !error)
		error = error_nomem();
	slice->classes = list;
	if (!error)
		weigh_classes(r);
	return error;
}

static struct error *read_large(struct reading *r)
{
	struct kext_slice *slice = r->slice;
	struct kext_object *list = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < r->place_count; i++) {
		const struct place *p = &r->places[i];
		const struct macho_section *in;
		uint64_t end;

		if (p->section == 0 || p->section > r->macho->section_count)
			continue;
		in = &r->macho->sections[p->section - 1];
		if (macho_section_zerofill(in) || in->flags & 0x80000000 ||
		    p->address < in->address || p->address - in->address >= in->size)
			continue;
		end = in->address + in->size;
		if (i + 1 < r->place_count && r->places[i + 1].address < end)
			end = r->places[i + 1].address;
		if (end - p->address < LARGE_OBJECT)
			continue;
		if (!array_grow(list, slice->large_count, capacity)) {
			free(list);
			return error_nomem();
		}
		list[slice->large_count++] =
			(struct kext_object){ p->name, arena_string(r->arena, in->name),
					      end - p->address };
	}
	if (!KEEP(r->arena, list, slice->large_count))
		return error_nomem();
	slice->large = list;
	return NULL;
}

static void add_segment(struct kext_slice *slice, const char *name, uint64_t size)
{
	uint64_t page = slice->known ? kext_page_size(slice->kpi_arch) : 4096;
	struct kext_segment *s = &slice->segments[slice->segment_count++];

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->size = size;
	s->pages = (size + page - 1) / page * page;
}

/* An object's sections lie in one nameless segment: the loader lays them out in one. */
static struct error *read_segments(struct reading *r)
{
	const struct macho *m = r->macho;
	struct kext_slice *slice = r->slice;

	slice->segments =
		arena_alloc(r->arena, (m->segment_count + 1) * sizeof(*slice->segments));
	if (!slice->segments)
		return error_nomem();
	for (size_t i = 0; i < m->section_count; i++)
		if (!strcmp(m->sections[i].segment, "__DWARF"))
			slice->dwarf_size += m->sections[i].size;
	for (size_t i = 0; i < m->segment_count; i++) {
		const struct macho_segment *s = &m->segments[i];
		uint64_t used = 0;

		if (!strcmp(s->name, "__LINKEDIT") || !strcmp(s->name, "__DWARF") ||
		    !strcmp(s->name, "__PAGEZERO"))
			continue;
		for (size_t k = 0; k < s->section_count; k++) {
			const struct macho_section *in =
				&m->sections[s->first_section + k];

			if (!strcmp(in->segment, "__DWARF"))
				continue;
			if (in->address + in->size - s->address > used)
				used = in->address + in->size - s->address;
		}
		if (used > s->size || !s->section_count)
			used = s->size;
		add_segment(slice, *s->name ? s->name : "all sections", used);
	}
	return NULL;
}

static struct error *read_header(struct reading *r)
{
	const struct macho *m = r->macho;
	struct kext_slice *slice = r->slice;
	struct macho_kmod kmod;
	char uuid[40];

	slice->filetype = m->filetype;
	slice->is64 = m->is64;
	slice->minimum = m->minimum;
	slice->sdk = m->sdk;
	slice->clang = m->clang;
	slice->linker = m->linker;
	slice->platform = m->platform;
	slice->has_code_signature = m->has_code_signature;
	slice->encrypted = m->encrypted;
	slice->has_main = m->has_main;
	slice->has_dylinker = m->has_dylinker;
	if (m->has_uuid) {
		for (size_t i = 0, at = 0; i < 16; i++)
			at += snprintf(uuid + at, sizeof(uuid) - at, "%s%02X",
				       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
				       m->uuid[i]);
		slice->uuid = arena_string(r->arena, uuid);
	}
	if (macho_kmod_info(m, &kmod)) {
		slice->has_kmod = true;
		slice->kmod_name = arena_string(r->arena, kmod.name);
		slice->kmod_version = arena_string(r->arena, kmod.version);
	}
	slice->libraries =
		arena_alloc(r->arena, (m->library_count + 1) * sizeof(*slice->libraries));
	slice->problems =
		arena_alloc(r->arena, (m->problem_count + 1) * sizeof(*slice->problems));
	if (!slice->libraries || !slice->problems)
		return error_nomem();
	for (size_t i = 0; i < m->library_count; i++)
		slice->libraries[slice->library_count++] =
			arena_string(r->arena, m->libraries[i].name);
	for (size_t i = 0; i < m->problem_count; i++)
		slice->problems[slice->problem_count++] = (struct macho_problem){
			m->problems[i].offset, arena_string(r->arena, m->problems[i].text)
		};
	return NULL;
}

static struct error *read_all(struct reading *r)
{
	struct error *error = read_header(r);

	if (!error)
		error = read_symbols(r);
	if (!error)
		error = read_references(r);
	if (!error)
		error = read_classes(r);
	if (!error)
		error = read_large(r);
	return error ? error : read_segments(r);
}

struct error *kext_slice_read(const struct macho_slice *from, struct arena *arena,
			      const struct kpi *kpi, struct kext_slice *ret)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	struct reading r = { .arena = arena, .kpi = kpi, .slice = ret };
	char name[MACHO_ARCH_SIZE];
	struct error *error;

	*ret = (struct kext_slice){ .cputype = from->cputype,
				    .cpusubtype = from->cpusubtype,
				    .size = from->bytes.size };
	ret->known = kpi_arch_of(from->cputype, &ret->kpi_arch);
	ret->arch = arena_string(arena,
				 macho_arch_name(from->cputype, from->cpusubtype, name));
	error = macho_create(from->bytes, &macho);
	if (error && error_kind(error) == ERROR_INPUT) {
		ret->error = arena_string(arena, error_message(error));
		error_destroy(error);
		return NULL;
	}
	if (error)
		return error;
	r.macho = macho;
	error = read_all(&r);
	macho_fixups_deinit(&r.fixups);
	free(r.places);
	return error;
}
