/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend lint: the command line of the linter. */
#include <malloc.h>
#include <stdio.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/linter.h"
#include "linter/suppress.h"
#include "report/format.h"

struct values {
	struct linter_options lint;
	struct suppress_options suppress;
	struct report_options report;
};

static const struct option options[] = {
	{ OPTION_LIST, 't', "target", "TARGET", offsetof(struct values, lint.targets),
	  "A release that has to load the driver, repeatable: linux:RELEASE (installed "
	  "headers), a folder of kernel headers, or a Module.symvers file; "
	  "macos:10.4..15." },
	{ OPTION_CHOICE, 'p', "profile", "dev|ci|release",
	  offsetof(struct values, lint.profile),
	  "How strict: the levels of the rules for a developer's build, for every "
	  "commit, or for what ships. Default ci.",
	  .choices = profile_names },
	{ OPTION_LIST, 0, "libs", "DIR", offsetof(struct values, lint.libs),
	  "Kernel extensions that the kexts link against (families, libraries), "
	  "repeatable. They are not judged themselves." },
	{ OPTION_LIST, 0, "rules", "DIR", offsetof(struct values, lint.rules),
	  "Further rule files, repeatable." },
	{ OPTION_LIST, 0, "only", "GLOB", offsetof(struct values, lint.only),
	  "Only rules whose id matches, repeatable: 'KOM*'." },
	{ OPTION_LIST, 0, "skip", "GLOB", offsetof(struct values, lint.skip),
	  "No rules whose id matches, repeatable." },
	{ OPTION_STRING, 0, "manifest", "FILE", offsetof(struct values, lint.manifest),
	  "What is meant to ship, one path or glob a line, a sha256 before it if known." },
	{ OPTION_STRING, 0, "stablelist", "FILE",
	  offsetof(struct values, lint.stablelist),
	  "Symbols that a distribution keeps the same, one a line." },
	{ OPTION_STRING, 0, "signer", "GLOB", offsetof(struct values, lint.signer),
	  "Who must have signed the modules." },
	{ OPTION_STRING, 0, "trust", "FILE", offsetof(struct values, lint.trust),
	  "Certificates that the modules' signatures are verified with: PEM, DER, or a "
	  "kernel image (vmlinuz) for those that are built into it." },
	{ OPTION_SIZE, 0, "page-size", "SIZE", offsetof(struct values, lint.page_size),
	  "For wired memory: pages of this size only. Default: 4k, 16k and 64k." },
	{ OPTION_FLAG, 0, "external", .offset = offsetof(struct values, lint.external),
	  .help = "The modules are not of the kernel's tree, wherever they lie." },
	{ OPTION_LIST, 'I', "include", "DIR", offsetof(struct values, lint.includes),
	  "Headers to read sources with, repeatable: the kernel headers of I/O Kit "
	  "drivers." },
	{ OPTION_STRING, 0, "sdk", "DIR", offsetof(struct values, lint.sdk),
	  "A macOS SDK, or a folder whose Headers are the kernel's: for I/O Kit sources, "
	  "and for what it calls deprecated." },
	{ OPTION_STRING, 0, "overrides", "FILE",
	  offsetof(struct values, suppress.overrides),
	  "Decisions about findings that stay. Default: .bookend-overrides in the folder "
	  "that is looked at, or beside the file." },
	{ OPTION_STRING, 0, "baseline", "FILE",
	  offsetof(struct values, suppress.baseline),
	  "Findings that were there before, and are not told again." },
	{ OPTION_FLAG, 0, "update-baseline",
	  .offset = offsetof(struct values, suppress.update_baseline),
	  .help = "Write today's findings to the baseline." },
	{ OPTION_FLAG, 0, "slow", .offset = offsetof(struct values, lint.slow),
	  .help = "Also rules that take long: they run other programs on the sources." },
	{ OPTION_FLAG, 0, "run-makefiles",
	  .offset = offsetof(struct values, lint.run_makefiles),
	  .help = "Ask make (-n) about sources in packages too, where reading their "
		  "makefile does not tell how they are compiled. Makefiles may run "
		  "anything even then: only for packages that you would build." },
	{ OPTION_FLAG, 0, "no-digests",
	  .offset = offsetof(struct values, lint.no_digests),
	  .help = "Do not compute the members' sha256." },
	{ OPTION_FLAG, 0, "no-members",
	  .offset = offsetof(struct values, lint.no_members),
	  .help = "Do not list what was found in packages and folders." },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct values, report), NULL,
	  .group = report_option_table },
	OPTIONS_END
};

static const struct values defaults = {
	.lint = { .profile = PROFILE_CI },
	.report = REPORT_OPTIONS_DEFAULTS,
};

/* "refdrv.ko", or "refdrv.ko and 2 more". */
static struct error *subject_name(const struct string_list *operands, char **ret)
{
	_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_adds(&name, operands->items[0]);
	if (operands->count > 1)
		strbuf_addf(&name, " and %zu more", operands->count - 1);
	return strbuf_steal(&name, ret);
}

static struct error *run(void *data, const struct string_list *operands,
			 enum exit_status *ret)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *name = NULL;
	struct values *values = data;
	struct error *error = report_options_check(&values->report);

	if (!error && !operands->count)
		error = error_new(ERROR_USAGE, "nothing to lint: give a module, package, "
					       "kernel extension or source folder");
	if (!error)
		error = subject_name(operands, &name);
	if (!error)
		error = report_create("lint", name, &report);
	if (!error)
		error = linter_create(&values->lint, report, &linter);
	for (size_t i = 0; !error && i < operands->count; i++)
		error = linter_path(linter, operands->items[i]);
	if (!error)
		error = linter_finish(linter);
	if (!error)
		error = suppress(linter, &values->suppress, operands);
	if (!error)
		error = report_output(report, &values->report, ret);
	return error;
}

static void deinit(void *data)
{
	struct values *values = data;

	string_list_deinit(&values->lint.targets);
	string_list_deinit(&values->lint.rules);
	string_list_deinit(&values->lint.includes);
	string_list_deinit(&values->lint.libs);
	string_list_deinit(&values->lint.only);
	string_list_deinit(&values->lint.skip);
	report_options_deinit(&values->report);
}

static const struct tool tool = {
	.command = {
		.name = "lint",
		.usage = "[OPTION]… PATH…",
		.summary = "Says what a kernel, a distribution or a reviewer would object "
			   "to in a driver.",
		.description =
			"Looks at modules (.ko, also .xz, .zst, .gz), packages (.deb, .rpm, "
			".tar.*, .zip, .pkg), folders, DKMS trees, kernel extensions and "
			"driver sources, and at everything inside them. Nothing of the "
			"driver is run, but for its makefile where a folder of sources was "
			"not built yet and reading the makefile does not tell how: kbuild "
			"is then asked (make -n) how it would be compiled.",
		.examples = "bookend lint refdrv.ko --target linux:6.1.0-56-amd64\n"
			    "bookend lint refdrv-dkms.deb --profile release\n"
			    "bookend lint . --format sarif:lint.sarif",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	/* unpacked modules reuse memory instead of mapping and clearing it anew */
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	return tool_main(&tool, argc, argv);
}
