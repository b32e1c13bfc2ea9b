/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kexts from files to verdicts: what loads where, compared with the lists themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"
#include "linter/arena.h"
#include "linter/linter.h"
#include "readers/bundle.h"
#include "tests/apple/macho_writer.h"
#include "tests/check_main.h"

static char *fixture_file;
static char scratch[] = "/tmp/bookend-kext-XXXXXX";

static void setup(void)
{
	strcpy(scratch + sizeof(scratch) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(scratch));
}

static void write_text(const char *path, const char *text)
{
	_free_ char *full = NULL;
	char *slash;

	ck_assert_ok(file_join(scratch, path, &full));
	slash = strrchr(full, '/');
	*slash = 0;
	ck_assert_ok(file_make_folder(full, 0755));
	*slash = '/';
	ck_assert_ok(file_write(full, text, strlen(text), 0644));
}

/* @name.kext that declares @libraries ("ID VERSION …") and holds @spec. */
static void write_kext(const char *name, const char *identifier, const char *libraries,
		       const char *spec)
{
	_strbuf_ struct strbuf plist = STRBUF_INIT, code = STRBUF_INIT;
	_free_ char *list = strdup(libraries), *path = NULL, *full = NULL;

	strbuf_addf(
		&plist,
		"<plist version=\"1.0\"><dict><key>CFBundlePackageType</key>"
		"<string>KEXT</string><key>CFBundleIdentifier</key><string>%s</string>"
		"<key>CFBundleVersion</key><string>1.5</string>"
		"<key>OSBundleCompatibleVersion</key><string>1.0</string>"
		"<key>CFBundleExecutable</key><string>Code</string>"
		"<key>OSBundleLibraries</key><dict>",
		identifier);
	for (char *rest = list, *id; (id = strsep(&rest, " ")) && rest;)
		strbuf_addf(&plist, "<key>%s</key><string>%s</string>", id,
			    strsep(&rest, " "));
	strbuf_adds(&plist, "</dict></dict></plist>");
	ck_assert_int_gt(asprintf(&path, "%s.kext/Contents/Info.plist", name), 0);
	write_text(path, strbuf_string(&plist));
	free(path);
	ck_assert_int_gt(asprintf(&path, "%s.kext/Contents/MacOS/Code", name), 0);
	write_text(path, "");
	ck_assert_ok(macho_write(spec, &code));
	ck_assert_ok(file_join(scratch, path, &full));
	ck_assert_ok(file_write(full, code.data, code.length, 0755));
}

/* All kexts of the scratch folder, resolved. */
static struct kext_set *read_set(const char *target)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct kext_set *set = NULL;
	size_t found = 0;

	ck_assert_ok(kext_set_create(&set));
	if (target)
		ck_assert_ok(macos_targets_add(&set->targets, set->kpi, target));
	ck_assert_ok(bundle_open(scratch, NULL, &bundle));
	ck_assert_ok(kext_set_read(set, bundle, false, &found));
	ck_assert_uint_eq(found, set->count);
	for (size_t i = 0; i < set->count; i++)
		ck_assert_ok(kext_resolve(set, set->kexts[i]));
	return set;
}

static const struct kext *kext_named(const struct kext_set *set, const char *base)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->kexts[i]->base, base))
			return set->kexts[i];
	ck_abort_msg("no %s", base);
	return NULL;
}

static const struct import_use *use_of(const struct kext *kext, size_t slice,
				       const char *name)
{
	const struct kext_import *import = kext_find_import(&kext->slices[slice], name);

	ck_assert_msg(import, "%s does not import %s", kext->base, name);
	return &kext->loads->slices[slice].imports[import - kext->slices[slice].imports];
}

#define BITS(first, last) releases_between(first, last)

START_TEST(reads_targets_in_every_form)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	struct macos_targets t = { 0 };

	ck_assert_ok(kext_set_create(&set));
	ck_assert_ok(macos_targets_add(&t, set->kpi, "10.4..10.6/i386"));
	ck_assert_uint_eq(t.by[KPI_I386], BITS(8, 10));
	ck_assert_uint_eq(t.by[KPI_X86_64], 0);
	ck_assert_ok(macos_targets_add(&t, set->kpi, "11../x86_64,arm64"));
	ck_assert_uint_eq(t.by[KPI_X86_64], BITS(20, 24));
	ck_assert_uint_eq(t.by[KPI_ARM64], BITS(20, 24));
	t = (struct macos_targets){ 0 };
	ck_assert_ok(macos_targets_add(&t, set->kpi, "all"));
	ck_assert_uint_eq(t.by[KPI_PPC], BITS(7, 9));
	ck_assert_uint_eq(t.by[KPI_X86_64], BITS(10, 24));
	ck_assert_fails(macos_targets_add(&t, set->kpi, "10.2"), "no release");
	ck_assert_fails(macos_targets_add(&t, set->kpi, "11..10.9"), "backwards");
	ck_assert_fails(macos_targets_add(&t, set->kpi, "10.9/arm64"), "no Mac");
	ck_assert_fails(macos_targets_add(&t, set->kpi, "10.9/mips"), "'mips'");
	ck_assert_fails(macos_targets_add(&t, set->kpi, "10.9/"), "missing");
}
END_TEST

