/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/apple/macho_writer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "tests/apple/macho_slice.h"

static const struct {
	const char *name;
	uint32_t cputype, cpusubtype;
	bool is64, big;
} archs[] = {
	{ "ppc", MACHO_CPU_PPC, 0, false, true },
	{ "i386", MACHO_CPU_I386, 3, false, false },
	{ "x86_64", MACHO_CPU_X86_64, 3, true, false },
	{ "x86_64h", MACHO_CPU_X86_64, 8, true, false },
	{ "arm64", MACHO_CPU_ARM64, 0, true, false },
	{ "arm64e", MACHO_CPU_ARM64, 0x80000002, true, false },
};

static bool is64(const struct slice *s)
{
	return archs[s->arch].is64;
}

/* @size bytes of @value in the slice's byte order. */
void macho_put(const struct slice *s, struct strbuf *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t at = archs[s->arch].big ? size - 1 - i : i;

		strbuf_addc(out, (char)(value >> 8 * at));
	}
}

static void put32(const struct slice *s, struct strbuf *out, uint32_t value)
{
	macho_put(s, out, value, 4);
}

static void put_pointer(const struct slice *s, struct strbuf *out, uint64_t value)
{
	macho_put(s, out, value, is64(s) ? 8 : 4);
}

static void put_name(struct strbuf *out, const char *name, size_t size)
{
	size_t length = strnlen(name, size);

	strbuf_add(out, name, length);
	strbuf_pad(out, 0, size - length);
}

static void align(struct strbuf *out, size_t to)
{
	while (out->length % to)
		strbuf_addc(out, 0);
}

static size_t find_symbol(const struct slice *s, const char *name)
{
	size_t i = 0;

	while (i < s->symbol_count && strcmp(s->symbols[i].name, name))
		i++;
	return i;
}

static size_t add_symbol(struct slice *s, const char *name, uint8_t type, int section,
			 uint64_t offset, uint16_t desc)
{
	if (!array_grow(s->symbols, s->symbol_count, s->symbol_capacity))
		abort();
	s->symbols[s->symbol_count] =
		(struct symbol){ strdup(name), type, section, desc, offset };
	return s->symbol_count++;
}

/* The symbol, defined or not: created as undefined when it is new. */
static size_t need(struct slice *s, const char *name, bool weak)
{
	size_t i = find_symbol(s, name);

	return i < s->symbol_count ? i
				   : add_symbol(s, name, MACHO_N_EXT, -1, 0,
						weak ? MACHO_WEAK_REF : 0);
}

static void refer(struct slice *s, int section, const char *name, bool branch, bool weak)
{
	if (!array_grow(s->references, s->reference_count, s->reference_capacity))
		abort();
	s->references[s->reference_count++] =
		(struct reference){ section, s->bytes[section].length,
				    need(s, name, weak), branch };
	if (branch)
		strbuf_pad(&s->bytes[section], 0, 4);
	else
		put_pointer(s, &s->bytes[section], 0);
}

static void define(struct slice *s, const char *name, int section, bool local)
{
	size_t i;

	align(&s->bytes[section], 8);
	i = find_symbol(s, name);
	if (i == s->symbol_count)
		i = add_symbol(s, name, 0, section, 0, 0);
	s->symbols[i].type = MACHO_N_SECT | (local ? 0 : MACHO_N_EXT);
	s->symbols[i].section = section;
	s->symbols[i].offset = s->bytes[section].length;
}

static void add_kmod(struct slice *s, const char *name, const char *version)
{
	struct strbuf *data = &s->bytes[DATA];

	define(s, "_kmod_info", DATA, false);
	put_pointer(s, data, 0);
	put32(s, data, 1);
	put32(s, data, ~0u);
	put_name(data, name, 64);
	put_name(data, version, 64);
	put32(s, data, ~0u);
	for (size_t i = 0; i < 6; i++)
		put_pointer(s, data, 0);
}

