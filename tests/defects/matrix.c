/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The toolkit's own confusion matrix: every planted defect is gated, and must be found
 * by the rule, in the function and on the line that its expectation names; nothing else
 * may be found. The clean driver and the innocent patches must be clean.
 *
 * usage: matrix [OPTION]… EXPECTATION.json…
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "common/tool.h"
#include "report/format.h"
#include "report/frame.h"
#include "report/json.h"

struct matrix_options {
	struct report_options report;
	const char *build;  /* build/ */
	const char *config; /* the driver's bookend.json */
	uint64_t module_passes, device_passes;
	bool list;
};

static const struct option options[] = {
	{ OPTION_STRING, 0, "build", "DIR", offsetof(struct matrix_options, build),
	  "the build folder with bin/ and defects/. Default: build" },
	{ OPTION_STRING, 0, "config", "FILE", offsetof(struct matrix_options, config),
	  "how the driver is gated. Default: reference-driver/bookend.json" },
	{ OPTION_COUNT, 0, "module-passes", "N",
	  offsetof(struct matrix_options, module_passes),
	  "load/unload passes. Default: 30" },
	{ OPTION_COUNT, 0, "device-passes", "N",
	  offsetof(struct matrix_options, device_passes),
	  "open/close passes. Default: 500" },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct matrix_options, report), NULL,
	  NULL, report_option_table },
	OPTIONS_END,
};

static const struct matrix_options defaults = {
	.report = REPORT_OPTIONS_DEFAULTS,
	.build = "build",
	.config = "reference-driver/bookend.json",
	.module_passes = 30,
	.device_passes = 500,
};

struct expectation {
	json_t *json;
	const char *name, *summary, *tool, *pending;
	const char *rule, *function, *file, *line_of,
		*step; /* of expect; rule NULL: clean */
	const json_t *also, *boot;
	const char *cycle, *lint;
	char *folder;	   /* build/defects/NAME */
	char *boot_option; /* "--cycle-option=--append=…", or NULL */
	unsigned int line;
};

static void expectation_deinit(struct expectation *e)
{
	json_decref(e->json);
	free(e->folder);
	free(e->boot_option);
}

static const char *word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The line of the patched source that holds the planted text. */
static struct error *find_line(struct expectation *e)
{
	_free_ char *path = NULL, *text = NULL;
	const char *at;
	struct error *error;

	if (!e->line_of || !e->file)
		return NULL;
	if (asprintf(&path, "%s/source/%s", e->folder, e->file) < 0)
		return path = NULL, error_nomem();
	error = file_read_text(path, 1 << 20, &text);
	if (error)
		return error;
	at = strstr(text, e->line_of);
	if (!at || strstr(at + 1, e->line_of))
		return error_new(ERROR_INPUT,
				 "%s: '%s' does not stand there exactly once", path,
				 e->line_of);
	e->line = 1;
	for (const char *c = text; c < at; c++)
		e->line += *c == '\n';
	return NULL;
}

static struct error *expectation_load(const char *path, const char *build,
				      struct expectation *ret)
{
	struct error *error = json_load_path(path, &ret->json);
	const json_t *expect, *drive;

	if (error)
		return error;
	expect = json_object_get(ret->json, "expect");
	drive = json_object_get(ret->json, "drive");
	ret->name = word(ret->json, "name");
	ret->summary = word(ret->json, "summary");
	ret->tool = word(ret->json, "tool");
	ret->pending = word(ret->json, "pending");
	ret->rule = word(expect, "rule");
	ret->function = word(expect, "function");
	ret->file = word(expect, "file");
	ret->line_of = word(expect, "line_of");
	ret->also = json_object_get(expect, "also");
	ret->cycle = word(drive, "cycle");
	ret->lint = word(drive, "lint");
	ret->boot = json_object_get(drive, "boot");
	if (!ret->name || !ret->tool || (!ret->cycle && !ret->lint))
		return error_new(ERROR_INPUT, "%s: name, tool or drive missing", path);
	if (asprintf(&ret->folder, "%s/defects/%s", build, ret->name) < 0)
		return ret->folder = NULL, error_nomem();
	if (json_array_size(ret->boot) &&
	    asprintf(&ret->boot_option, "--cycle-option=--append=%s",
		     json_string_value(json_array_get(ret->boot, 0))) < 0)
		return ret->boot_option = NULL, error_nomem();
	return find_line(ret);
}

