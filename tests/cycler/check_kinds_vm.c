/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each kind that needs a kernel, through bookend-cycle, on what Debian ships. */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/process.h"
#include "report/report.h"
#include "tests/check_main.h"

static const char plan_text[] =
	"{ \"schema\": \"bookend-plan/1\", \"name\": \"kinds\", \"legs\": ["
	"{ \"name\": \"net\", \"hold\": [{\"kind\":\"module\",\"module\":\"dummy\"}],"
	"  \"cycles\": ["
	"  {\"kind\":\"netdev\",\"interface\":\"dum7\",\"link\":\"dummy\",\"passes\":10},"
	"  {\"kind\":\"netdev\",\"interface\":\"dummy0\",\"passes\":10} ] },"
	"{ \"name\": \"mount\", \"hold\": [{\"kind\":\"module\",\"module\":\"loop\"}],"
	"  \"cycles\": ["
	"  {\"kind\":\"mount\",\"type\":\"ext4\",\"image\":\"%s\",\"use\":true,"
	"   \"passes\":5},"
	"  {\"kind\":\"mount\",\"type\":\"tmpfs\",\"source\":\"none\","
	"   \"folder\":\"/run/other\",\"use\":true,\"passes\":10} ] },"
	/* holds open in order, loop before what is mounted by it; health around halves */
	"{ \"name\": \"order\", \"setup\": [{\"command\":[\"/bin/mkdir\",\"/run/made\"]}],"
	"  \"teardown\": [{\"command\":[\"/bin/rmdir\",\"/run/made\"]}],"
	"  \"hold\": [{\"kind\":\"module\",\"module\":\"loop\"},"
	"  {\"kind\":\"mount\",\"type\":\"ext4\",\"image\":\"%s\","
	"   \"folder\":\"/run/made\"}], \"cycles\": ["
	"  {\"kind\":\"module\",\"module\":\"dummy\",\"passes\":3,\"health\":{"
	"   \"closed\":[{\"kind\":\"check\",\"absent\":\"/sys/module/dummy\"}],"
	"   \"open\":[{\"kind\":\"check\",\"exists\":\"/run/made/lost+found\"},"
	"   {\"kind\":\"check\",\"file\":\"/sys/module/dummy/initstate\","
	"    \"is\":\"live\"}]}} ] },"
	"{ \"name\": \"package\", \"cycles\": ["
	"  {\"kind\":\"package\",\"package\":\"%s\",\"passes\":1} ] },"
	/* by itself: while a PCI driver probes, the kernel refuses to take a CPU away */
	"{ \"name\": \"cpu\", \"cycles\": ["
	"  {\"kind\":\"hotplug\",\"cpu\":1,\"passes\":5} ] },"
	"{ \"name\": \"machine\", \"cycles\": ["
	"  {\"kind\":\"hotplug\",\"pci\":\"00:09.0\",\"driver\":\"nvme\",\"passes\":3},"
	"  {\"kind\":\"sysfs\",\"file\":\"/sys/module/printk/parameters/time\","
	"   \"value\":\"N\",\"passes\":10},"
	"  {\"kind\":\"exec\",\"command\":[\"/bin/true\"],\"undo\":[\"/bin/true\"],"
	"   \"passes\":10} ] },"
	"{ \"name\": \"bind\", \"cycles\": ["
	"  {\"kind\":\"bind\",\"bus\":\"pci\",\"driver\":\"nvme\","
	"   \"device\":\"0000:00:09.0\",\"passes\":3} ] },"
	/* a wake event that comes before the machine sleeps: EAGAIN */
	"{ \"name\": \"power\", \"cycles\": ["
	"  {\"kind\":\"power\",\"state\":\"mem\",\"wake\":\"6s\",\"passes\":2,"
	"   \"errors\":[\"EAGAIN\",\"EBUSY\"]} ] } ] }";

static char folder[] = "/tmp/check-kinds-XXXXXX";

/* The reference driver's, with a module for the kernel that runs. */
static char *find_package(void)
{
	_free_ char *own = NULL, *pattern = NULL;
	glob_t found = { 0 };
	char *path;

	ck_assert_ok(file_own_folder(&own));
	ck_assert(asprintf(&pattern, "%s/../../packages/refdrv-modules-*.deb", own) > 0);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	path = strdup(found.gl_pathv[0]);
	globfree(&found);
	return path;
}

static void make_plan(const char *path)
{
	_free_ char *package = find_package();
	_free_ char *image = NULL, *text = NULL;
	struct process_result made = { 0 };

	ck_assert_ok(file_join(folder, "ext4.img", &image));
	ck_assert(asprintf(&text, plan_text, image, image, package) > 0);
	ck_assert_ok(file_write(path, text, strlen(text), 0600));
	ck_assert_ok(process_run(
		(const char *[]){ "/sbin/mkfs.ext4", "-q", "-F", image, "4M", NULL },
		&(struct process_options){ .keep_stderr = true }, &made));
	ck_assert_msg(!made.status, "%s", strbuf_string(&made.output));
	strbuf_deinit(&made.output);
}

static const struct run *find_run(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->runs_count; i++)
		if (strstr(report->runs[i].cycle, name))
			return &report->runs[i];
	return NULL;
}

START_TEST(kinds_pass_on_real_kernel_objects)
{
	static const struct {
		const char *name;
		uint64_t passes;
	} wanted[] = {
		{ "netdev dum7", 10 },	    { "netdev dummy0", 10 },
		{ "ext4.img", 5 },	    { "mount none", 10 },
		{ "hotplug cpu1", 5 },	    { "hotplug 0000:00:09.0", 3 },
		{ "bind 0000:00:09.0", 3 }, { "parameters/time", 10 },
		{ "exec /bin/true", 10 },   { "power mem", 2 },
		{ "module dummy", 3 },	    { "package refdrv-modules", 1 },
	};
	_cleanup_(report_destroy) struct report *report = NULL;
	_free_ char *own = NULL, *tool = NULL, *plan = NULL, *output = NULL, *json = NULL;
	struct process_result result = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_join(folder, "plan.json", &plan));
	ck_assert_ok(file_join(folder, "run", &output));
	ck_assert_ok(file_join(output, "report.json", &json));
	make_plan(plan);
	ck_assert_ok(file_own_folder(&own));
	ck_assert(asprintf(&tool, "%s/../../bin/bookend-cycle", own) > 0);
	ck_assert_ok(process_run(
		(const char *[]){ tool, "--add-device", "nvme,serial=1,addr=9",
				  "--no-census", "-o", output, plan, NULL },
		&(struct process_options){ .keep_stderr = true }, &result));
	ck_assert_ok(report_load(json, &report));
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const struct run *run = find_run(report, wanted[i].name);

		ck_assert_msg(run && run->passes == wanted[i].passes && !run->failed,
			      "%s: %s\n%.1500s", wanted[i].name,
			      run ? "not all passed" : "did not run",
			      strbuf_string(&result.output));
	}
	strbuf_deinit(&result.output);
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kinds in a VM");
	TCase *t = tcase_create("vm");

	tcase_set_timeout(t, 1800);
	tcase_add_test(t, kinds_pass_on_real_kernel_objects);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
