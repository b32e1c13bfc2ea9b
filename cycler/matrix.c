/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/matrix.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "cycler/carry.h"
#include "report/finding.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/json.h"
#include "target/kernel.h"

#define PLACE "{kernel}"

/* One kernel of the matrix. */
struct axis {
	const char *name; /* as it was asked for */
	char *release;
	struct plan *plan; /* with its modules; NULL: the plan names none by kernel */
	struct report *report;
	char *folder;
};

struct axes {
	struct axis *items;
	size_t count;
};

static void axes_deinit(struct axes *axes)
{
	for (size_t i = 0; i < axes->count; i++) {
		free(axes->items[i].release);
		free(axes->items[i].folder);
		plan_destroy(axes->items[i].plan);
		report_destroy(axes->items[i].report);
	}
	free(axes->items);
}

/* Replaces it in every string below @value; *any when there was one. */
static struct error *substitute(json_t *value, const char *release, bool *any)
{
	const char *text = json_string_value(value), *at;
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct error *error = NULL;
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach(value, i, item) if (!error) error =
		substitute(item, release, any);
	json_object_foreach(value, key, item) if (!error) error =
		substitute(item, release, any);
	if (error || !text || !strstr(text, PLACE))
		return error;
	for (; (at = strstr(text, PLACE)); text = at + strlen(PLACE)) {
		strbuf_add(&out, text, (size_t)(at - text));
		strbuf_adds(&out, release);
	}
	strbuf_adds(&out, text);
	*any = true;
	error = strbuf_error(&out);
	return error					     ? error
	       : json_string_set(value, strbuf_string(&out)) ? error_nomem()
							     : NULL;
}

struct error *matrix_plan(const struct plan *plan, const char *release, struct plan **ret)
{
	json_t *json = json_deep_copy(plan->json);
	bool any = false;
	struct error *error = json ? substitute(json, release, &any) : error_nomem();

	if (!error && any)
		error = plan_create(json, ret);
	json_decref(json);
	return error;
}

/*
 * Whether every module of the plan is built for this kernel: it is carried into a machine
 * that is never started.
 */
static struct error *check_modules(const struct axis *axis, const struct plan *plan,
				   const struct run_options *options)
{
	_cleanup_(target_destroy) struct target *target = NULL;
	struct target_options machine = options->machine;
	struct carried_list modules = { 0 };
	json_t *carried = NULL;
	_error_ struct error *error = NULL;
	struct error *told = NULL;
	const char *hint = "";

	machine.kernel = axis->name;
	machine.folder = axis->folder;
	error = target_create(options->target, &machine, &target);
	if (!error)
		error = carry_plan(plan->json, target, &modules, &carried);
	json_decref(carried);
	if (!error)
		error = carry_check(&modules, axis->release);
	carried_list_deinit(&modules);
	if (error && error_kind(error) == ERROR_INPUT && !axis->plan)
		hint = "; " PLACE " in a module's path stands for each kernel's release";
	if (error)
		told = error_new(error_kind(error), "kernel %s: %s%s", axis->release,
				 error_message(error), hint);
	return told;
}

static struct error *fill_axis(struct axis *axis, const char *name,
			       const struct plan *plan, const struct run_options *options,
			       bool alone)
{
	_kernel_ struct kernel kernel = { 0 };
	struct error *error = kernel_find(name, &kernel);

	if (error)
		return error;
	axis->name = name;
	axis->release = strdup(kernel.release);
	if (!axis->release)
		return error_nomem();
	error = alone ? NULL
		      : file_join(options->machine.folder, axis->release, &axis->folder);
	if (!error && alone)
		axis->folder = strdup(options->machine.folder);
	if (!error && !axis->folder)
		error = error_nomem();
	if (!error)
		error = matrix_plan(plan, axis->release, &axis->plan);
	return error;
}

static struct error *fill(struct axes *axes, const struct matrix *m,
			  const struct plan *plan, const struct run_options *options)
{
	size_t count = m->kernels->count ? m->kernels->count : 1;
	struct error *error = NULL;

	axes->items = calloc(count, sizeof(*axes->items));
	if (!axes->items)
		return error_nomem();
	for (size_t i = 0; !error && i < count; i++) {
		struct axis *axis = &axes->items[i];

		axes->count++;
		error = fill_axis(axis, m->kernels->count ? m->kernels->items[i] : NULL,
				  plan, options, count == 1);
		for (size_t k = 0; !error && k < i; k++)
			if (!strcmp(axes->items[k].release, axis->release))
				error = error_new(
					ERROR_USAGE,
					"kernel %s is named twice: '%s' and '%s'",
					axis->release, axes->items[k].name, axis->name);
	}
	for (size_t i = 0; !error && count > 1 && i < count; i++)
		error = check_modules(&axes->items[i],
				      axes->items[i].plan ? axes->items[i].plan : plan,
				      options);
	return error;
}

static struct error *run_axis(const struct matrix *m, struct axis *axis,
			      const struct plan *plan, const struct run_options *options,
			      enum level fail_on)
{
	struct run_options with = *options;
	_free_ char *json = NULL;
	const char *formats[1];
	struct report_options output = REPORT_OPTIONS_DEFAULTS;
	struct error *error = report_create("cycle", plan->name, &axis->report);
	enum exit_status status;