static struct error *add_words(struct string_list *argv, const char *const *words)
{
	struct error *error = NULL;

	for (; !error && *words; words++)
		error = string_list_add(argv, *words);
	return error;
}

/* What is handed to `bookend gate` for this defect. Strings are added to @keep. */
static struct error *gate_arguments(const struct matrix_options *o,
				    const struct expectation *e, const char *folder,
				    char **program, char **subject, char **passes,
				    struct string_list *argv)
{
	struct error *error;

	if (asprintf(program, "%s/bin/bookend-gate", o->build) < 0 ||
	    asprintf(subject, "%s/%s", e->folder, e->lint ? e->lint : "refdrv.ko") < 0 ||
	    asprintf(passes, "%llu",
		     (unsigned long long)(e->cycle && !strcmp(e->cycle, "module")
						  ? o->module_passes
						  : o->module_passes / 3)) < 0)
		return error_nomem();
	error = add_words(argv,
			  (const char *const[]){ *program, *subject, "-q", "-o", folder,
						 "--passes", *passes, NULL });
	if (!error && e->lint)
		error = add_words(argv, (const char *const[]){ "--skip", "cycle",
							       "--skip", "build", NULL });
	if (!error && e->cycle)
		error = add_words(argv, (const char *const[]){ "--config", o->config,
							       "--skip", "lint", NULL });
	if (!error && e->boot_option)
		error = string_list_add(argv, e->boot_option);
	return error;
}

static struct error *gate(const struct matrix_options *o, const struct expectation *e,
			  struct report **ret, double *seconds)
{
	_free_ char *folder = NULL, *report = NULL, *log = NULL;
	char *program = NULL, *subject = NULL, *passes = NULL;
	char device[32];
	struct process_options how = { .keep_stderr = true };
	struct process_result result = { 0 };
	struct string_list argv = { 0 };
	struct timespec from, to;
	struct error *error;

	if (asprintf(&folder, "%s/run", e->folder) < 0)
		return folder = NULL, error_nomem();
	if (asprintf(&report, "%s/report.json", folder) < 0)
		return report = NULL, error_nomem();
	if (asprintf(&log, "%s/gate.log", e->folder) < 0)
		return log = NULL, error_nomem();
	error = file_remove_tree(folder);
	if (!error)
		error = gate_arguments(o, e, folder, &program, &subject, &passes, &argv);
	snprintf(device, sizeof(device), "--device-passes=%llu",
		 (unsigned long long)o->device_passes);
	if (!error)
		error = string_list_add(&argv, device);
	if (!error)
		error = string_list_add(&argv, NULL);
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (!error)
		error = process_run(argv.items, &how, &result);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*seconds = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
	if (!error)
		error = file_write(log, strbuf_string(&result.output),
				   result.output.length, 0644);
	if (!error && result.status == EXIT_UNABLE)
		error = error_new(ERROR_SYSTEM, "the gate could not do its work: see %s",
				  log);
	if (!error)
		error = report_load(report, ret);
	strbuf_deinit(&result.output);
	string_list_deinit(&argv);
	free(program);
	free(subject);
	free(passes);
	return error;
}

static bool ends_with(const char *path, const char *name)
{
	size_t a = strlen(path), b = strlen(name);

	return a >= b && !strcmp(path + a - b, name) &&
	       (a == b || path[a - b - 1] == '/');
}

