/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/assigned.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/kernel_headers.h"
#include "symbolizer/store.h"

/* RESULT: rax and x0 have this number in DWARF. */
enum { DEPTH = 48, WINDOW = 64, PEEL = 16, RESULT = 0, NO_REGISTER = -1 };

/* No further call can have returned within this many bytes: a call takes five. */
enum { NO_OTHER_CALL = 4 };

/* Scopes that hold the address, from the function inwards, inlined ones included. */
struct scopes {
	Dwarf_Die items[DEPTH];
	size_t count;
	size_t function; /* the innermost function that is not of the kernel's headers */
};

struct target {
	Dwarf_Die type; /* the structure pointed to */
	bool known;	/* false: a pointer to void or to a scalar */
};

void assigned_deinit(struct assigned *assigned)
{
	free(assigned->place);
	free(assigned->type);
	*assigned = (struct assigned){ 0 };
}

static bool is_function(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

static bool is_scope(Dwarf_Die *die)
{
	return is_function(die) || dwarf_tag(die) == DW_TAG_lexical_block;
}

/* The child scope of @parent that holds @address. */
static bool child_at(Dwarf_Die *parent, uint64_t address, Dwarf_Die *ret)
{
	if (dwarf_child(parent, ret))
		return false;
	do {
		if (is_scope(ret) && dwarf_haspc(ret, address) > 0)
			return true;
	} while (!dwarf_siblingof(ret, ret));
	return false;
}

static void find_scopes(Dwarf_Die *unit, uint64_t address, struct scopes *ret)
{
	Dwarf_Die die = *unit, child;

	memset(ret, 0, sizeof(*ret));
	while (ret->count < DEPTH && child_at(&die, address, &child)) {
		ret->items[ret->count] = die = child;
		if (is_function(&child) && !is_kernel_header(dwarf_decl_file(&child)))
			ret->function = ret->count;
		ret->count++;
	}
}

static bool peel(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), ret);
}

static bool skip_names(Dwarf_Die *type)
{
	for (int i = 0; i < PEEL; i++) {
		int tag = dwarf_tag(type);

		if (tag != DW_TAG_typedef && tag != DW_TAG_const_type &&
		    tag != DW_TAG_volatile_type)
			return true;
		if (!peel(type, type))
			return false;
	}
	return false;
}

static bool is_structure(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return (tag == DW_TAG_structure_type || tag == DW_TAG_union_type) &&
	       dwarf_diename(type) && dwarf_bytesize(type) > 0;
}

/* What a variable or member of pointer type points to; false: it is no pointer. */
static bool target_of(Dwarf_Die *variable, struct target *ret)
{
	Dwarf_Die type;

	*ret = (struct target){ .known = false };
	if (!peel(variable, &type) || !skip_names(&type) ||
	    dwarf_tag(&type) != DW_TAG_pointer_type)
		return false;
	if (peel(&type, &type) && skip_names(&type) && is_structure(&type)) {
		ret->type = type;
		ret->known = true;
	}
	return true;
}

/* The register that @op says a variable is in, or NO_REGISTER. */
static int register_named(const Dwarf_Op *op, size_t length)
{
	if (length == 1 && op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg31)
		return op->atom - DW_OP_reg0;
	/* "the value of this register": a variable that lives nowhere else */
	if (length == 2 && op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg31 &&
	    !op->number && op[1].atom == DW_OP_stack_value)
		return op->atom - DW_OP_breg0;
	return NO_REGISTER;
}

/*
 * Whether @variable is in register @number at @address, or comes to be there no later
 * than @reach bytes behind: a variable is often said to be assigned when the result was
 * copied, an instruction after the call.
 */
static bool is_in_register(Dwarf_Die *variable, uint64_t address, size_t reach,
			   int number)
{
	Dwarf_Addr base, start, end;
	Dwarf_Attribute attribute;
	ptrdiff_t offset = 0;
	size_t length;
	Dwarf_Op *op;

	if (!dwarf_attr_integrate(variable, DW_AT_location, &attribute))
		return false;
	while ((offset = dwarf_getlocations(&attribute, offset, &base, &start, &end, &op,
					    &length)) > 0)
		if (end > address && start <= address + reach && length &&
		    (reach ? start >= address : start <= address) &&
		    register_named(op, length) == number)
			return true;
	return false;
}

static bool is_variable(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_variable || tag == DW_TAG_formal_parameter;
}