START_TEST(tells_where_three_symbols_came_and_went)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	write_kext("A", "org.example.A",
		   "com.apple.kpi.libkern 10.0 com.apple.kpi.iokit 10.0",
		   "arch x86_64\nkmod org.example.A 1.5\n"
		   "function _f _random_buf _IOKitResetTime _strlcpy");
	set = read_set(NULL);
	kext = kext_named(set, "A.kext");
	ck_assert_uint_eq(use_of(kext, 0, "_random_buf")->resolved, BITS(17, 24));
	ck_assert_uint_eq(use_of(kext, 0, "_IOKitResetTime")->resolved, BITS(10, 14));
	ck_assert_uint_eq(use_of(kext, 0, "_strlcpy")->resolved, BITS(10, 24));
	ck_assert_uint_eq(kext->loads->slices[0].loads, 0);
}
END_TEST

#define RESERVED3 "__ZN15OSMetaClassBase25_RESERVEDOSMetaClassBase3Ev"

/* 10.15 exports the slot under its new name only; its loader knows the old one. */
START_TEST(the_slot_that_became_dispatch_resolves_by_its_old_name)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	struct kpi_availability listed;

	write_kext("A", "org.example.A", "com.apple.kpi.libkern 10.0",
		   "arch x86_64\nkmod org.example.A 1.5\npointer " RESERVED3 "\n");
	set = read_set(NULL);
	ck_assert(kpi_find(set->kpi, RESERVED3, &listed));
	ck_assert_uint_eq(
		listed.by[kpi_library(set->kpi, "com.apple.kpi.libkern")][KPI_X86_64] >>
				19 &
			1,
		0);
	ck_assert_uint_eq(use_of(set->kexts[0], 0, RESERVED3)->resolved, BITS(10, 24));
}
END_TEST

START_TEST(vtables_are_patched_and_need_no_symbol)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	/* the writer's vtables name OSObject and OSMetaClassBase */
	write_kext("A", "org.example.A", "com.apple.kpi.iokit 10.0",
		   "arch x86_64\nkmod org.example.A 1.5\n"
		   "class org_example_A IOService");
	set = read_set(NULL);
	kext = kext_named(set, "A.kext");
	ck_assert(kext_import_is_patched(
		kext_find_import(&kext->slices[0], "__ZNK8OSObject7releaseEi")));
	ck_assert_uint_eq(kext->loads->slices[0].loads, BITS(10, 24));
}
END_TEST

START_TEST(the_two_worlds_are_never_mixed)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	write_kext("Old", "org.example.Old", "com.apple.kernel.iokit 6.0",
		   "arch i386\nkmod org.example.Old 1.5\nfunction _f _IOLog");
	set = read_set(NULL);
	kext = kext_named(set, "Old.kext");
	ck_assert_uint_eq(kext->loads->slices[0].loads, BITS(8, 11));
	ck_assert_uint_eq(kext->loads->libraries[0].absent & BITS(12, 24), BITS(13, 24));
}
END_TEST

START_TEST(other_kexts_are_libraries)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	struct library_advice advice;
	_strbuf_ struct strbuf plist = STRBUF_INIT;
	const struct kext *kext;

	write_kext("Lib", "org.example.Lib", "com.apple.kpi.libkern 10.0",
		   "arch x86_64\nkmod org.example.Lib 1.5\nfunction _lib_call");
	write_kext("User", "org.example.User",
		   "org.example.Lib 1.2 com.apple.kpi.libkern 10.0",
		   "arch x86_64\nkmod org.example.User 1.5\n"
		   "function _f _lib_call _strlcpy");
	write_kext("New", "org.example.New", "org.example.Lib 1.6",
		   "arch x86_64\nkmod org.example.New 1.5\nfunction _f _lib_call");
	write_kext("Lost", "org.example.Lost", "org.example.Nowhere 1.0",
		   "arch x86_64\nkmod org.example.Lost 1.5\nfunction _f _nowhere_call");
	set = read_set(NULL);
	kext = kext_named(set, "User.kext");
	ck_assert_uint_eq(kext->loads->slices[0].loads, BITS(10, 24));
	ck_assert_ok(kext_advise(set, kext, &advice));
	library_advice_add_plist(set, &advice, &plist);
	ck_assert_ptr_nonnull(strstr(strbuf_string(&plist), "com.apple.kpi.libkern"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&plist), "org.example.Lib"));
	ck_assert_ptr_null(strstr(strbuf_string(&plist), "com.apple.kpi.iokit"));
	ck_assert_uint_eq(kext_named(set, "New.kext")->loads->slices[0].loads, 0);
	kext = kext_named(set, "Lost.kext");
	ck_assert_uint_eq(kext->loads->slices[0].loads, 0);
	ck_assert_uint_eq(kext->loads->slices[0].unknown, BITS(10, 24));
}
END_TEST

START_TEST(a_library_without_code_stands_for_what_it_declares)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	write_text("Stub.kext/Contents/Info.plist",
		   "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
		   "<string>org.example.Stub</string><key>CFBundleVersion</key>"
		   "<string>1.0</string><key>OSBundleCompatibleVersion</key>"
		   "<string>1.0</string><key>OSBundleLibraries</key><dict>"
		   "<key>com.apple.kpi.libkern</key><string>12.0</string>"
		   "</dict></dict></plist>");
	write_kext("User", "org.example.User",
		   "org.example.Stub 1.0 com.apple.kpi.iokit 10.0",
		   "arch x86_64\nkmod org.example.User 1.5\nfunction _f _strlcpy");
	set = read_set(NULL);
	kext = kext_named(set, "User.kext");
	ck_assert_uint_eq(kext->loads->library_count, 2);
	ck_assert_uint_eq(kext->loads->all_count, 3);
	ck_assert_str_eq(kext->loads->libraries[2].through, "org.example.Stub");
	/* libkern 12.0 is what the stub asks for: its own affair on 10.6 and 10.7 */
	ck_assert_uint_eq(use_of(kext, 0, "_strlcpy")->resolved, BITS(12, 24));
}
END_TEST