static bool frame_fits(const struct frame *f, const struct expectation *e)
{
	if (e->function && (!f->function || strcmp(f->function, e->function)))
		return false;
	return !e->line || (f->file && ends_with(f->file, e->file) && f->line == e->line);
}

/* "packaging/dkms.conf.in" ships as "dkms.conf". */
static char *shipped_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *name = strdup(slash ? slash + 1 : file);
	size_t n = name ? strlen(name) : 0;

	if (n > 3 && !strcmp(name + n - 3, ".in"))
		name[n - 3] = '\0';
	return name;
}

/*
 * What the linter says of packages names their members, or a script of theirs; of a
 * binary, the symbol that the planted line calls.
 */
static bool lint_place_fits(const struct finding *f, const struct expectation *e)
{
	_free_ char *name = shipped_name(e->file);
	bool line = !f->line || f->line == e->line;

	if (!name)
		return false;
	if (!strcmp(e->lint, "refdrv.ko"))
		return f->symbol && strstr(e->line_of, f->symbol);
	return line && ((f->path && ends_with(f->path, name)) ||
			(f->symbol && !strcmp(f->symbol, name)));
}

/* The finding stands where it should: a frame of its stack, or its own path and line. */
static bool place_fits(const struct finding *finding, const struct expectation *e)
{
	if (!e->function && !e->line)
		return true;
	if (e->lint && !e->function)
		return lint_place_fits(finding, e);
	for (size_t i = 0; i < finding->stack_count; i++)
		if (frame_fits(&finding->stack[i], e))
			return true;
	return e->line && finding->path && ends_with(finding->path, e->file) &&
	       finding->line == e->line &&
	       (!e->function || !finding->symbol ||
		!strcmp(finding->symbol, e->function));
}

static bool is_expected(const struct expectation *e, const char *rule)
{
	const json_t *one;
	size_t i;

	if (e->rule && !strcmp(e->rule, rule))
		return true;
	json_array_foreach(e->also, i,
			   one) if (!strcmp(json_string_value(one), rule)) return true;
	return false;
}

struct verdict_of {
	bool found, placed;
	struct strbuf others; /* rules that should not have fired */
};

static void judge(const struct report *report, const struct expectation *e,
		  struct verdict_of *ret)
{
	for (size_t i = 0; i < report->findings_count; i++) {
		const struct finding *f = &report->findings[i];

		if (e->rule && !strcmp(f->rule, e->rule)) {
			ret->found = true;
			ret->placed |= place_fits(f, e);
		}
		if (f->level < LEVEL_WARNING || is_expected(e, f->rule))
			continue;
		strbuf_addf(&ret->others, "%s%s", ret->others.length ? " " : "", f->rule);
	}
}

static struct error *add_row(json_t *rows, const struct expectation *e,
			     const char *outcome, const char *others, double seconds)
{
	_free_ char *place = NULL;
	struct json_builder b;
	json_t *row = NULL;
	struct error *error;

	if (e->line && asprintf(&place, "%s %s:%u", e->function ? e->function : "",
				e->file, e->line) < 0)
		return place = NULL, error_nomem();
	json_builder_init(&b);
	json_builder_string(&b, "defect", e->name);
	json_builder_string(&b, "tool", e->tool);
	json_builder_string(&b, "expected", e->rule ? e->rule : "clean");
	json_builder_string(&b, "place", place);
	json_builder_string(&b, "outcome", outcome);
	json_builder_string(&b, "others", others && *others ? others : NULL);
	json_builder_real(&b, "seconds", seconds);
	error = json_builder_finish(&b, &row);
	if (!error && json_array_append_new(rows, row))
		error = error_nomem();
	return error;
}

static const char *outcome_of(const struct expectation *e, const struct report *report,
			      const struct verdict_of *v)
{
	if (!e->rule)
		return v->others.length ? "false alarm"
		       : report->failure || report_verdict(report) == VERDICT_FAILED
			       ? "failed"
			       : "clean";
	if (!v->found)
		return "missed";
	if (!v->placed)
		return "wrong place";
	return v->others.length ? "found, and more" : "found";
}

