/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makefiles read without make, and the units that kbuild would compile of a folder. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "linter/arena.h"
#include "linter/source/build_command.h"
#include "linter/source/kbuild.h"
#include "linter/source/kbuild_base.h"
#include "linter/source/make.h"
#include "linter/source/units.h"
#include "readers/dkms_conf.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/bookend-kbuild-XXXXXX";

static void setup(void)
{
	_free_ char *cache = NULL;

	strcpy(folder, "/tmp/bookend-kbuild-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_join(folder, "cache", &cache));
	setenv("XDG_CACHE_HOME", cache, 1);
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

static char *put(const char *name, const char *text)
{
	_free_ char *parent = NULL;
	char *path = NULL;

	ck_assert_ok(file_join(folder, name, &path));
	parent = strndup(path, (size_t)(strrchr(path, '/') - path));
	ck_assert_ok(file_make_folder(parent, 0777));
	ck_assert_ok(file_write(path, text, strlen(text), 0644));
	return path;
}

/* The value of X after the makefile @text was read. */
static char *value_of(const char *text, const char **why)
{
	_cleanup_(make_destroy) struct make *make = NULL;
	const struct make_settings settings = { folder, "6.1.0-test" };
	_free_ char *path = put("Makefile", text);
	static char reason[512];
	char *value = NULL;

	ck_assert_ok(make_create(NULL, &settings, &make));
	ck_assert_ok(make_read(make, path));
	ck_assert_ok(make_value(make, "X", &value));
	if (why && make_reason(make)) {
		snprintf(reason, sizeof(reason), "%s", make_reason(make));
		*why = reason;
	}
	return value;
}

static void expect(const char *text, const char *value)
{
	_free_ char *got = value_of(text, NULL);

	ck_assert_msg(!strcmp(got, value), "%s: '%s', not '%s'", text, got, value);
}

START_TEST(variables_are_set_and_expanded_as_make_does)
{
	expect("A = 1\nX = $(A)\nA = 2\n", "2");
	expect("A = 1\nX := $(A)\nA = 2\n", "1");
	expect("X = a\nX += b\n", "a b");
	expect("X := $(Y)\nX += $(Y)\nY = 1\n", "");
	expect("X ?= a\nX ?= b\n", "a");
	expect("X = a \\\n  b # comment\n", "a b");
	expect("X = \\#1\n", "#1");
	expect("A = B\nB = c\nX = $($(A)) ${A} $$\n", "c B $");
	expect("export X := y\n", "y");
	expect("override X = y\n", "y");
	expect("define X\none\ntwo\nendef\n", "one\ntwo");
	expect("all:\n\tX = no\nX = yes\n", "yes");
	expect("a b: X = no\n", "");
}
END_TEST

START_TEST(conditionals_choose_one_branch)
{
	expect("ifeq (a,a)\nX = 1\nelse\nX = 2\nendif\n", "1");
	expect("ifneq ($(A),)\nX = 1\nelse\nX = 2\nendif\n", "2");
	expect("A = 3\nifeq ($(A),1)\nX = 1\nelse ifeq ($(A),3)\nX = 3\nelse\nX = 2\nendif\n",
	       "3");
	expect("ifdef A\nX = 1\nelse\nifndef A\n  X = 2\nendif\nendif\n", "2");
	expect("ifeq \"a\" \"a\"\nX = 1\nendif\n", "1");
	expect("ifeq (a,b)\nifeq (a,a)\nX = 1\nendif\nX = 2\nendif\nX += 3\n", "3");
}
END_TEST

START_TEST(functions_handle_text_and_names)
{
	expect("X = $(patsubst %.c,%.o,a.c b.h)\n", "a.o b.h");
	expect("S = a.c b.c\nX = $(S:.c=.o)\n", "a.o b.o");
	expect("X = $(filter %.c,a.c b.h) $(filter-out a%,ab c)\n", "a.c c");
	expect("X = $(addprefix d/,a b) $(notdir d/a) $(dir d/a b)\n", "d/a d/b a d/ ./");
	expect("X = $(if $(A),1,2)$(if a,3)\n", "23");
	expect("X = $(foreach i,1 2,<$(i)>)\n", "<1> <2>");
	expect("f = $(2)-$(1)\nX = $(call f,a,b)\n", "b-a");
	expect("X = $(sort b a b) $(word 2,x y) $(words x y) $(lastword x y)\n",
	       "a b y 2 y");
	expect("X = $(or $(A),b) $(and a,) $(strip  a   b )\n", "b  a b");
	expect("X = $(subst a,b,banana) $(findstring a,cat)\n", "bbnbnb a");
	expect("X = $(notdir $(wildcard Makefil*))\n", "Makefile");
}
END_TEST

START_TEST(only_what_depends_on_a_program_is_unknown)
{
	const char *why = NULL;
	_free_ char *unknown = value_of("A := $(shell ./probe)\nX = a $(A) b\n", &why);
	_free_ char *branch = NULL, *known = NULL;

	ck_assert_ptr_nonnull(strchr(unknown, MAKE_UNKNOWN));
	ck_assert_ptr_nonnull(strstr(why, "Makefile:1"));
	ck_assert_ptr_nonnull(strstr(why, "./probe"));
	branch = value_of("ifeq ($(shell ./probe),1)\nX = a\nendif\nX += b\n", NULL);
	ck_assert_ptr_nonnull(strchr(branch, MAKE_UNKNOWN));
	known = value_of("ifeq ($(shell ./probe),1)\nA = a\nendif\nX = b\n", NULL);
	ck_assert_str_eq(known, "b");
}
END_TEST

START_TEST(commands_with_one_answer_are_known)
{
	_free_ char *path = put("probe.h", "int set_expires(void);\n");

	expect("X := $(shell uname -r)\n", "6.1.0-test");
	expect("X := $(shell echo a  b)\n", "a b");
	expect("X := $(shell test -f probe.h && echo 1)\n", "1");
	expect("X := $(shell [ -e gone.h ] && echo 1 || echo 2)\n", "2");
	expect("X := $(shell fgrep -q ' set_expires' probe.h 2>/dev/null && echo 1)\n",
	       "1");
	expect("X := $(shell grep -q gone probe.h && echo 1)\n", "");
	expect("X := $(shell dirname a/b)\n", "a");
}
END_TEST

START_TEST(nothing_of_a_makefile_is_run)
{
	_free_ char *mark = NULL, *text = NULL, *value = NULL;

	ck_assert_ok(file_join(folder, "mark", &mark));
	ck_assert_int_gt(asprintf(&text,
				  "X := $(shell touch %s)\nX != touch %s\n"
				  "$(shell touch %s)\n",
				  mark, mark, mark),
			 0);
	value = value_of(text, NULL);
	ck_assert_int_ne(access(mark, F_OK), 0);
}
END_TEST

START_TEST(makefiles_without_end_end)
{
	_free_ char *a = value_of("A = $(A)$(A)\nX = $(A)\n", NULL), *b = NULL, *c = NULL;

	ck_assert_ptr_nonnull(strchr(a, MAKE_UNKNOWN));
	b = value_of("include Makefile\nX = 1\n", NULL);
	c = value_of(
		"A0 = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
		"d = $(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)$(1)\n"
		"X = $(call d,$(call d,$(call d,$(call d,$(call d,$(call d,$(call "
		"d,$(A0))))))))\n",
		NULL);
	ck_assert_ptr_nonnull(c);
}
END_TEST

/* A kernel's answer as kbuild_base.c would have it, without a kernel. */
static struct kbuild_base *fake_base(void)
{
	static const char answer[] =
		"gcc-12 -nostdinc -I/k/include -D__KERNEL__ -DMODULE "
		"-DKBUILD_BASENAME='\"" KBUILD_PROBE "\"' -c -o x.o " KBUILD_PROBE ".c\n";
	struct kbuild_base *base = calloc(1, sizeof(*base));
	const struct make_settings settings = { folder, NULL };

	ck_assert_ptr_nonnull(base);
	base->headers = strdup(folder);
	base->version = 6;
	base->patchlevel = 1;
	ck_assert_ok(make_create(NULL, &settings, &base->variables));
	ck_assert_ok(make_set(base->variables, "KERNELRELEASE", "6.1.0-test", MAKE_FILE));
	ck_assert_ok(make_set(base->variables, "CONFIG_PCI", "y", MAKE_FILE));
	ck_assert_ok(command_read_make((struct span){ (const uint8_t *)answer,
						      sizeof(answer) - 1 },
				       folder, &base->commands));
	return base;
}

static const struct unit_command *find(const struct unit_commands *units,
				       const char *name)
{
	for (size_t i = 0; i < units->count; i++)
		if (!strcmp(strrchr(units->items[i].file, '/') + 1, name))
			return &units->items[i];
	return NULL;
}

static bool has(const struct unit_command *command, const char *argument)
{
	for (size_t i = 0; command && i < command->count; i++)
		if (!strcmp(command->arguments[i], argument))
			return true;
	return false;
}

static void put_sources(void)
{
	static const char *const names[] = { "tree/a.c", "tree/b.c", "tree/sub/c.c",
					     "tree/d.c", "tree/e.S" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		free(put(names[i], ""));
}

static char *units_of(const char *makefile, const char *const *variables, bool lenient,
		      struct unit_commands *ret)
{
	_cleanup_(kbuild_base_destroy) struct kbuild_base *base = fake_base();
	_free_ char *path = put("tree/Kbuild", makefile), *tree = NULL;
	char *why = NULL;

	put_sources();
	ck_assert_ok(file_join(folder, "tree", &tree));
	ck_assert_ok(kbuild_units(base,
				  &(struct kbuild_request){ .folder = tree,
							    .variables = variables,
							    .lenient = lenient },
				  ret, &why));
	return why;
}

START_TEST(object_lists_and_flags_make_units)
{
	_unit_commands_ struct unit_commands units = { 0 };
	_free_ char *sub = put("tree/sub/Makefile", "obj-m := c.o\nccflags-y := -DSUB\n");
	_free_ char *why =
		units_of("obj-m := foo-bar.o sub/\n"
			 "foo-bar-y := a.o e.o\n"
			 "foo-bar-$(CONFIG_PCI) += b.o\n"
			 "obj-$(CONFIG_NONE) += d.o\n"
			 "ccflags-y := -I$(src)/inc -DALL='\"x y\"' -DB_NOT\n"
			 "CFLAGS_a.o := -DONLY_A\nCFLAGS_REMOVE_b.o := -DB_NOT\n"
			 "subdir-ccflags-y := -DBELOW\n"
			 "LINUXINCLUDE := -I/first $(LINUXINCLUDE)\n",
			 NULL, false, &units);
	_free_ char *inc = NULL;
	const struct unit_command *a = find(&units, "a.c"), *b = find(&units, "b.c");

	ck_assert_msg(!why, "%s", why);
	ck_assert_uint_eq(units.count, 3);
	ck_assert_int_gt(asprintf(&inc, "-I%s/tree/inc", folder), 0);
	ck_assert(has(a, inc));
	ck_assert(has(a, "-DALL=\"x y\""));
	ck_assert(has(a, "-DONLY_A"));
	ck_assert(has(a, "-DKBUILD_MODNAME=\"foo_bar\""));
	ck_assert(has(a, "-DKBUILD_BASENAME=\"a\""));
	ck_assert(has(a, "-D__KERNEL__"));
	ck_assert_str_eq(a->arguments[0], "-I/first");
	ck_assert(!has(b, "-DONLY_A"));
	ck_assert(!has(b, "-DB_NOT"));
	ck_assert(has(find(&units, "c.c"), "-DSUB"));
	ck_assert(has(find(&units, "c.c"), "-DBELOW"));
	ck_assert(!has(find(&units, "c.c"), "-DALL=\"x y\""));
}
END_TEST

START_TEST(what_a_program_decides_is_left_to_make)
{
	_unit_commands_ struct unit_commands units = { 0 };
	_free_ char *list =
		units_of("obj-m := a.o $(shell ./more)\n", NULL, true, &units);
	_free_ char *flags = NULL, *kept = NULL, *missing = NULL;

	ck_assert_ptr_nonnull(strstr(list, "obj-m depends on Kbuild:1"));
	ck_assert_uint_eq(units.count, 0);
	flags = units_of("obj-m := a.o\nccflags-y := -DA $(shell ./f)\n", NULL, false,
			 &units);
	ck_assert_ptr_nonnull(strstr(flags, "ccflags-y depends on Kbuild:2"));
	ck_assert_uint_eq(units.count, 0);
	missing = units_of("obj-m := made.o\n", NULL, false, &units);
	ck_assert_ptr_nonnull(strstr(missing, "there is no made.c"));
	kept = units_of("obj-m := a.o\nccflags-y := -DA $(shell ./f)\n", NULL, true,
			&units);
	ck_assert_ptr_nonnull(strstr(kept, "not all known"));
	ck_assert_uint_eq(units.count, 1);
	ck_assert(has(&units.items[0], "-DA"));
}
END_TEST

START_TEST(the_command_line_decides_what_is_built)
{
	static const char *const variables[] = { "CONFIG_NONE=m", "EXTRA_CFLAGS=-DX",
						 NULL };
	_unit_commands_ struct unit_commands units = { 0 };
	_free_ char *why = units_of("CONFIG_NONE := n\nobj-$(CONFIG_NONE) := d.o\n",
				    variables, false, &units);

	ck_assert_msg(!why, "%s", why);
	ck_assert_uint_eq(units.count, 1);
	ck_assert(has(&units.items[0], "-DX"));
}
END_TEST

START_TEST(dkms_and_makefiles_tell_their_variables)
{
	static const char conf_text[] =
		"PACKAGE_NAME=refdrv\nPACKAGE_VERSION=1\n"
		"MAKE[0]=\"make KVER=$kernelver TOP='${dkms_tree}/refdrv/1/build' "
		"X=`date` all\"\n";
	const struct kernel kernel = { .folder = "/k", .release = "6.1.0-test" };
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	_cleanup_(arena_destroy) struct arena *arena = NULL;
	struct build_command command = { 0 };
	_free_ char *makefile =
		put("Makefile", "ifeq ($(KERNELRELEASE),)\nall:\n"
				"\t$(MAKE) -C /k M=$(CURDIR) CONFIG_REF=m "
				"V=$(KVER) T=$(KVER) modules\nendif\n");

	ck_assert_ok(arena_create(&arena));
	ck_assert_ok(dkms_conf_create((struct span){ (const uint8_t *)conf_text,
						     sizeof(conf_text) - 1 },
				      &conf));
	ck_assert_ok(build_command_of_dkms(conf, "/here", &kernel, arena, &command));
	ck_assert(!command.is_kbuild);
	ck_assert_str_eq(command.variables[0], "KVER=6.1.0-test");
	ck_assert_str_eq(command.variables[1], "TOP=/here");
	ck_assert_ptr_null(command.variables[2]);
	ck_assert_ok(build_command_of_makefile(folder, &kernel, arena, &command));
	ck_assert(command.is_kbuild);
	ck_assert_str_eq(command.variables[2], "CONFIG_REF=m");
	ck_assert_str_eq(command.variables[3], "T=6.1.0-test");
	ck_assert_ptr_null(command.variables[4]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kbuild");
	TCase *make = tcase_create("make"), *units = tcase_create("units");

	tcase_add_checked_fixture(make, setup, teardown);
	tcase_set_timeout(make, 60);
	tcase_add_test(make, variables_are_set_and_expanded_as_make_does);
	tcase_add_test(make, conditionals_choose_one_branch);
	tcase_add_test(make, functions_handle_text_and_names);
	tcase_add_test(make, only_what_depends_on_a_program_is_unknown);
	tcase_add_test(make, commands_with_one_answer_are_known);
	tcase_add_test(make, nothing_of_a_makefile_is_run);
	tcase_add_test(make, makefiles_without_end_end);
	tcase_add_checked_fixture(units, setup, teardown);
	tcase_add_test(units, object_lists_and_flags_make_units);
	tcase_add_test(units, what_a_program_decides_is_left_to_make);
	tcase_add_test(units, the_command_line_decides_what_is_built);
	tcase_add_test(units, dkms_and_makefiles_tell_their_variables);
	suite_add_tcase(suite, make);
	suite_add_tcase(suite, units);
	return run_suite(suite);
}
