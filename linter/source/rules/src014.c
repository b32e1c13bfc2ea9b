/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

/* The header that was not found, or NULL. */
static const struct diagnostic *missing_header(const struct unit *unit)
{
	for (size_t i = 0; i < unit->diagnostic_count; i++)
		if (strstr(unit->diagnostics[i].text, "' file not found"))
			return &unit->diagnostics[i];
	return NULL;
}

/* Whether the kernel, not the driver's own build, would have to bring that header. */
static bool is_kernels(const struct source_model *model, const struct diagnostic *d)
{
	static const char *const folders[] = { "linux/", "asm/", "net/",  "scsi/",
					       "sound/", "drm/", "uapi/", "acpi/",
					       "media/", NULL };
	const char *name = d->text + 1;
	size_t length = strcspn(name, "'");

	model_for_each_file(model, file)
	{
		size_t size = strlen(file->path);

		if (size > length && !memcmp(file->path + size - length, name, length))
			return false;
	}
	for (size_t i = 0; folders[i]; i++)
		if (!strncmp(name, folders[i], strlen(folders[i])))
			return true;
	return false;
}

/*
 * What a changed interface makes a compiler say. clang also refuses things that gcc
 * takes, in inline assembly for one: these are no news of the kernel.
 */
static bool is_about_interface(const struct diagnostic *d)
{
	static const char *const texts[] = { "implicit declaration of",
					     "call to undeclared",
					     "too few arguments",
					     "too many arguments",
					     "no member named",
					     "unknown type name",
					     "undeclared identifier",
					     "incompatible",
					     "has incomplete type",
					     "incomplete definition",
					     "conflicting types",
					     "redefinition of",
					     "field designator",
					     "passing '",
					     "assigning to",
					     "initializing '",
					     "returning '",
					     "unexpected type name",
					     "file not found",
					     "#error",
					     NULL };

	for (size_t i = 0; texts[i]; i++)
		if (strstr(d->text, texts[i]))
			return true;
	return false;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct diagnostic *d)
{
	return source_emit(
		linter, subject, &subject_source(subject)->files[d->file], d->line,
		d->column, unit->target,
		"guard it with LINUX_VERSION_CODE, or leave that release out of "
		"the targets",
		"does not compile against %s: %s", unit->target, d->text);
}

/* One function that is gone is one finding, however often it is called. */
static bool was_said(const struct unit *unit, size_t which)
{
	for (size_t i = 0; i < which; i++)
		if (!strcmp(unit->diagnostics[i].text, unit->diagnostics[which].text))
			return true;
	return false;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit)
{
	const struct diagnostic *missing = missing_header(unit);
	struct error *error = NULL;

	/* what follows a header that is not there is no news */
	if (missing && is_kernels(subject_source(subject), missing))
		return tell(linter, subject, unit, missing);
	if (missing || !unit->diagnostic_count ||
	    !is_about_interface(&unit->diagnostics[0]))
		return linter_not_checked(linter, true, "SRC014", unit->path, "%s: %s",
					  unit->target, unit->reason ? unit->reason : "");
	for (size_t i = 0; !error && i < unit->diagnostic_count; i++)
		if (is_about_interface(&unit->diagnostics[i]) && !was_said(unit, i))
			error = tell(linter, subject, unit, &unit->diagnostics[i]);
	return error;
}

/* An error of this unit's own build is "not checked"; against a target it is news. */
static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = NULL;

	model_for_each_unit(subject_source(subject), unit)
	{
		if (!error && unit->target && unit->status == UNIT_FAILED)
			error = look(linter, subject, unit);
	}
	return error;
}

SOURCE_CHECK(SRC014, run);