static void add_function(struct slice *s, char **words, size_t count)
{
	define(s, words[1], TEXT, false);
	put32(s, &s->bytes[TEXT], 0x90909090);
	for (size_t i = 2; i < count; i++)
		refer(s, s->imports ? GOT : TEXT, words[i], !s->imports, false);
	strbuf_pad(&s->bytes[TEXT], 0x90, 12);
}

static bool without(char **words, size_t count, const char *word)
{
	for (size_t i = 3; i < count; i++)
		if (words[i][0] == '-' && !strcmp(words[i] + 1, word))
			return true;
	return false;
}

static void add_member(struct slice *s, const char *class, const char *member,
		       int section)
{
	char name[256];

	snprintf(name, sizeof(name), "__ZN%zu%s%zu%sE", strlen(class), class,
		 strlen(member), member);
	define(s, name, section, false);
}

/* What the macros of libkern leave of a class. */
static void add_class(struct slice *s, char **words, size_t count)
{
	const char *class = words[1], *super = words[2];
	char name[256], own[256];

	if (!without(words, count, "metaClass")) {
		add_member(s, class, "metaClass", CONST);
		put_pointer(s, &s->bytes[CONST], 0);
	}
	if (!without(words, count, "superClass")) {
		add_member(s, class, "superClass", CONST);
		snprintf(name, sizeof(name), "__ZN%zu%s10gMetaClassE", strlen(super),
			 super);
		refer(s, CONST, name, false, false);
	}
	if (!without(words, count, "gMetaClass")) {
		add_member(s, class, "gMetaClass", DATA);
		strbuf_pad(&s->bytes[DATA], 0, 40);
	}
	snprintf(own, sizeof(own), "__ZNK%zu%s12getMetaClassEv", strlen(class), class);
	add_function(s, (char *[]){ NULL, own }, 2);
	if (without(words, count, "vtable"))
		return;
	snprintf(name, sizeof(name), "__ZTV%zu%s", strlen(class), class);
	define(s, name, CONST, false);
	put_pointer(s, &s->bytes[CONST], 0);
	put_pointer(s, &s->bytes[CONST], 0);
	refer(s, CONST, "__ZNK8OSObject7releaseEi", false, false);
	refer(s, CONST, own, false, false);
	refer(s, CONST, "__ZNK15OSMetaClassBase9isEqualToEPKS_", false, false);
	for (size_t i = 3; i < count; i++) {
		if (words[i][0] == '=')
			refer(s, CONST, words[i] + 1, false, false);
		for (size_t k = 0;
		     words[i][0] == '+' && k < strtoul(words[i] + 1, NULL, 0); k++)
			refer(s, CONST, own, false, false);
	}
	for (size_t i = 3; i < count; i++)
		if (!strcmp(words[i], "final")) {
			snprintf(name, sizeof(name), "__ZN%zu%s14__OSFinalClassEv",
				 strlen(class), class);
			add_function(s, (char *[]){ NULL, name }, 2);
		}
	put_pointer(s, &s->bytes[CONST], 0);
}

static uint32_t pack_version(const char *text)
{
	unsigned int major = 0, minor = 0, patch = 0;

	sscanf(text, "%u.%u.%u", &major, &minor, &patch);
	return major << 16 | minor << 8 | patch;
}

static bool read_header_word(struct slice *s, char **words, size_t count)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = { { "kext", MACHO_KEXT_BUNDLE },
		      { "object", MACHO_OBJECT },
		      { "bundle", MACHO_BUNDLE } };

	if (!strcmp(words[0], "type") && count == 2) {
		s->type = strtoul(words[1], NULL, 0);
		for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
			if (!strcmp(words[1], types[i].name))
				s->type = types[i].type;
	} else if (!strcmp(words[0], "min") && count == 3) {
		s->minimum = pack_version(words[1]);
		s->sdk = pack_version(words[2]);
	} else if (!strcmp(words[0], "uuid")) {
		s->uuid = true;
	} else if (!strcmp(words[0], "signature")) {
		s->signature = true;
	} else if (!strcmp(words[0], "stripped")) {
		s->stripped = true;
	} else if (!strcmp(words[0], "trie")) {
		s->trie = true;
	} else if (!strcmp(words[0], "chained") && count == 3) {
		s->imports = strtoul(words[1], NULL, 0);
		s->pointers = strtoul(words[2], NULL, 0);
	} else if (!strcmp(words[0], "main")) {
		s->has_main = true;
	} else if (!strcmp(words[0], "dylib") && count == 2) {
		s->dylibs[s->dylib_count++ % WORDS] = strdup(words[1]);
	} else if (!strcmp(words[0], "subtype") && count == 2) {
		s->cpusubtype = strtoul(words[1], NULL, 16);
	} else {
		return false;
	}
	return true;
}