START_TEST(an_unknown_library_may_bring_what_is_not_declared)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	write_kext("User", "org.example.User",
		   "org.example.Far 1.0 com.apple.kpi.iokit 10.0",
		   "arch x86_64\nkmod org.example.User 1.5\n"
		   "function _f _strlcpy _IOSleep");
	write_kext("Sure", "org.example.Sure", "com.apple.kpi.iokit 10.0",
		   "arch x86_64\nkmod org.example.Sure 1.5\nfunction _f _strlcpy");
	set = read_set(NULL);
	kext = kext_named(set, "User.kext");
	ck_assert_uint_eq(kext->loads->slices[0].unknown, BITS(10, 24));
	ck_assert_uint_eq(use_of(kext, 0, "_strlcpy")->perhaps & BITS(10, 24),
			  BITS(10, 24));
	ck_assert_uint_eq(use_of(kext, 0, "_IOSleep")->perhaps & BITS(10, 24), 0);
	kext = kext_named(set, "Sure.kext");
	ck_assert_uint_eq(kext->loads->slices[0].unknown, 0);
	ck_assert_uint_eq(kext->loads->slices[0].loads, 0);
}
END_TEST

START_TEST(a_32_bit_kext_without_kpi_gets_all_of_its_libraries)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;

	write_kext("Lib", "org.example.Lib", "com.apple.kpi.libkern 8.0",
		   "arch i386\nkmod org.example.Lib 1.5\nfunction _lib _strncmp\n"
		   "arch x86_64\nkmod org.example.Lib 1.5\nfunction _lib _strncmp");
	write_kext("User", "org.example.User", "org.example.Lib 1.0",
		   "arch i386\nkmod org.example.User 1.5\nfunction _f _lib _strncmp\n"
		   "arch x86_64\nkmod org.example.User 1.5\nfunction _f _lib _strncmp");
	write_kext("Old", "org.example.Old", "",
		   "arch i386\nkmod org.example.Old 1.5\nfunction _f _IOSleep");
	set = read_set(NULL);
	ck_assert_uint_eq(kext_named(set, "User.kext")->loads->slices[0].loads,
			  BITS(8, 11));
	ck_assert_uint_eq(kext_named(set, "User.kext")->loads->slices[1].loads, 0);
	ck_assert_uint_eq(kext_named(set, "Old.kext")->loads->slices[0].loads,
			  BITS(8, 11));
}
END_TEST

START_TEST(keys_for_arm64_count_for_arm64e)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	_strbuf_ struct strbuf code = STRBUF_INIT;
	_free_ char *path = NULL;

	write_text("A.kext/Contents/Info.plist",
		   "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
		   "<string>org.example.A</string><key>CFBundleVersion</key>"
		   "<string>1.0</string><key>CFBundleExecutable</key>"
		   "<string>Code</string><key>OSBundleLibraries_arm64</key><dict>"
		   "<key>com.apple.kpi.libkern</key><string>20.0</string>"
		   "</dict></dict></plist>");
	write_text("A.kext/Contents/MacOS/Code", "");
	ck_assert_ok(macho_write("arch arm64e\nkmod org.example.A 1.0\n"
				 "function _f _strlcpy",
				 &code));
	ck_assert_ok(file_join(scratch, "A.kext/Contents/MacOS/Code", &path));
	ck_assert_ok(file_write(path, code.data, code.length, 0755));
	set = read_set(NULL);
	ck_assert_uint_eq(set->kexts[0]->loads->slices[0].loads, BITS(20, 24));
}
END_TEST

/* What one rule says of the kexts in the scratch folder. */
static struct report *lint_scratch(const char *only, const char *target)
{
	struct linter_options options = { .profile = PROFILE_RELEASE,
					  .no_members = true,
					  .no_digests = true };
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	struct report *report = NULL;

	ck_assert_ok(string_list_add(&options.only, only));
	if (target)
		ck_assert_ok(string_list_add(&options.targets, target));
	ck_assert_ok(report_create("lint", "x", &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, scratch));
	ck_assert_ok(linter_finish(linter));
	string_list_deinit(&options.only);
	string_list_deinit(&options.targets);
	return report;
}

#define SLICE "arch x86_64\nmin 10.9 10.15\nkmod org.example.A 1.5\n"
#define KPIS  "com.apple.kpi.iokit 13.0 com.apple.kpi.libkern 13.0"

static const struct kext_class *class_of(const struct kext *kext, const char *name)
{
	const struct kext_class *found = kext_find_class(&kext->slices[0], name);

	ck_assert_msg(found, "%s", name);
	return found;
}

START_TEST(vtables_are_read_entry_by_entry)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	const struct kext *kext;

	write_kext("A", "org.example.A", KPIS,
		   SLICE "class Plain IOService\n"
			 "class Heir IOService =__ZN9IOService5startEPS_\n"
			 "class Driver IOService +1 =__ZN9IOService4stopEPS_ +2\n");
	set = read_set(NULL);
	kext = kext_named(set, "A.kext");
	ck_assert_uint_eq(class_of(kext, "Plain")->slots, 3);
	ck_assert(!class_of(kext, "Plain")->has_foreign);
	ck_assert_uint_eq(class_of(kext, "Heir")->slots, 4);
	ck_assert(class_of(kext, "Heir")->has_foreign);
	ck_assert(!class_of(kext, "Heir")->replaces);
	ck_assert_uint_eq(class_of(kext, "Driver")->slots, 7);
	ck_assert(class_of(kext, "Driver")->replaces);
}
END_TEST

