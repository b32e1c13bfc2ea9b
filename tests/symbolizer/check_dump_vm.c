/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver panics a VM's kernel; its memory dump says where, as the kernel itself does.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/process.h"
#include "tests/check_main.h"

#define DEFECT	"/defects/null-deref-ioctl"
#define CULPRIT "status.reserved = first->length;"

static char folder[] = "/tmp/check-dump-XXXXXX";
static char build[4096];

static void find_build(void)
{
	_free_ char *own = NULL;

	ck_assert_ok(file_own_folder(&own));
	/* build/tests/symbolizer */
	snprintf(build, sizeof(build), "%.*s",
		 (int)(strlen(own) - strlen("/tests/symbolizer")), own);
}

static void make_dump(void)
{
	char tool[4200], module[4200];
	struct process_result result = { 0 };

	snprintf(tool, sizeof(tool), "%s/bin/bookend-cycle", build);
	snprintf(module, sizeof(module), "%s" DEFECT "/refdrv.ko", build);
	ck_assert_ok(process_run((const char *[]){ tool,
						   "--dump",
						   "--no-census",
						   "--module",
						   module,
						   "--device",
						   "/dev/refdrv0",
						   "--probe",
						   "ioctl:0x802052d0:32",
						   "--passes",
						   "2",
						   "--device-passes",
						   "5",
						   "--memory",
						   "256M",
						   "--boot-timeout",
						   "900s",
						   "--silence",
						   "600s",
						   "-o",
						   folder,
						   NULL },
				 &(struct process_options){ .keep_stderr = true },
				 &result));
	ck_assert_msg(result.status == 1, "%s", strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}

/* The first of reports[] for a file of the run. */
static json_t *symbolize(const char *name, json_t **document)
{
	char tool[4200], debug[4200];
	struct process_result result = { 0 };
	_free_ char *path = NULL;
	json_t *report;

	snprintf(tool, sizeof(tool), "%s/bin/bookend-symbolize", build);
	snprintf(debug, sizeof(debug), "%s" DEFECT, build);
	ck_assert_ok(file_join(folder, name, &path));
	ck_assert_ok(process_run((const char *[]){ tool, "--no-index", "--debug", debug,
						   "-f", "json", path, NULL },
				 &(struct process_options){ 0 }, &result));
	*document = json_loads(strbuf_string(&result.output), 0, NULL);
	report = json_array_get(json_object_get(*document, "reports"), 0);
	ck_assert_msg(report != NULL, "%s: %s", name, strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return report;
}

/* The frame of refdrv_ioctl in the guilty context, and what is inlined there. */
static json_t *find_frame(const json_t *report, json_t **inlined)
{
	json_t *context, *frame;
	size_t i, j;

	json_array_foreach(json_object_get(report, "contexts"), i, context)
	{
		if (!json_is_true(json_object_get(context, "guilty")))
			continue;
		json_array_foreach(json_object_get(context, "frames"), j, frame)
		{
			const char *name =
				json_string_value(json_object_get(frame, "function"));

			*inlined = json_array_get(json_object_get(frame, "inlines"), 0);
			if (name && !strcmp(name, "refdrv_ioctl"))
				return frame;
		}
	}
	return NULL;
}

static json_int_t culprit_line(void)
{
	char path[4200];
	_free_ char *text = NULL;
	const char *at;
	json_int_t line = 1;

	snprintf(path, sizeof(path), "%s" DEFECT "/source/refdrv_file.c", build);
	ck_assert_ok(file_read_text(path, 1 << 20, &text));
	at = strstr(text, CULPRIT);
	ck_assert_ptr_nonnull(at);
	for (const char *c = text; c < at; c++)
		line += *c == '\n';
	return line;
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

START_TEST(dump_names_the_line_that_panicked)
{
	json_t *dump_document, *log_document, *dump, *log, *frame, *other, *inlined;

	find_build();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_dump();
	dump = symbolize("memory.elf", &dump_document);
	ck_assert_str_eq(string_of(dump, "dialect"), "kernel-dump");
	ck_assert_str_eq(string_of(dump, "function"), "refdrv_ioctl");
	ck_assert_str_eq(string_of(dump, "module"), "refdrv");
	frame = find_frame(dump, &inlined);
	ck_assert_ptr_nonnull(frame);
	ck_assert_str_eq(string_of(frame, "kind"), "exact");
	ck_assert_str_eq(string_of(inlined, "function"), "refdrv_ioctl_status");
	ck_assert_ptr_nonnull(strstr(string_of(inlined, "file"), "refdrv_file.c"));
	ck_assert_int_eq(json_integer_value(json_object_get(inlined, "line")),
			 culprit_line());

	/* The kernel's own trace of the same crash. */
	log = symbolize("console.log", &log_document);
	other = find_frame(log, &inlined);
	ck_assert_ptr_nonnull(other);
	ck_assert_str_eq(string_of(log, "function"), string_of(dump, "function"));
	ck_assert_str_eq(string_of(log, "reading"), string_of(dump, "reading"));
	ck_assert_str_eq(string_of(log, "kernel_offset"),
			 string_of(dump, "kernel_offset"));
	ck_assert(json_equal(json_object_get(other, "offset"),
			     json_object_get(frame, "offset")));
	json_decref(dump_document);
	json_decref(log_document);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel dumps");
	TCase *t = tcase_create("vm");

	tcase_set_timeout(t, 1800);
	tcase_add_test(t, dump_names_the_line_that_panicked);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
