/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on the executable that decide whether it links: MAC001 to MAC005, MAC012. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_slice.h"

enum { NAMES = 20 };

static const char *bad_type(const struct kext_slice *s)
{
	if (s->is64)
		return s->filetype == MACHO_KEXT_BUNDLE
			       ? NULL
			       : "a 64-bit kext is a kext bundle";
	return s->filetype == MACHO_OBJECT || s->filetype == MACHO_KEXT_BUNDLE
		       ? NULL
		       : "a 32-bit kext is an object";
}

static struct error *check_mac001(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct kext_finding what = slice_finding(subject, NULL);
	char name[MACHO_ARCH_SIZE];
	struct error *error = NULL;
	const char *why;

	if (s->error)
		return kext_tell(linter, subject, &what,
				 "the %s slice cannot be read: %s", s->arch, s->error);
	for (size_t i = 0; i < s->problem_count && !error; i++)
		error = kext_tell(linter, subject, &what, "the %s slice is broken: %s",
				  s->arch, s->problems[i].text);
	why = bad_type(s);
	if (!error && why)
		error = kext_tell(linter, subject, &what, "the %s slice is a %s; %s",
				  s->arch, macho_type_name(s->filetype, name), why);
	if (!error && s->encrypted)
		error = kext_tell(linter, subject, &what, "the %s slice is encrypted",
				  s->arch);
	if (!error && s->fixups_incomplete)
		error = kext_tell(linter, subject, &what,
				  "the %s slice has relocations that point nowhere",
				  s->arch);
	return error;
}

static struct error *run_mac001(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct kext_finding what = slice_finding(subject, NULL);

	if (kext->executable_error)
		return kext_tell(linter, subject, &what, "no executable: %s",
				 kext->executable_error);
	return for_each_slice(linter, subject, true, check_mac001);
}

static const struct check mac001 = { .id = "MAC001",
				     .kind = &kind_kext,
				     .run = run_mac001 };
REGISTER(check, mac001);

/* One finding that lists names: the first as its symbol, all as evidence. */
static struct error *tell_names(struct linter *linter, const struct subject *subject,
				const char *const *names, size_t count,
				const char *message, const char *arch, const char *hint)
{
	_strbuf_ struct strbuf evidence = STRBUF_INIT;
	struct kext_finding what = slice_finding(subject, names[0]);

	add_names(&evidence, names, count, NAMES);
	what.evidence = count > 1 ? strbuf_string(&evidence) : NULL;
	what.hint = hint;
	return kext_tell(linter, subject, &what, "%s (%s, %zu)", message, arch, count);
}

static struct error *check_mac002(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	if (!s->common_count)
		return NULL;
	return tell_names(linter, subject, s->commons, s->common_count,
			  "common symbols, which the kernel's linker does not know",
			  s->arch, "compile with -fno-common, or initialise them");
}

static struct error *run_mac002(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac002);
}

static const struct check mac002 = { .id = "MAC002",
				     .kind = &kind_kext,
				     .run = run_mac002 };
REGISTER(check, mac002);

static struct error *check_mac003(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct error *error = NULL;

	for (size_t i = 0; i < s->class_count && !error; i++) {
		const struct kext_class *c = &s->classes[i];
		_strbuf_ struct strbuf lacks = STRBUF_INIT;
		struct kext_finding what = slice_finding(subject, c->name);

		if (!c->vtable)
			strbuf_addf(&lacks, " __ZTV%zu%s", strlen(c->name), c->name);
		if (!c->metaclass)
			strbuf_adds(&lacks, " metaClass");
		if (!c->meta_object)
			strbuf_adds(&lacks, " gMetaClass");
		if (!c->super_pointer)
			strbuf_adds(&lacks, " superClass");
		if (!lacks.length)
			continue;
		what.hint =
			"OSDeclareDefaultStructors in the class, "
			"OSDefineMetaClassAndStructors beside it; strip local symbols "
			"only";
		error = kext_tell(
			linter, subject, &what,
			"the class lacks its%s (%s): the loader can neither find "
			"its parent nor patch its vtable",
			strbuf_string(&lacks), s->arch);
	}
	return error;
}

static struct error *run_mac003(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac003);
}

static const struct check mac003 = { .id = "MAC003",
				     .kind = &kind_kext,
				     .run = run_mac003 };
REGISTER(check, mac003);

static struct error *check_mac004(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	if (!s->pure_call_count)
		return NULL;
	return tell_names(linter, subject, s->pure_calls, s->pure_call_count,
			  "a pure virtual function is called: the kernel refuses it",
			  s->arch,
			  "name no pure virtual function of a parent, and call none "
			  "from a constructor or destructor");
}

static struct error *run_mac004(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac004);
}

static const struct check mac004 = { .id = "MAC004",
				     .kind = &kind_kext,
				     .run = run_mac004 };
REGISTER(check, mac004);

static struct error *check_mac005(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	const char *weak[NAMES];
	size_t count = 0;

	if (kext_find_import(s, "_gOSKextUnresolved"))
		return NULL;
	for (size_t i = 0; i < s->import_count; i++)
		if (s->imports[i].weak && count < NAMES)
			weak[count++] = s->imports[i].name;
	if (!count)
		return NULL;
	return tell_names(
		linter, subject, weak, count,
		"weak references, but nothing asks whether they were resolved", s->arch,
		"if (OSKextSymbolIsResolved(function)) of <libkern/OSKextLib.h>; "
		"comparing with NULL is of no use in the kernel");
}

static struct error *run_mac005(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac005);
}

static const struct check mac005 = { .id = "MAC005",
				     .kind = &kind_kext,
				     .run = run_mac005 };
REGISTER(check, mac005);

static struct error *check_mac012(struct linter *linter, const struct subject *subject,
				  const struct kext_slice *s)
{
	struct kext_finding what = slice_finding(subject, NULL);

	what.hint = "link with -kext (or -Wl,-kext -nostdlib), without frameworks";
	if (s->library_count)
		return tell_names(linter, subject, s->libraries, s->library_count,
				  "linked against libraries of user land", s->arch,
				  what.hint);
	if (s->has_dylinker || s->has_main)
		return kext_tell(linter, subject, &what,
				 "the %s slice is a program: it names %s", s->arch,
				 s->has_main ? "a main function" : "a dynamic linker");
	return NULL;
}

static struct error *run_mac012(struct linter *linter, const struct subject *subject)
{
	return for_each_slice(linter, subject, false, check_mac012);
}

static const struct check mac012 = { .id = "MAC012",
				     .kind = &kind_kext,
				     .run = run_mac012 };
REGISTER(check, mac012);