START_TEST(a_service_that_serves_nothing_sits_too_low)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	write_kext("A", "org.example.A", KPIS,
		   SLICE "class Heir IOService =__ZN9IOService5startEPS_\n"
			 "class Driver IOService +1 =__ZN9IOService4stopEPS_\n");
	report = lint_scratch("MAC011", NULL);
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(report->findings[0].symbol, "Heir");
}
END_TEST

START_TEST(a_final_parent_has_no_children)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	write_kext("Lib", "org.example.Lib", KPIS,
		   SLICE "class Last IOService final\nclass Open IOService\n");
	write_kext("A", "org.example.A", "org.example.Lib 1.0 " KPIS,
		   SLICE "class Heir Last\nclass Fine Open\n");
	report = lint_scratch("MAC015", NULL);
	ck_assert_uint_eq(report->findings_count, 1);
	ck_assert_str_eq(report->findings[0].symbol, "Heir");
	ck_assert_ptr_nonnull(strstr(report->findings[0].message, "final"));
}
END_TEST

static void write_matched(const char *key, const char *class, const char *spec)
{
	_strbuf_ struct strbuf plist = STRBUF_INIT, code = STRBUF_INIT;
	_free_ char *path = NULL;

	strbuf_addf(&plist,
		    "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
		    "<string>org.example.A</string><key>CFBundleVersion</key>"
		    "<string>1.5</string><key>CFBundleExecutable</key>"
		    "<string>Code</string><key>OSBundleLibraries</key><dict>"
		    "<key>com.apple.kpi.iokit</key><string>13.0</string></dict>"
		    "<key>%s</key><dict><key>P</key><dict><key>IOClass</key>"
		    "<string>%s</string></dict></dict></dict></plist>",
		    key, class);
	write_text("A.kext/Contents/Info.plist", strbuf_string(&plist));
	write_text("A.kext/Contents/MacOS/Code", "");
	ck_assert_ok(macho_write(spec, &code));
	ck_assert_ok(file_join(scratch, "A.kext/Contents/MacOS/Code", &path));
	ck_assert_ok(file_write(path, code.data, code.length, 0755));
}

