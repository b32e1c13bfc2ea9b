/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/subject_dkms.h"

/* What dkms fills in with the kernel that it builds for. */
static bool names_kernel(const char *text)
{
	static const char *const words[] = { "kernelver", "kernel_source_dir",
					     "KERNELRELEASE" };

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* The line of @text with "uname -r", or 0. */
static unsigned int uname_line(struct span text)
{
	const uint8_t *at =
		text.size ? memmem(text.data, text.size, "uname -r", 8) : NULL;
	unsigned int line = 1;

	if (!at)
		return 0;
	for (const uint8_t *p = text.data; p < at; p++)
		line += *p == '\n';
	return line;
}

/*
 * A Makefile that asks uname and nothing else builds for the kernel that runs. dkms puts
 * KERNELRELEASE= on the command line of make, so one that reads that is right.
 */
static struct error *look_at_makefile(struct linter *linter,
				      const struct subject *subject,
				      const struct dkms_directive *make)
{
	const struct member *makefile = dkms_member(subject, "Makefile");
	_content_ struct content content = { 0 };
	struct error *error;
	unsigned int line;
	char text[160];

	if (!makefile || makefile->kind != MEMBER_FILE)
		return NULL;
	error = bundle_read(subject->bundle, makefile, &content);
	if (error)
		return error;
	line = uname_line(content.bytes);
	if (!line || memmem(content.bytes.data, content.bytes.size, "KERNELRELEASE", 13))
		return NULL;
	snprintf(text, sizeof(text), "MAKE is \"%.100s\"; Makefile, line %u: uname -r",
		 make->value, line);
	return linter_emit(
		linter, subject,
		&(struct finding){
			.line = make->line,
			.symbol = "MAKE",
			.message = "the Makefile asks for the running kernel, and MAKE "
				   "does not tell it another",
			.evidence = text,
			.hint = "MAKE=\"make -C ${kernel_source_dir} "
				"M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build\"" });
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	size_t count = dkms_conf_length(conf, "MAKE");
	struct error *error = NULL;

	for (size_t i = 0; !error && i < count && i < 1000; i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, "MAKE", i);

		if (!d || !*d->value)
			continue;
		if (strstr(d->value, "uname -r"))
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.line = d->line,
					.symbol = "MAKE",
					.message = "builds for the running kernel, not "
						   "for the one that dkms names",
					.evidence = d->value,
					.hint = "use ${kernelver} or "
						"${kernel_source_dir}" });
		else if (!names_kernel(d->value))
			error = look_at_makefile(linter, subject, d);
	}
	return error;
}

static const struct check pkg006 = { .id = "PKG006", .kind = &kind_dkms, .run = run };
REGISTER(check, pkg006);