/* A named pointer of the scopes at hand, the driver's own, that is in @number. */
static bool variable_in(struct scopes *scopes, uint64_t address, size_t reach, int number,
			Dwarf_Die *ret, struct target *target)
{
	for (size_t i = scopes->count; i-- > 0;) {
		Dwarf_Die die;
		bool foreign = i > scopes->function && is_function(&scopes->items[i]);

		/* variables of an inlined header are no places of the driver's */
		if (foreign)
			continue;
		if (dwarf_child(&scopes->items[i], &die))
			continue;
		do {
			if (is_variable(&die) && dwarf_diename(&die) &&
			    target_of(&die, target) &&
			    is_in_register(&die, address, reach, number)) {
				*ret = die;
				return true;
			}
		} while (!dwarf_siblingof(&die, &die));
	}
	return false;
}

/* The member of @type at @offset, with the names of structures it is nested in. */
static bool member_at(Dwarf_Die *type, uint64_t offset, char *name, size_t room,
		      Dwarf_Die *ret)
{
	Dwarf_Die die = *type;

	name[0] = 0;
	for (int depth = 0; depth < PEEL; depth++) {
		Dwarf_Attribute attribute;
		Dwarf_Word at = 0, size = 0;
		Dwarf_Die member, inner;
		bool found = false;

		if (dwarf_child(&die, &member))
			return false;
		do {
			at = 0;
			if (dwarf_tag(&member) != DW_TAG_member ||
			    !peel(&member, &inner) || !skip_names(&inner) ||
			    dwarf_aggregate_size(&inner, &size))
				continue;
			dwarf_formudata(dwarf_attr(&member, DW_AT_data_member_location,
						   &attribute),
					&at);
			found = offset - at < size;
		} while (!found && !dwarf_siblingof(&member, &member));
		if (!found)
			return false;
		offset -= at;
		if (dwarf_diename(&member)) {
			size_t used = strlen(name);

			snprintf(name + used, room - used, "%s%s", used ? "." : "",
				 dwarf_diename(&member));
		}
		*ret = member;
		if (dwarf_tag(&inner) == DW_TAG_pointer_type)
			return !offset;
		if (dwarf_tag(&inner) != DW_TAG_structure_type &&
		    dwarf_tag(&inner) != DW_TAG_union_type)
			return false;
		die = inner;
	}
	return false;
}

/* Bytes of the code at @address; empty where the debug file has none. */
static struct span code_at(struct debugfile *file, uint64_t address)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr section;

	while (file->elf && (scn = elf_nextscn(file->elf, scn))) {
		uint64_t offset;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &section) || section.sh_type != SHT_PROGBITS ||
		    !(section.sh_flags & SHF_EXECINSTR) ||
		    address - section.sh_addr >= section.sh_size)
			continue;
		offset = address - section.sh_addr;
		data = elf_rawdata(scn, NULL);
		if (!data || !data->d_buf || offset >= data->d_size)
			break;
		return (struct span){ (uint8_t *)data->d_buf + offset,
				      data->d_size - offset < WINDOW
					      ? data->d_size - offset
					      : WINDOW };
	}
	return (struct span){ 0 };
}

static bool size_fits(Dwarf_Die *type, uint64_t bytes, bool direct)
{
	uint64_t size = (uint64_t)dwarf_bytesize(type);

	return bytes == size || (direct && (!bytes || bytes > size));
}

/* Whether it ends with an array without a size: what is more is its tail. */
static bool has_tail(Dwarf_Die *type)
{
	Dwarf_Die member, last, inner, range;
	Dwarf_Attribute attribute;
	Dwarf_Word count = 0;
	bool any = false;

	if (dwarf_child(type, &member))
		return false;
	do {
		if (dwarf_tag(&member) == DW_TAG_member) {
			last = member;
			any = true;
		}
	} while (!dwarf_siblingof(&member, &member));
	if (!any || !peel(&last, &inner) || !skip_names(&inner) ||
	    dwarf_tag(&inner) != DW_TAG_array_type || dwarf_child(&inner, &range))
		return false;
	return dwarf_formudata(dwarf_attr(&range, DW_AT_count, &attribute), &count)
		       ? !dwarf_hasattr(&range, DW_AT_upper_bound)
		       : !count;
}

static struct error *set_type(struct assigned *ret, Dwarf_Die *type, uint64_t bytes)
{
	const char *kind = dwarf_tag(type) == DW_TAG_union_type ? "union" : "struct";

	if (asprintf(&ret->type, "%s %s", kind, dwarf_diename(type)) < 0)
		return ret->type = NULL, error_nomem();
	ret->size = (uint64_t)dwarf_bytesize(type);
	ret->count = bytes ? bytes / ret->size : 1;
	ret->rest = bytes % ret->size;
	/* one with a tail rather than several and a tail */
	if (ret->rest || (ret->count > 1 && has_tail(type))) {
		ret->count = 1;
		ret->rest = bytes - ret->size;
	}
	return NULL;
}