START_TEST(a_class_may_be_the_kernels_or_without_symbols)
{
	static const struct {
		const char *key, *class, *spec;
		size_t findings;
	} cases[] = {
		{ "IOKitPersonalities", "IOService", SLICE, 0 },
		{ "IOKitPersonalities", "Gone", SLICE "class Here IOService\n", 1 },
		{ "IOKitPersonalities", "Gone", SLICE "text Gone\n", 0 },
		{ "IOKitPersonalities", "Gone", SLICE "text NotGone\n", 1 },
		{ "IOKitPersonalities_x86_64", "Gone", SLICE "local _x\n", 1 },
		{ "IOKitPersonalities_i386", "Gone", SLICE "local _x\n", 0 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_(report_destroy) struct report *report = NULL;

		write_matched(cases[i].key, cases[i].class, cases[i].spec);
		report = lint_scratch("BND011", NULL);
		ck_assert_msg(report->findings_count == cases[i].findings,
			      "case %zu: %zu", i, report->findings_count);
	}
}
END_TEST

START_TEST(only_apples_notice_opens_the_private_interfaces)
{
	static const struct {
		const char *identifier, *notice, *target;
		size_t findings;
	} cases[] = {
		{ "org.example.A", "Copyright © 2014 Example", "macos:10.9", 1 },
		{ "com.apple.A", "Copyright © 2014 Apple Inc. All rights reserved.",
		  "macos:10.9", 0 },
		{ "com.apple.A", "2014 Example", "macos:10.9", 1 },
		{ "com.apple.A", "2014 Example", "macos:12", 0 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_(report_destroy) struct report *report = NULL;
		_strbuf_ struct strbuf plist = STRBUF_INIT;

		write_kext("A", cases[i].identifier, "com.apple.kpi.private 13.0", SLICE);
		strbuf_addf(&plist,
			    "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
			    "<string>%s</string><key>CFBundleExecutable</key>"
			    "<string>Code</string><key>NSHumanReadableCopyright</key>"
			    "<string>%s</string><key>OSBundleLibraries</key><dict>"
			    "<key>com.apple.kpi.private</key><string>13.0</string>"
			    "</dict></dict></plist>",
			    cases[i].identifier, cases[i].notice);
		write_text("A.kext/Contents/Info.plist", strbuf_string(&plist));
		report = lint_scratch("DEP007", cases[i].target);
		ck_assert_msg(report->findings_count == cases[i].findings, "case %zu", i);
	}
}
END_TEST

START_TEST(kexts_in_different_folders_are_different_products)
{
	_cleanup_(report_destroy) struct report *report = NULL;

	write_kext("old/Lib", "org.example.Lib", KPIS, SLICE);
	write_kext("new/Lib", "org.example.Lib", KPIS, SLICE);
	write_text("old/Lib.kext/Contents/Info.plist",
		   "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
		   "<string>org.example.Lib</string><key>CFBundleVersion</key>"
		   "<string>1.0</string></dict></plist>");
	write_kext("new/User", "org.example.User", "org.example.Lib 1.0", SLICE);
	report = lint_scratch("DEP003", NULL);
	ck_assert_uint_eq(report->findings_count, 0);
}
END_TEST

/* A kext with personalities CLASS PROVIDER …, and @spec. */
static void write_drivers(const char *personalities, const char *spec)
{
	_strbuf_ struct strbuf plist = STRBUF_INIT, code = STRBUF_INIT;
	_free_ char *list = strdup(personalities), *path = NULL;

	strbuf_adds(&plist, "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
			    "<string>org.example.A</string><key>CFBundleVersion</key>"
			    "<string>1.5</string><key>CFBundleExecutable</key>"
			    "<string>Code</string><key>IOKitPersonalities</key><dict>");
	for (char *rest = list, *class; (class = strsep(&rest, " ")) && rest;)
		strbuf_addf(&plist,
			    "<key>%s</key><dict><key>IOClass</key><string>%s</string>"
			    "<key>IOProviderClass</key><string>%s</string></dict>",
			    class, class, strsep(&rest, " "));
	strbuf_adds(&plist, "</dict></dict></plist>");
	write_text("A.kext/Contents/Info.plist", strbuf_string(&plist));
	write_text("A.kext/Contents/MacOS/Code", "");
	ck_assert_ok(macho_write(spec, &code));
	ck_assert_ok(file_join(scratch, "A.kext/Contents/MacOS/Code", &path));
	ck_assert_ok(file_write(path, code.data, code.length, 0755));
}

START_TEST(drivers_that_are_never_needed_together_could_be_two_kexts)
{
#define TWO                                          \
	"class One IOService\nclass Two IOService\n" \
	"code __ZN3One5startEv 40000\ncode __ZN3Two5startEv 30000\n"
	static const struct {
		const char *personalities, *spec;
		size_t findings;
	} cases[] = {
		{ "One IOPCIDevice Two IOUSBDevice", SLICE TWO, 1 },
		/* the same devices: both are probed, whichever wins */
		{ "One IOPCIDevice Two IOPCIDevice", SLICE TWO, 0 },
		/* the child needs its parent's code */
		{ "One IOPCIDevice Two IOUSBDevice",
		  SLICE "class One IOService\nclass Two One\n"
			"code __ZN3One5startEv 40000\ncode __ZN3Two5startEv 30000\n",
		  0 },
		/* less than the rounding of a kext of its own */
		{ "One IOPCIDevice Two IOUSBDevice",
		  SLICE "class One IOService\nclass Two IOService\n"
			"code __ZN3One5startEv 40000\ncode __ZN3Two5startEv 3000\n",
		  0 },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		_cleanup_(report_destroy) struct report *report = NULL;

		write_drivers(cases[i].personalities, cases[i].spec);
		report = lint_scratch("BND028", NULL);
		ck_assert_msg(report->findings_count == cases[i].findings,
			      "case %zu: %zu", i, report->findings_count);
	}
}
END_TEST

/* Every key that the loader knows, with a value of a type that it does not take. */
START_TEST(each_key_of_the_wrong_type_is_named)
{
	static const struct {
		const char *key, *value; /* key of a personality: behind a ':' */
	} cases[] = {
		{ "CFBundlePackageType", "<integer>1</integer>" },
		{ "CFBundlePackageType", "<string>APPL</string>" },
		{ "CFBundleIdentifier", "<array/>" },
		{ "CFBundleVersion", "<integer>1</integer>" },
		{ "CFBundleShortVersionString", "<true/>" },
		{ "CFBundleName", "<dict/>" },
		{ "CFBundleExecutable", "<true/>" },
		{ "CFBundleSharedExecutableIdentifier", "<integer>1</integer>" },
		{ "CFBundleGetInfoString", "<array/>" },
		{ "NSHumanReadableCopyright", "<integer>2014</integer>" },
		{ "LSMinimumSystemVersion", "<integer>10</integer>" },
		{ "OSBundleCompatibleVersion", "<integer>1</integer>" },
		{ "OSBundleRequired", "<true/>" },
		{ "OSBundleRequired", "<string>Always</string>" },
		{ "OSBundleAllowUserLoad", "<string>yes</string>" },
		{ "OSBundleIsInterface", "<integer>1</integer>" },
		{ "OSKernelResource", "<string>true</string>" },
		{ "OSBundleEnableKextLogging", "<integer>1</integer>" },
		{ "OSBundleLibraries", "<array/>" },
		{ "OSBundleLibraries_x86_64", "<string>com.apple.kpi.iokit</string>" },
		{ "IOKitPersonalities", "<array/>" },
		{ "IOKitPersonalities_i386", "<string/>" },
		{ ":CFBundleIdentifier", "<true/>" },
		{ ":IOClass", "<integer>1</integer>" },
		{ ":IOProviderClass", "<array/>" },
		{ ":IOMatchCategory", "<true/>" },
		{ ":IOUserClientClass", "<dict/>" },
		{ ":IOProbeScore", "<string>1000</string>" },
		{ ":IOKitDebug", "<string>65535</string>" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool inner = *cases[i].key == ':';
		_cleanup_(report_destroy) struct report *report = NULL;
		_strbuf_ struct strbuf plist = STRBUF_INIT;

		strbuf_addf(
			&plist,
			"<plist version=\"1.0\"><dict>%s<key>%s</key>%s%s</dict>"
			"</plist>",
			inner ? "<key>IOKitPersonalities</key><dict><key>P</key><dict>"
			      : "",
			cases[i].key + inner, cases[i].value,
			inner ? "</dict></dict>" : "");
		write_text("A.kext/Contents/Info.plist", strbuf_string(&plist));
		report = lint_scratch("BND003", NULL);
		ck_assert_msg(report->findings_count == 1, "%s %s: %zu", cases[i].key,
			      cases[i].value, report->findings_count);
		ck_assert_ptr_nonnull(
			strstr(report->findings[0].symbol, cases[i].key + inner));
	}
}
END_TEST

START_TEST(reads_every_layout)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	static const char plist[] =
		"<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
		"<string>org.example.S</string></dict></plist>";

	write_kext("Deep", "org.example.Deep", "", "arch ppc\nkmod a 1\nlocal _x");
	write_kext("Deep.kext/Contents/PlugIns/In", "org.example.In", "",
		   "arch arm64e\nkmod a 1");
	write_text("Shallow.kext/Info.plist", plist);
	write_text("Driver.dext/Info.plist", plist);
	write_text("Empty.kext/Contents/readme", "");
	set = read_set(NULL);
	ck_assert_uint_eq(set->count, 5);
	ck_assert_ptr_eq(kext_named(set, "In.kext")->parent,
			 kext_named(set, "Deep.kext"));
	ck_assert(kext_named(set, "Shallow.kext")->shallow);
	ck_assert_str_eq(kext_named(set, "Shallow.kext")->identifier, "org.example.S");
	ck_assert(kext_named(set, "Driver.dext")->dext);
	ck_assert_ptr_null(kext_named(set, "Empty.kext")->info_path);
	ck_assert_str_eq(kext_named(set, "Deep.kext")->slices[0].arch, "ppc");
}
END_TEST

static size_t count_rule(const char *path, const char *rule, const char *text)
{
	struct linter_options options = { .profile = PROFILE_RELEASE, .page_size = 4096 };
	_cleanup_(report_destroy) struct report *report = NULL;
	_cleanup_(linter_destroy) struct linter *linter = NULL;
	_free_ char *full = NULL;
	size_t count = 0;

	ck_assert_ok(file_join(scratch, path, &full));
	ck_assert_ok(report_create("lint", path, &report));
	ck_assert_ok(linter_create(&options, report, &linter));
	ck_assert_ok(linter_path(linter, full));
	ck_assert_ok(linter_finish(linter));
	for (size_t i = 0; i < report->findings_count; i++)
		count += !strcmp(report->findings[i].rule, rule) &&
			 (!text || strstr(report->findings[i].message, text) ||
			  (report->findings[i].symbol &&
			   strstr(report->findings[i].symbol, text)));
	return count;
}

START_TEST(an_early_failure_hides_nothing_later)
{
	write_text(
		"Bad.kext/Contents/Info.plist",
		"<plist version=\"1.0\"><dict><key>CFBundleVersion</key>"
		"<string>x</string><key>OSBundleAllowUserLoad</key><string>YES</string>"
		"<key>IOKitPersonalities</key><dict><key>P</key><dict><key>IOKitDebug</key>"
		"<integer>1</integer></dict></dict></dict></plist>");
	ck_assert_uint_eq(count_rule("Bad.kext", "BND002", "CFBundleIdentifier"), 1);
	ck_assert_uint_eq(count_rule("Bad.kext", "BND002", "CFBundlePackageType"), 1);
	ck_assert_uint_eq(count_rule("Bad.kext", "BND003", "OSBundleAllowUserLoad"), 1);
	ck_assert_uint_eq(count_rule("Bad.kext", "BND005", NULL), 1);
	ck_assert_uint_eq(count_rule("Bad.kext", "BND010", "IOKitPersonalities:P"), 1);
	ck_assert_uint_eq(count_rule("Bad.kext", "BND015", "P:IOKitDebug"), 1);
}
END_TEST

/* What clang and lld make: only the type of the file has to be a kext bundle's. */
START_TEST(a_kext_of_a_real_compiler_is_read_to_the_end)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	_mapping_ struct mapping made = { 0 };
	_free_ uint8_t *bytes = NULL;
	_free_ char *path = NULL;
	const struct kext *kext;

	write_kext("Small", "org.example.small", "com.apple.kpi.libkern 10.0",
		   "arch x86_64\nkmod a 1");
	ck_assert_ok(file_map(fixture_file, &made));
	bytes = malloc(made.bytes.size);
	memcpy(bytes, made.bytes.data, made.bytes.size);
	bytes[12] = MACHO_KEXT_BUNDLE;
	ck_assert_ok(file_join(scratch, "Small.kext/Contents/MacOS/Code", &path));
	ck_assert_ok(file_write(path, bytes, made.bytes.size, 0755));
	set = read_set(NULL);
	kext = kext_named(set, "Small.kext");
	ck_assert_str_eq(kext->slices[0].kmod_name, "org.example.small");
	ck_assert_uint_eq(use_of(kext, 0, "_printf")->resolved, BITS(10, 24));
	ck_assert_uint_eq(use_of(kext, 0, "_version_major")->resolved, BITS(10, 24));
	ck_assert(kext_find_import(&kext->slices[0], "_printf")->called);
	ck_assert_uint_eq(count_rule("Small.kext", "MAC001", NULL), 0);
	ck_assert_uint_eq(count_rule("Small.kext", "BND023", "1.2.3"), 1);
	ck_assert_uint_ge(count_rule("Small.kext", "MAC006", "STABS"), 1);
}
END_TEST

START_TEST(driver_extensions_have_their_own_keys)
{
	write_text(
		"D.dext/Info.plist",
		"<plist version=\"1.0\"><dict><key>CFBundlePackageType</key>"
		"<string>DEXT</string><key>CFBundleIdentifier</key>"
		"<string>org.example.D</string><key>CFBundleVersion</key>"
		"<string>1.0</string><key>OSBundleIsInterface</key><true/>"
		"<key>OSBundleRequired</key><string>Root</string>"
		"<key>IOKitPersonalities</key><dict><key>P</key><dict><key>IOClass</key>"
		"<string>IOUserService</string><key>IOProviderClass</key>"
		"<string>IOPCIDevice</string></dict></dict></dict></plist>");
	ck_assert_uint_eq(count_rule("D.dext", "BND003", "OSBundleIsInterface"), 1);
	ck_assert_uint_eq(count_rule("D.dext", "BND017", NULL), 1);
	ck_assert_uint_eq(count_rule("D.dext", "BND010", "P"), 1);
	ck_assert_uint_eq(count_rule("D.dext", "BND002", NULL), 0);
	ck_assert_uint_eq(count_rule("D.dext", "MAC001", NULL), 0);
}
END_TEST

/* From here: every symbol of the lists, through files, reader and resolver. */
static char *lists;

static bool listed(const char *where, const char *arch, unsigned int darwin)
{
	size_t length = strlen(arch);
	const char *p = where;

	while ((p = strstr(p, arch))) {
		bool whole = (p == where || p[-1] == ';') && p[length] == ':';

		p += length;
		if (!whole)
			continue;
		do {
			char *end;
			unsigned long first = strtoul(p + 1, &end, 10), last = first;

			if (*end == '-')
				last = strtoul(end + 1, &end, 10);
			if (darwin >= first && darwin <= last)
				return true;
			p = end;
		} while (*p == ',');
	}
	return false;
}

static FILE *open_symbols(void)
{
	_free_ char *path = NULL;
	FILE *file;

	ck_assert_ok(file_join(lists, "kpi-symbols.tsv", &path));
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	return file;
}

static bool next_symbol(FILE *file, const char *library, char *symbol, char *where)
{
	static char line[1024], own[64];

	while (fgets(line, sizeof(line), file)) {
		if (*line == '#' ||
		    sscanf(line, "%63s %767s %255s", own, symbol, where) != 3 ||
		    strcmp(own, library))
			continue;
		if (!strcmp(symbol, "_kmod_info"))
			continue; /* every kext defines its own */
		if (symbol[strlen(symbol) - 1] == '*')
			symbol[strlen(symbol) - 1] = 'x';
		return true;
	}
	return false;
}

/* Two versions, so that one of them is compatible with every release that has it. */
static const struct {
	const char *library, *versions[2];
} asked[] = {
	{ "com.apple.kernel.6.0", { "6.9.9", "7.9.9" } },
	{ "com.apple.kpi.bsd", { "7.0", "8.0" } },
	{ "com.apple.kpi.dsep", { "7.0", "8.0" } },
	{ "com.apple.kpi.iokit", { "7.0", "8.0" } },
	{ "com.apple.kpi.libkern", { "7.0", "8.0" } },
	{ "com.apple.kpi.mach", { "7.0", "8.0" } },
	{ "com.apple.kpi.private", { "7.0", "8.0" } },
	{ "com.apple.kpi.unsupported", { "7.0", "8.0" } },
};

START_TEST(resolves_every_symbol_as_the_lists_say)
{
	static const unsigned int first[] = { 7, 8, 10, 20 }, last[] = { 9, 11, 24, 24 };
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	_strbuf_ struct strbuf spec = STRBUF_INIT;
	_fclose_ FILE *file = open_symbols();
	static char symbol[768], where[256];
	const char *library = asked[_i].library;
	size_t cells = 0, count = 0;

	while (next_symbol(file, library, symbol, where)) {
		strbuf_addf(&spec, "import %s\n", symbol);
		count++;
	}
	for (size_t v = 0; v < 2; v++) {
		_strbuf_ struct strbuf all = STRBUF_INIT, wanted = STRBUF_INIT;
		const char *name = v ? "New" : "Old";

		for (size_t a = 0; a < KPI_ARCH_COUNT; a++)
			strbuf_addf(&all, "arch %s\nkmod org.example 1.5\n%s",
				    kpi_arch_names[a], strbuf_string(&spec));
		strbuf_addf(&wanted, "%s %s", library, asked[_i].versions[v]);
		write_kext(name, name, strbuf_string(&wanted), strbuf_string(&all));
	}
	set = read_set(NULL);
	rewind(file);
	while (next_symbol(file, library, symbol, where))
		for (size_t a = 0; a < KPI_ARCH_COUNT; a++) {
			kpi_releases got =
				use_of(kext_named(set, "Old.kext"), a, symbol)->resolved |
				use_of(kext_named(set, "New.kext"), a, symbol)->resolved;

			if (!strcmp(symbol, RESERVED3))
				continue; /* has a test of its own */
			for (unsigned int d = first[a]; d <= last[a]; d++, cells++)
				ck_assert_msg(listed(where, kpi_arch_names[a], d) ==
						      (got >> d & 1),
					      "%s %s %s Darwin %u", library, symbol,
					      kpi_arch_names[a], d);
		}
	printf("%s: %zu symbols, %zu cells agree\n", library, count, cells);
}
END_TEST

/* What the lists have on one architecture of one Darwin: a line a library and symbol. */
struct lines {
	struct line {
		size_t library;
		char *symbol;
	} items[40000];
	size_t count;
};

static void read_lines(struct lines *lines, const char *arch, unsigned int darwin)
{
	for (size_t i = 1; i < ARRAY_LENGTH(asked); i++) {
		_fclose_ FILE *file = open_symbols();
		char line[1024], own[64], symbol[768], where[256];

		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%63s %767s %255s", own, symbol, where) != 3 ||
			    strcmp(own, asked[i].library) || !listed(where, arch, darwin))
				continue;
			ck_assert_uint_lt(lines->count, ARRAY_LENGTH(lines->items));
			lines->items[lines->count++] = (struct line){ i, strdup(symbol) };
		}
	}
}