static bool read_content_word(struct slice *s, char **words, size_t count)
{
	bool weak = count > 2 && !strcmp(words[2], "weak");

	if (!strcmp(words[0], "kmod") && count == 3) {
		add_kmod(s, words[1], words[2]);
	} else if (!strcmp(words[0], "function") && count > 1) {
		add_function(s, words, count);
	} else if (!strcmp(words[0], "import") && count > 1) {
		need(s, words[1], weak);
	} else if (!strcmp(words[0], "use") && count > 1) {
		refer(s, GOT, words[1], false, weak);
	} else if (!strcmp(words[0], "pointer") && count > 1) {
		refer(s, DATA, words[1], false, false);
	} else if (!strcmp(words[0], "class") && count > 2) {
		add_class(s, words, count);
	} else if (!strcmp(words[0], "common") && count == 3) {
		add_symbol(s, words[1], MACHO_N_EXT, -1, strtoul(words[2], NULL, 0), 0);
	} else if (!strcmp(words[0], "data") && count == 3) {
		define(s, words[1], DATA, false);
		strbuf_pad(&s->bytes[DATA], 'x', strtoul(words[2], NULL, 0));
	} else if (!strcmp(words[0], "local") && count == 2) {
		define(s, words[1], TEXT, true);
		strbuf_pad(&s->bytes[TEXT], 0x90, 16);
	} else if (!strcmp(words[0], "text") && count == 2) {
		put_name(&s->bytes[CONST], words[1], strlen(words[1]) + 1);
		align(&s->bytes[CONST], 8);
	} else if (!strcmp(words[0], "code") && count == 3) {
		define(s, words[1], TEXT, false);
		strbuf_pad(&s->bytes[TEXT], 0x90, strtoul(words[2], NULL, 0));
	} else if (!strcmp(words[0], "stab") && count == 2) {
		add_symbol(s, words[1], 0x64, -1, 0, 0); /* N_SO */
	} else if (!strcmp(words[0], "dwarf") && count == 2) {
		strbuf_pad(&s->bytes[DWARF], 1, strtoul(words[1], NULL, 0));
	} else {
		return false;
	}
	return true;
}

/* From here: a slice to bytes. */
static const char *const section_names[][2] = {
	[TEXT] = { "__text", "__TEXT" },	 [DATA] = { "__data", "__DATA" },
	[GOT] = { "__got", "__DATA" },		 [CONST] = { "__const", "__DATA" },
	[DWARF] = { "__debug_info", "__DWARF" },
};

uint64_t macho_final_address(const struct slice *s, const struct symbol *symbol)
{
	return symbol->section < 0 ? symbol->offset
				   : s->address[symbol->section] + symbol->offset;
}

static void put_section(const struct slice *s, struct strbuf *out, int i, uint64_t base,
			uint32_t relocations, uint32_t count)
{
	put_name(out, section_names[i][0], 16);
	put_name(out, section_names[i][1], 16);
	put_pointer(s, out, s->address[i]);
	put_pointer(s, out, s->size[i]);
	put32(s, out, s->address[i] + base);
	put32(s, out, 3);
	put32(s, out, count ? relocations : 0);
	put32(s, out, count);
	put32(s, out, i == TEXT ? 0x80000400 : i == GOT ? 6 : 0);
	for (size_t k = 0; k < (is64(s) ? 3u : 2u); k++)
		put32(s, out, 0);
}