/* Sets @ret from what the place points to; false: that cannot be what was allocated. */
static struct error *accept(struct assigned *ret, const char *place,
			    struct target *target, uint64_t bytes, bool direct,
			    bool *fits)
{
	*fits = !target->known || size_fits(&target->type, bytes, direct);
	if (!*fits)
		return NULL;
	ret->place = strdup(place);
	if (!ret->place)
		return error_nomem();
	return target->known ? set_type(ret, &target->type, bytes) : NULL;
}

static struct error *by_variable(struct scopes *scopes, uint64_t address, size_t reach,
				 uint64_t bytes, bool direct, struct assigned *ret,
				 bool *done)
{
	struct target target;
	Dwarf_Die variable;

	if (!variable_in(scopes, address, reach, RESULT, &variable, &target))
		return NULL;
	return accept(ret, dwarf_diename(&variable), &target, bytes, direct, done);
}

static struct error *by_store(const struct store *store, struct scopes *scopes,
			      uint64_t address, uint64_t bytes, bool direct,
			      struct assigned *ret, bool *done)
{
	struct target holder, target;
	Dwarf_Die variable, member;
	char name[256], place[512];

	if (store->displacement < 0 ||
	    !variable_in(scopes, address + store->at, 0, (int)store->base, &variable,
			 &holder) ||
	    !holder.known ||
	    !member_at(&holder.type, (uint64_t)store->displacement, name, sizeof(name),
		       &member) ||
	    !target_of(&member, &target))
		return NULL;
	snprintf(place, sizeof(place), "%s->%s", dwarf_diename(&variable), name);
	return accept(ret, place, &target, bytes, direct, done);
}

/* Structures that were considered by size: the only one, or none. */
struct choice {
	Dwarf_Die type;
	bool any, several;
};

static void consider(struct choice *choice, struct target *target, uint64_t bytes)
{
	if (!target->known || (uint64_t)dwarf_bytesize(&target->type) != bytes)
		return;
	choice->several |= choice->any && strcmp(dwarf_diename(&choice->type),
						 dwarf_diename(&target->type)) != 0;
	choice->type = target->type;
	choice->any = true;
}

static void consider_members(struct choice *choice, struct target *holder, uint64_t bytes)
{
	Dwarf_Die member;

	/* what the kernel's own structures point to is not the driver's to allocate */
	if (!holder->known || is_kernel_header(dwarf_decl_file(&holder->type)) ||
	    dwarf_child(&holder->type, &member))
		return;
	do {
		struct target target;

		if (dwarf_tag(&member) == DW_TAG_member && target_of(&member, &target))
			consider(choice, &target, bytes);
	} while (!dwarf_siblingof(&member, &member));
}

/* What the variables of the function point to, then what members of those do. */
static struct error *by_size(struct scopes *scopes, uint64_t bytes, struct assigned *ret)
{
	struct choice own = { .any = false }, members = { .any = false };
	struct choice *choice;

	for (size_t i = scopes->function; bytes && i < scopes->count; i++) {
		Dwarf_Die die;

		if ((i > scopes->function && is_function(&scopes->items[i])) ||
		    dwarf_child(&scopes->items[i], &die))
			break;
		do {
			struct target target;

			if (!is_variable(&die) || !target_of(&die, &target))
				continue;
			if (dwarf_tag(&die) == DW_TAG_variable)
				consider(&own, &target, bytes);
			consider_members(&members, &target, bytes);
		} while (!dwarf_siblingof(&die, &die));
	}
	choice = own.any ? &own : &members;
	if (!choice->any || choice->several)
		return NULL;
	ret->likely = true;
	return set_type(ret, &choice->type, bytes);
}

struct error *assigned_find(struct debugfile *file, uint64_t address, uint64_t bytes,
			    bool direct, struct assigned *ret)
{
	_assigned_ struct assigned assigned = { 0 };
	struct scopes scopes;
	struct error *error;
	struct store store = { .reach = 0 };
	bool done = false, stored;
	Dwarf_Die unit;

	*ret = (struct assigned){ 0 };
	if (!address || !debugfile_unit_at(file, address - 1, &unit))
		return NULL;
	find_scopes(&unit, address - 1, &scopes);
	if (!scopes.count)
		return NULL;
	stored = file->ehdr.e_machine == EM_X86_64 &&
		 store_of_result(code_at(file, address), &store);
	if (store.reach < NO_OTHER_CALL)
		store.reach = NO_OTHER_CALL;
	error = by_variable(&scopes, address, store.reach, bytes, direct, &assigned,
			    &done);
	if (!error && !done && stored)
		error = by_store(&store, &scopes, address, bytes, direct, &assigned,
				 &done);
	if (!error && !done)
		error = by_size(&scopes, bytes, &assigned);
	if (error)
		return error;
	*ret = assigned;
	assigned = (struct assigned){ 0 };
	return NULL;
}
