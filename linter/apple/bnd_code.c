/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on whether the bundle has the code it says: BND007 to BND009, BND020. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"

static struct error *run_bnd007(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct property *own = property_get(kext->info, "CFBundleExecutable"),
			      *shared = property_get(
				      kext->info, "CFBundleSharedExecutableIdentifier");
	const struct kext_set *set = linter_kexts(linter);

	if (kext->executable && kext->shared_executable)
		return kext_tell(
			linter, subject, &(struct kext_finding){ .at = shared },
			"an executable of its own (%s) and a shared one are both "
			"declared",
			kext->executable);
	if (kext->executable && !kext->executable_path)
		return kext_tell(
			linter, subject,
			&(struct kext_finding){
				.at = own,
				.hint = kext->shallow ? "it belongs beside Info.plist"
						      : "it belongs in Contents/MacOS" },
			"the executable '%s' is not there", kext->executable);
	if (kext->shared_executable && !kext_set_find(set, kext->shared_executable))
		return kext_tell(
			linter, subject,
			&(struct kext_finding){ .at = shared,
						.lower = true,
						.level = LEVEL_WARNING,
						.hint = "give it with --libs if it "
							"is elsewhere" },
			"the kext %s, whose executable this one shares, is not at "
			"hand",
			kext->shared_executable);
	return NULL;
}

static const struct check bnd007 = { .id = "BND007",
				     .kind = &kind_kext,
				     .run = run_bnd007 };
REGISTER(check, bnd007);

static struct error *run_bnd008(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	if (kext->dext || kext->interface)
		return NULL;
	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		const struct kext_slice *s = &kext->slices[i];

		if (!s->error && !s->has_kmod)
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){
					.path = kext->executable_path,
					.symbol = "_kmod_info",
					.hint = "link with -kext, libkmod.a and "
						"the generated _info.c; do not "
						"strip external symbols" },
				"the %s slice is no kernel extension: it defines "
				"no kmod_info",
				s->arch);
	}
	return error;
}

static const struct check bnd008 = { .id = "BND008",
				     .kind = &kind_kext,
				     .run = run_bnd008 };
REGISTER(check, bnd008);

/* Architectures of the targets that have no slice; on Apple silicon it must be arm64e. */
static struct error *run_bnd009(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct kext_set *set = linter_kexts(linter);
	struct error *error = NULL;

	if (kext->dext || !kext->slice_count)
		return NULL;
	for (unsigned int a = 0; a < KPI_ARCH_COUNT && !error; a++) {
		const struct kext_slice *s = kext_slice_of(kext, a);
		_strbuf_ struct strbuf releases = STRBUF_INIT;
		kpi_releases wanted = set->targets.given ? set->targets.by[a] : 0;

		/* an Intel or PowerPC kext does well enough without the other one */
		if (s && a == KPI_ARM64 && strcmp(s->arch, "arm64e"))
			error = kext_tell(
				linter, subject,
				&(struct kext_finding){ .path = kext->executable_path,
							.hint = "build for arm64e" },
				"the slice is %s: kernels of Apple silicon load arm64e only",
				s->arch);
		if (s || !wanted)
			continue;
		macos_add_releases(set->kpi, wanted, ~0u, &releases);
		error = kext_tell(linter, subject,
				  &(struct kext_finding){ .path = kext->executable_path },
				  "there is no code for %s, on macOS %s",
				  kpi_arch_names[a], strbuf_string(&releases));
	}
	return error;
}

static const struct check bnd009 = { .id = "BND009",
				     .kind = &kind_kext,
				     .run = run_bnd009 };
REGISTER(check, bnd009);

enum { FIRST_SIGNED = 13 }; /* Darwin of macOS 10.9, which first asked for signatures */

static struct error *run_bnd020(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	bool asked = false, signed_code = true;

	if (kext->bare || !kext->info)
		return NULL;
	for (size_t i = 0; i < kext->slice_count; i++) {
		if (kext->slices[i].error)
			continue;
		asked |= releases_last(kext->loads->slices[i].targets) >= FIRST_SIGNED;
		signed_code &= kext->slices[i].has_code_signature;
	}
	if (!asked || (kext->signature && (signed_code || !kext->slice_count)))
		return NULL;
	return kext_tell(
		linter, subject,
		&(struct kext_finding){ .hint = "codesign with a Developer ID that is "
						"allowed to sign kexts" },
		"%s; macOS 10.9 warns, 10.10 and later refuse to load it",
		kext->signature ? "the executable carries no code signature"
		: signed_code	? "_CodeSignature/CodeResources is missing"
				: "it is not signed");
}

static const struct check bnd020 = { .id = "BND020",
				     .kind = &kind_kext,
				     .run = run_bnd020 };
REGISTER(check, bnd020);