static void put_segment(const struct slice *s, struct strbuf *out, const char *name,
			uint64_t address, uint64_t size, uint64_t offset,
			uint32_t sections)
{
	uint32_t length = (is64(s) ? 72 : 56) + sections * (is64(s) ? 80 : 68);

	put32(s, out, is64(s) ? 0x19 : 1);
	put32(s, out, length);
	put_name(out, name, 16);
	put_pointer(s, out, address);
	put_pointer(s, out, size);
	put_pointer(s, out, offset);
	put_pointer(s, out, size);
	put32(s, out, 7);
	put32(s, out, 7);
	put32(s, out, sections);
	put32(s, out, 0);
}

static void put_relocation(const struct slice *s, struct strbuf *out,
			   const struct reference *r, uint64_t base)
{
	uint32_t cpu = archs[s->arch].cputype;
	uint32_t type = !r->branch		? 0
			: cpu == MACHO_CPU_PPC	? 3
			: cpu == MACHO_CPU_I386 ? 0
						: 2;
	uint32_t length = r->branch ? 2 : is64(s) ? 3 : 2, symbol = r->symbol;

	put32(s, out, base + r->offset);
	if (archs[s->arch].big)
		put32(s, out, symbol << 8 | r->branch << 7 | length << 5 | 1 << 4 | type);
	else
		put32(s, out,
		      symbol | (uint32_t)r->branch << 24 | length << 25 | 1 << 27 |
			      type << 28);
}

static size_t count_relocations(const struct slice *s, int section)
{
	size_t count = 0;

	for (size_t i = 0; i < s->reference_count; i++)
		count += s->references[i].section == section;
	return count;
}

/* Relocations by section, as objects want them and kext bundles do not mind. */
static void put_relocations(const struct slice *s, struct strbuf *out, bool object)
{
	for (int k = 0; k < SECTIONS; k++)
		for (size_t i = 0; i < s->reference_count; i++)
			if (s->references[i].section == k)
				put_relocation(s, out, &s->references[i],
					       object ? 0 : s->address[k]);
}