/* How many libraries have @symbol, by its name or by the beginning of it. */
static size_t count_libraries(const struct lines *lines, const char *symbol)
{
	unsigned int libraries = 0;

	for (size_t i = 0; i < lines->count; i++) {
		const char *one = lines->items[i].symbol;
		size_t length = strlen(one);

		if (!strcmp(one, symbol) ||
		    (one[length - 1] == '*' && !strncmp(one, symbol, length - 1)))
			libraries |= 1u << lines->items[i].library;
	}
	return __builtin_popcount(libraries);
}

START_TEST(symbols_of_two_libraries_are_told_as_such)
{
	static const char *const archs[] = { "x86_64", "arm64e" }, *const lists_of[] = {
		"x86_64", "arm64"
	};
	static const char all[] = "com.apple.kpi.bsd 20.0 com.apple.kpi.dsep 20.0 "
				  "com.apple.kpi.iokit 20.0 com.apple.kpi.libkern 20.0 "
				  "com.apple.kpi.mach 20.0 com.apple.kpi.private 20.0 "
				  "com.apple.kpi.unsupported 20.0";
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	_strbuf_ struct strbuf spec = STRBUF_INIT;
	static struct lines lines;
	const struct kext_slice *slice;
	const struct slice_loads *loads;
	size_t doubles = 0;

	read_lines(&lines, lists_of[_i], 24);
	strbuf_addf(&spec, "arch %s\nkmod org.example.All 1.5\n", archs[_i]);
	for (size_t i = 0; i < lines.count; i++)
		if (!strchr(lines.items[i].symbol, '*') &&
		    strcmp(lines.items[i].symbol, "_kmod_info"))
			strbuf_addf(&spec, "import %s\n", lines.items[i].symbol);
	write_kext("All", "org.example.All", all, strbuf_string(&spec));
	set = read_set(NULL);
	slice = &kext_named(set, "All.kext")->slices[0];
	loads = &kext_named(set, "All.kext")->loads->slices[0];
	for (size_t i = 0; i < slice->import_count; i++) {
		bool told = loads->imports[i].doubly >> 24 & 1;

		doubles += told;
		ck_assert_msg(told == (count_libraries(&lines, slice->imports[i].name) >
				       1),
			      "%s", slice->imports[i].name);
	}
	ck_assert_uint_gt(doubles, 0);
	printf("%s: of %zu symbols, %zu in two libraries agree\n", archs[_i],
	       slice->import_count, doubles);
	for (size_t i = 0; i < lines.count; i++)
		free(lines.items[i].symbol);
}
END_TEST

