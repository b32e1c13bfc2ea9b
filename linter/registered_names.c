/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/registered_names.h"

#include <elf.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

enum { ARGUMENTS = 8 };

static const char *const functions[] = {
	"class_create",
	"__class_create",
	"__class_register",
	"class_register",
	"alloc_chrdev_region",
	"register_chrdev_region",
	"__register_chrdev",
	"register_blkdev",
	"__register_blkdev",
	"misc_register",
	"device_create",
	"device_create_with_groups",
	"driver_register",
	"bus_register",
	"__platform_driver_register",
	"__platform_driver_probe",
	"platform_device_register_full",
	"platform_device_register",
	"__pci_register_driver",
	"usb_register_driver",
	"i2c_register_driver",
	"__spi_register_driver",
	"__hid_register_driver",
	"acpi_bus_register_driver",
	"pnp_register_driver",
	"tty_register_driver",
	"__auxiliary_driver_register",
	"wmi_driver_register",
	"__mdiobus_driver_register",
	"proc_create",
	"proc_create_data",
	"proc_mkdir",
};

/* A place in the module that code refers to. */
struct place {
	uint32_t section;
	uint64_t offset;
};

/* What code referred to since the last call. */
struct window {
	struct place strings[ARGUMENTS], objects[ARGUMENTS];
	size_t string_count, object_count;
};

struct search {
	const struct ko *ko;
	struct error *(*found)(void *data, const struct registered_name *name);
	void *data;
};

static const struct elf_section *section_at(const struct ko *ko, uint32_t index)
{
	return index && index < ko->elf->section_count ? &ko->elf->sections[index] : NULL;
}

static bool holds_strings(const struct elf_section *s)
{
	return !strncmp(s->name, ".rodata.str", 11) ||
	       !strncmp(s->name, ".init.rodata.str", 16);
}

static bool holds_objects(const struct elf_section *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_ALLOC) && !holds_strings(s) &&
	       !(s->flags & SHF_EXECINSTR);
}

/* Relative references are counted from the end of their four bytes. */
static bool is_relative(const struct ko *ko, uint32_t type)
{
	return ko->elf->machine == EM_X86_64 &&
	       (type == R_X86_64_PC32 || type == R_X86_64_PLT32);
}

static bool is_call(const struct ko *ko, uint32_t type)
{
	return ko->elf->machine != EM_X86_64 || type == R_X86_64_PLT32;
}

static struct place target_of(const struct ko *ko, const struct elf_relocation *r,
			      const struct elf_symbol *symbol)
{
	return (struct place){ symbol->section,
			       symbol->value + r->addend +
				       (is_relative(ko, r->type) ? 4 : 0) };
}

static const char *string_at(const struct ko *ko, struct place place)
{
	const struct elf_section *s = section_at(ko, place.section);
	struct span bytes;

	return s && elf_bytes(ko->elf, s, &bytes) ? span_string(bytes, place.offset)
						  : NULL;
}

static bool is_registering(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
		if (!strcmp(functions[i], name))
			return true;
	return false;
}

/* The object that lies at @place; false: the symbol table names none. */
static bool find_object(const struct ko *ko, struct place place, struct elf_symbol *ret)
{
	for (size_t i = 1; i < ko->symbols.count; i++)
		if (ko->symbol_sections[i] == place.section &&
		    elf_symbol_at(&ko->symbols, i, ret) && ret->type == STT_OBJECT &&
		    place.offset >= ret->value && place.offset - ret->value < ret->size)
			return true;
	return false;
}

/* The first string that the object points to. */
static const char *name_in(const struct ko *ko, const struct elf_symbol *object)
{
	for (size_t i = 1; i < ko->elf->section_count; i++) {
		const struct elf_section *s = &ko->elf->sections[i], *to;
		struct elf_relocation r;
		struct elf_symbol symbol;
		struct elf_table table;

		if (s->type != SHT_RELA || s->info != object->section ||
		    !elf_relocations(ko->elf, s, &table))
			continue;
		for (size_t k = 0; k < table.count && elf_relocation_at(&table, k, &r);
		     k++) {
			if (r.offset < object->value ||
			    r.offset - object->value >= object->size)
				continue;
			to = section_at(ko, ko_section_of(ko, &r));
			if (to && holds_strings(to) &&
			    elf_symbol_at(&ko->symbols, r.symbol, &symbol))
				return string_at(ko, target_of(ko, &r, &symbol));
		}
	}
	return NULL;
}

static struct error *tell(const struct search *s, const struct window *w,
			  const char *function)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < w->string_count; i++) {
		const char *name = string_at(s->ko, w->strings[i]);

		if (name)
			error = s->found(s->data, &(struct registered_name){
							  function, NULL, name });
	}
	for (size_t i = 0; !error && i < w->object_count; i++) {
		struct elf_symbol object;
		const char *name = find_object(s->ko, w->objects[i], &object)
					   ? name_in(s->ko, &object)
					   : NULL;

		if (name)
			error = s->found(s->data, &(struct registered_name){
							  function, object.name, name });
	}
	return error;
}

static void note(struct window *w, const struct elf_section *to, struct place place)
{
	if (holds_strings(to) && w->string_count < ARGUMENTS)
		w->strings[w->string_count++] = place;
	else if (holds_objects(to) && w->object_count < ARGUMENTS)
		w->objects[w->object_count++] = place;
}

static struct error *look_at_code(const struct search *s, const struct elf_section *rela)
{
	struct window window = { .string_count = 0 };
	struct error *error = NULL;
	struct elf_relocation r;
	struct elf_table table;

	if (!elf_relocations(s->ko->elf, rela, &table))
		return NULL;
	for (size_t i = 0; !error && i < table.count && elf_relocation_at(&table, i, &r);
	     i++) {
		const struct elf_section *to;
		struct elf_symbol symbol;

		if (!elf_symbol_at(&s->ko->symbols, r.symbol, &symbol))
			continue;
		to = section_at(s->ko, symbol.section);
		if (to && !(to->flags & SHF_EXECINSTR)) {
			note(&window, to, target_of(s->ko, &r, &symbol));
			continue;
		}
		if (!to && is_registering(symbol.name))
			error = tell(s, &window, symbol.name);
		else if (!is_call(s->ko, r.type))
			continue;
		window = (struct window){ .string_count = 0 };
	}
	return error;
}

struct error *registered_names_find(
	const struct ko *ko,
	struct error *(*found)(void *data, const struct registered_name *name),
	void *data, bool *ret)
{
	struct search s = { ko, found, data };
	struct error *error = NULL;

	*ret = ko->has_symbols;
	for (size_t i = 1; !error && *ret && i < ko->elf->section_count; i++) {
		const struct elf_section *section = &ko->elf->sections[i];
		const struct elf_section *code = section_at(ko, section->info);

		if (!code || !(code->flags & SHF_EXECINSTR))
			continue;
		if (section->type == SHT_REL)
			*ret = false;
		else if (section->type == SHT_RELA)
			error = look_at_code(&s, section);
	}
	return error;
}