/* Load commands besides the segments; the same length whatever the offsets are. */
static void put_commands(const struct slice *s, struct strbuf *out, uint32_t *count,
			 uint32_t relocations, uint32_t symbols, uint32_t strings,
			 uint32_t strings_size, bool object)
{
	put32(s, out, 2);
	put32(s, out, 24);
	put32(s, out, symbols);
	put32(s, out, s->stripped ? 0 : s->symbol_count);
	put32(s, out, strings);
	put32(s, out, strings_size);
	put32(s, out, 0xb);
	put32(s, out, 80);
	for (size_t i = 0; i < 14; i++)
		put32(s, out, 0);
	put32(s, out, object ? 0 : relocations);
	put32(s, out, object || s->imports ? 0 : s->reference_count);
	put32(s, out, 0);
	put32(s, out, 0);
	*count += 2;
	if (s->uuid) {
		put32(s, out, 0x1b);
		put32(s, out, 24);
		put_name(out, "an UUID of ours ", 16);
		(*count)++;
	}
	if (s->sdk) {
		put32(s, out, 0x24);
		put32(s, out, 16);
		put32(s, out, s->minimum);
		put32(s, out, s->sdk);
		(*count)++;
	}
	if (s->signature) {
		put32(s, out, 0x1d);
		put32(s, out, 16);
		put32(s, out, strings);
		put32(s, out, 4);
		(*count)++;
	}
	if (s->has_main) {
		put32(s, out, 0x80000028);
		put32(s, out, 24);
		strbuf_pad(out, 0, 16);
		(*count)++;
	}
	if (s->imports || s->trie) {
		/* behind the strings, one after the other */
		uint32_t at = strings + strings_size;

		if (s->imports) {
			put32(s, out, 0x80000034);
			put32(s, out, 16);
			put32(s, out, at);
			put32(s, out, s->chains.length);
			at += s->chains.length;
			(*count)++;
		}
		if (s->trie) {
			put32(s, out, 0x80000033);
			put32(s, out, 16);
			put32(s, out, at);
			put32(s, out, s->exports.length);
			(*count)++;
		}
	}
	for (size_t i = 0; i < s->dylib_count && i < WORDS; i++, (*count)++) {
		put32(s, out, 0xc);
		put32(s, out, 24 + 64);
		put32(s, out, 24);
		strbuf_pad(out, 0, 12);
		put_name(out, s->dylibs[i], 64);
	}
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Where everything lies; header and commands take the first page. */
static uint64_t lay_out(struct slice *s, bool object)
{
	uint64_t at = object ? 0 : PAGE;

	for (int i = 0; i < SECTIONS; i++) {
		if (!object && (i == DATA || i == DWARF))
			at = round_up(at, PAGE);
		at = round_up(at, 8);
		s->address[i] = at;
		s->size[i] = s->bytes[i].length;
		at += s->size[i];
	}
	return round_up(at, 8);
}

static void put_segments(const struct slice *s, struct strbuf *out, uint32_t *count,
			 uint64_t end, uint32_t relocations, bool object)
{
	uint64_t base = object ? PAGE : 0, tables = relocations;

	if (object)
		put_segment(s, out, "", 0, end, PAGE, SECTIONS);
	else
		put_segment(s, out, "__TEXT", 0, s->address[DATA], 0, 1);
	for (int i = 0; i < SECTIONS; i++) {
		uint32_t own = object ? count_relocations(s, i) : 0;

		if (!object && i == DATA)
			put_segment(s, out, "__DATA", s->address[DATA],
				    s->address[DWARF] - s->address[DATA],
				    s->address[DATA], 3);
		if (!object && i == DWARF)
			put_segment(s, out, "__DWARF", s->address[DWARF],
				    end - s->address[DWARF], s->address[DWARF], 1);
		put_section(s, out, i, base, tables, own);
		tables += own * 8;
	}
	*count += object ? 1 : 3;
}

static void put_symbols(const struct slice *s, struct strbuf *out, struct strbuf *names)
{
	strbuf_addc(names, ' ');
	strbuf_addc(names, 0);
	for (size_t i = 0; i < s->symbol_count; i++) {
		const struct symbol *symbol = &s->symbols[i];

		put32(s, out, names->length);
		strbuf_addc(out, symbol->type);
		strbuf_addc(out, symbol->section + 1);
		macho_put(s, out, symbol->desc, 2);
		put_pointer(s, out, macho_final_address(s, symbol));
		strbuf_add(names, symbol->name, strlen(symbol->name) + 1);
	}
	align(names, 8);
}

static void put_slice(struct slice *s, struct strbuf *out)
{
	_strbuf_ struct strbuf commands = STRBUF_INIT, symbols = STRBUF_INIT,
			       names = STRBUF_INIT, file = STRBUF_INIT;
	bool object = s->type == MACHO_OBJECT;
	uint64_t end = lay_out(s, object), after = end + (object ? PAGE : 0);
	uint32_t count = 0, relocations = after,
		 table = relocations + s->reference_count * 8, strings;

	put_symbols(s, &symbols, &names);
	if (s->trie)
		macho_put_trie(s, &s->exports);
	if (s->imports)
		macho_put_chains(s, &s->chains);
	strings = table + symbols.length;
	put_segments(s, &commands, &count, end, relocations, object);
	put_commands(s, &commands, &count, relocations, table, strings, names.length,
		     object);
	put32(s, &file, is64(s) ? 0xfeedfacf : 0xfeedface);
	put32(s, &file, archs[s->arch].cputype);
	put32(s, &file, s->cpusubtype);
	put32(s, &file, s->type);
	put32(s, &file, count);
	put32(s, &file, commands.length);
	put32(s, &file, 0);
	if (is64(s))
		put32(s, &file, 0);
	strbuf_add(&file, strbuf_string(&commands), commands.length);
	strbuf_pad(&file, 0, PAGE - file.length);
	for (int i = 0; i < SECTIONS; i++) {
		uint64_t at = s->address[i] + (object ? PAGE : 0);

		strbuf_pad(&file, 0, at - file.length);
		strbuf_add(&file, strbuf_string(&s->bytes[i]), s->bytes[i].length);
	}
	strbuf_pad(&file, 0, after - file.length);
	put_relocations(s, &file, object);
	strbuf_add(&file, strbuf_string(&symbols), symbols.length);
	strbuf_add(&file, strbuf_string(&names), names.length);
	strbuf_add(&file, strbuf_string(&s->chains), s->chains.length);
	strbuf_add(&file, strbuf_string(&s->exports), s->exports.length);
	strbuf_add(out, strbuf_string(&file), file.length);
}

static void slice_deinit(struct slice *s)
{
	for (int i = 0; i < SECTIONS; i++)
		strbuf_deinit(&s->bytes[i]);
	for (size_t i = 0; i < s->symbol_count; i++)
		free(s->symbols[i].name);
	for (size_t i = 0; i < s->dylib_count && i < WORDS; i++)
		free(s->dylibs[i]);
	strbuf_deinit(&s->chains);
	strbuf_deinit(&s->exports);
	free(s->symbols);
	free(s->references);
}

static struct error *begin_slice(struct slice *s, const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(archs); i++)
		if (!strcmp(archs[i].name, name)) {
			*s = (struct slice){ .arch = i,
					     .cpusubtype = archs[i].cpusubtype,
					     .type = archs[i].is64 ? MACHO_KEXT_BUNDLE
								   : MACHO_OBJECT };
			return NULL;
		}
	return error_new(ERROR_INPUT, "no architecture '%s'", name);
}