static bool find_lists(void)
{
	_free_ char *probe = NULL;
	const char *folder = getenv("BOOKEND_KPI_DATA");

	lists = strdup(folder ? folder : "../shared/data");
	return asprintf(&probe, "%s/kpi-symbols.tsv", lists) > 0 &&
	       access(probe, R_OK) == 0;
}

int main(int argc, char **argv)
{
	Suite *suite = suite_create("kext");
	TCase *tcase = tcase_create("kext");

	(void)argc;
	if (asprintf(&fixture_file, "%.*s/../readers/small.x86_64",
		     (int)(strrchr(argv[0], '/') - argv[0]), argv[0]) < 0)
		return EXIT_FAILURE;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, reads_targets_in_every_form);
	tcase_add_test(tcase, tells_where_three_symbols_came_and_went);
	tcase_add_test(tcase, vtables_are_patched_and_need_no_symbol);
	tcase_add_test(tcase, the_slot_that_became_dispatch_resolves_by_its_old_name);
	tcase_add_test(tcase, a_library_without_code_stands_for_what_it_declares);
	tcase_add_test(tcase, an_unknown_library_may_bring_what_is_not_declared);
	tcase_add_test(tcase, a_32_bit_kext_without_kpi_gets_all_of_its_libraries);
	tcase_add_test(tcase, keys_for_arm64_count_for_arm64e);
	tcase_add_test(tcase, the_two_worlds_are_never_mixed);
	tcase_add_test(tcase, other_kexts_are_libraries);
	tcase_add_test(tcase, vtables_are_read_entry_by_entry);
	tcase_add_test(tcase, a_service_that_serves_nothing_sits_too_low);
	tcase_add_test(tcase, a_final_parent_has_no_children);
	tcase_add_test(tcase, a_class_may_be_the_kernels_or_without_symbols);
	tcase_add_test(tcase, only_apples_notice_opens_the_private_interfaces);
	tcase_add_test(tcase, kexts_in_different_folders_are_different_products);
	tcase_add_test(tcase, drivers_that_are_never_needed_together_could_be_two_kexts);
	tcase_add_test(tcase, each_key_of_the_wrong_type_is_named);
	tcase_add_test(tcase, reads_every_layout);
	tcase_add_test(tcase, an_early_failure_hides_nothing_later);
	tcase_add_test(tcase, a_kext_of_a_real_compiler_is_read_to_the_end);
	tcase_add_test(tcase, driver_extensions_have_their_own_keys);
	if (find_lists()) {
		tcase_add_loop_test(tcase, resolves_every_symbol_as_the_lists_say, 0,
				    ARRAY_LENGTH(asked));
		tcase_add_loop_test(tcase, symbols_of_two_libraries_are_told_as_such, 0,
				    2);
	} else
		printf("skipped: every symbol of the export lists through the resolver "
		       "(BOOKEND_KPI_DATA names no folder that has them)\n");
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