	if (error)
		return error;
	with.machine.kernel = axis->name;
	with.machine.folder = axis->folder;
	error = m->run(m->context, axis->plan ? axis->plan : plan, &with, axis->report);
	/* one that cannot be run does not keep the others from it */
	if (error &&
	    (error_kind(error) == ERROR_USAGE || error_kind(error) == ERROR_INTERRUPT ||
	     error_kind(error) == ERROR_NOMEM))
		return error;
	if (error) {
		struct error *failed = report_fail(
			axis->report, "it could not be run: %s", error_message(error));

		error_destroy(error);
		if (failed)
			return failed;
	}
	if (asprintf(&json, "json:%s/report.json", axis->folder) < 0) {
		json = NULL;
		return error_nomem();
	}
	formats[0] = json;
	output.formats = (struct string_list){ formats, 1, 1 };
	output.folder = axis->folder;
	output.fail_on = (int)fail_on;
	return report_output(axis->report, &output, &status);
}

static bool same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
	return same(a->rule, b->rule) && same(a->path, b->path) && a->line == b->line &&
	       same(a->symbol, b->symbol) && same(a->message, b->message);
}

static bool has_finding(const struct report *report, const struct finding *finding)
{
	for (size_t i = 0; i < report->findings_count; i++)
		if (same_finding(&report->findings[i], finding))
			return true;
	return false;
}

/* Told once, with the kernels that show it. */
static struct error *add_finding(const struct axes *axes, size_t first, size_t index,
				 struct report *report)
{
	struct finding finding = axes->items[first].report->findings[index];
	_strbuf_ struct strbuf evidence = STRBUF_INIT;

	for (size_t i = 0; i < first; i++)
		if (has_finding(axes->items[i].report, &finding))
			return NULL;
	strbuf_adds(&evidence, "on kernel ");
	for (size_t i = first, n = 0; i < axes->count; i++)
		if (has_finding(axes->items[i].report, &finding))
			strbuf_addf(&evidence, "%s%s", n++ ? ", " : "",
				    axes->items[i].release);
	strbuf_addf(&evidence, "\n%s", finding.evidence ? finding.evidence : "");
	finding.evidence = strbuf_string(&evidence);
	return report_add_finding(report, &finding);
}

static struct error *add_runs(const struct axis *axis, struct report *report)
{
	const struct report *from = axis->report;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < from->runs_count; i++) {
		_free_ char *name = NULL;
		struct run run = from->runs[i];

		if (asprintf(&name, "%s: %s", axis->release, run.cycle) < 0)
			return name = NULL, error_nomem();
		run.cycle = name;
		error = report_add_run(report, &run);
	}
	for (size_t i = 0; !error && i < from->measurements_count; i++) {
		const struct measurement *m = &from->measurements[i];
		_free_ char *name = NULL;

		if (asprintf(&name, "%s: %s", axis->release, m->name) < 0)
			return name = NULL, error_nomem();
		error = report_measure(report, name, m->value, m->unit);
	}
	for (size_t i = 0; !error && i < from->not_checked_count; i++) {
		const struct not_checked *n = &from->not_checked[i];

		error = report_not_checked(report, n->asked, n->what, "kernel %s: %s",
					   axis->release, n->why);
	}
	if (!error && from->failure)
		error = report_fail(report, "kernel %s: %s", axis->release,
				    from->failure);
	return error;
}

static void kernels_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)value, i, one)
		strbuf_addf(out, "  %-32s %-10s %s%s%s\n",
			    json_string_value(json_object_get(one, "release")),
			    json_string_value(json_object_get(one, "verdict")),
			    style->dim, json_string_value(json_object_get(one, "folder")),
			    style->reset);
}

static const struct section kernels_section = {
	.name = "kernels",
	.text = kernels_text,
	.order = -30,
};

static struct error *add_all(const struct axes *axes, struct report *report)
{
	json_t *list = json_array();
	struct error *error = list ? NULL : error_nomem();

	for (size_t i = 0; !error && i < axes->count; i++) {
		const struct axis *axis = &axes->items[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:o}", "release", axis->release, "verdict",
				  verdict_name(report_verdict(axis->report)), "folder",
				  json_any_string(axis->folder)));
		for (size_t k = 0; !error && k < axis->report->findings_count; k++)
			error = add_finding(axes, i, k, report);
		if (!error)
			error = add_runs(axis, report);
	}
	if (error) {
		json_decref(list);
		return error;
	}
	return report_add_section(report, &kernels_section, list);
}

struct error *matrix_run(const struct matrix *m, const struct plan *plan,
			 const struct run_options *options, struct report *report)
{
	__attribute__((cleanup(axes_deinit))) struct axes axes = { 0 };
	struct run_options with = *options;
	struct error *error;

	if (strcmp(options->target, "vm")) {
		if (m->kernels->count)
			return error_new(
				ERROR_USAGE,
				"the target %s has its own kernel: --kernel is for "
				"the target vm",
				options->target);
		return m->run(m->context, plan, options, report);
	}
	error = fill(&axes, m, plan, options);
	if (error)
		return error;
	if (axes.count == 1) {
		with.machine.kernel = axes.items[0].name;
		return m->run(m->context, axes.items[0].plan ? axes.items[0].plan : plan,
			      &with, report);
	}
	for (size_t i = 0; !error && i < axes.count; i++) {
		if (i && *options->stop) {
			error = report_not_checked(report, true, axes.items[i].release,
						   "interrupted");
			axes.count = i;
			break;
		}
		error = run_axis(m, &axes.items[i], plan, options, report->fail_on);
	}
	return error ? error : add_all(&axes, report);
}