static void put_big32(struct strbuf *out, uint32_t value)
{
	for (int i = 3; i >= 0; i--)
		strbuf_addc(out, (char)(value >> 8 * i));
}

static void put_file(struct slice *slices, size_t count, struct strbuf *out)
{
	struct strbuf bodies[WORDS] = { 0 };
	uint32_t at = PAGE;

	if (count == 1) {
		put_slice(&slices[0], out);
		return;
	}
	put_big32(out, 0xcafebabe);
	put_big32(out, count);
	for (size_t i = 0; i < count; i++) {
		put_slice(&slices[i], &bodies[i]);
		put_big32(out, archs[slices[i].arch].cputype);
		put_big32(out, slices[i].cpusubtype);
		put_big32(out, at);
		put_big32(out, bodies[i].length);
		put_big32(out, 12);
		at = round_up(at + bodies[i].length, PAGE);
	}
	for (size_t i = 0; i < count; i++) {
		strbuf_pad(out, 0, round_up(out->length, PAGE) - out->length);
		strbuf_add(out, strbuf_string(&bodies[i]), bodies[i].length);
		strbuf_deinit(&bodies[i]);
	}
}

static size_t split(char *line, char **words)
{
	size_t count = 0;

	line[strcspn(line, "#")] = 0;
	for (char *rest = line, *word; count < WORDS && (word = strsep(&rest, " \t"));)
		if (*word)
			words[count++] = word;
	return count;
}

struct error *macho_write(const char *spec, struct strbuf *out)
{
	_free_ char *copy = strdup(spec);
	struct slice slices[WORDS] = { 0 };
	size_t slice_count = 0, line = 0;
	struct error *error = NULL;

	for (char *rest = copy, *text; !error && (text = strsep(&rest, "\n"));) {
		char *words[WORDS];
		size_t count = split(text, words);

		line++;
		if (!count)
			continue;
		if (!strcmp(words[0], "arch") && count == 2 && slice_count < WORDS)
			error = begin_slice(&slices[slice_count++], words[1]);
		else if (!slice_count ||
			 (!read_header_word(&slices[slice_count - 1], words, count) &&
			  !read_content_word(&slices[slice_count - 1], words, count)))
			error = error_new(ERROR_INPUT, "line %zu: '%s' makes no sense",
					  line, words[0]);
	}
	if (!error && !slice_count)
		error = error_new(ERROR_INPUT, "no slice");
	if (!error)
		put_file(slices, slice_count, out);
	for (size_t i = 0; i < slice_count; i++)
		slice_deinit(&slices[i]);
	return error ? error : strbuf_error(out);
}