static struct error *run_one(const struct matrix_options *o, struct expectation *e,
			     json_t *rows, struct report *ret)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	struct verdict_of v = { .others = STRBUF_INIT };
	struct error *error;
	const char *outcome;
	double seconds = 0;

	if (e->pending) {
		error = report_not_checked(ret, false, e->name, "pending: %s (%s)",
					   e->pending, e->tool);
		return error ? error : add_row(rows, e, "pending", NULL, 0);
	}
	error = gate(o, e, &report, &seconds);
	if (error) {
		_error_ struct error *why = error;

		fprintf(stderr, "  %-24s %s\n", e->name, error_message(why));
		error = report_fail(ret, "%s: %s", e->name, error_message(why));
		return error ? error : add_row(rows, e, "not gated", NULL, seconds);
	}
	judge(report, e, &v);
	outcome = outcome_of(e, report, &v);
	if (strcmp(outcome, "found") && strcmp(outcome, "clean"))
		error = report_fail(ret, "%s is %s", e->name, outcome);
	if (!o->report.quiet)
		fprintf(stderr, "  %-24s %s\n", e->name, outcome);
	if (!error)
		error = add_row(rows, e, outcome, strbuf_string(&v.others), seconds);
	strbuf_deinit(&v.others);
	return error;
}

static void matrix_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	json_t *row;
	size_t i, good = 0, pending = 0;

	strbuf_addf(out, "\n  %s%-24s %-10s %-8s %-14s %s%s\n", s->dim, "defect", "tool",
		    "expected", "outcome", "where", s->reset);
	json_array_foreach(value, i, row)
	{
		const char *outcome = word(row, "outcome"), *place = word(row, "place");
		const char *others = word(row, "others");
		bool ok = !strcmp(outcome, "found") || !strcmp(outcome, "clean");

		good += ok;
		pending += !strcmp(outcome, "pending");
		strbuf_addf(out, "  %-24s %-10s %-8s %s%-14s%s %s%s%s\n",
			    word(row, "defect"), word(row, "tool"), word(row, "expected"),
			    ok ? s->green : s->red, outcome, s->reset, place ? place : "",
			    others ? "  also " : "", others ? others : "");
	}
	strbuf_addf(out, "\n  %zu of %zu as they should be, %zu pending\n", good,
		    json_array_size(value), pending);
}

static const struct section matrix_section = {
	.name = "matrix",
	.text = matrix_text,
	.order = -1,
};

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	const struct matrix_options *o = values;
	_cleanup_(report_destroy) struct report *report = NULL;
	struct error *error = report_options_check(&o->report);
	json_t *rows = json_array();

	if (!error && !operands->count)
		error = error_new(ERROR_USAGE, "give expectation files");
	if (!error)
		error = report_create("defects", "reference-driver/defects", &report);
	for (size_t i = 0; !error && i < operands->count; i++) {
		struct expectation e = { 0 };

		error = expectation_load(operands->items[i], o->build, &e);
		if (!error)
			error = run_one(o, &e, rows, report);
		expectation_deinit(&e);
	}
	if (!error)
		error = report_add_section(report, &matrix_section, json_incref(rows));
	json_decref(rows);
	return error ? error : report_output(report, &o->report, ret);
}

static void options_deinit(void *values)
{
	report_options_deinit(&((struct matrix_options *)values)->report);
}

static const struct tool tool = {
	.command = {
		.name = "defects",
		.usage = "[OPTION]… EXPECTATION…",
		.summary = "Gates planted defects and prints the confusion matrix.",
		.options = options,
	},
	.values_size = sizeof(struct matrix_options),
	.defaults = &defaults,
	.run = run,
	.deinit = options_deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
