/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend leakwatch: does it leak, how much, from which line? */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/tool.h"
#include "leakwatch/compare.h"
#include "leakwatch/loaded.h"
#include "leakwatch/source.h"
#include "leakwatch/verdict.h"
#include "leakwatch/watch.h"
#include "report/format.h"
#include "report/json.h"

struct values {
	struct string_list modules, symbols, sources, ranges;
	const char *source, *save, *census;
	uint64_t for_ns, repeat, groups, cycles, objects;
	bool list, call_site_only, no_settle;
	struct report_options report;
};

static const struct option options[] = {
	{ OPTION_LIST, 'm', "module", "NAME|FILE", offsetof(struct values, modules),
	  "Module to watch, by name or by its .ko file, which then names functions and "
	  "lines too. Repeatable. It may be loaded already, or be loaded by COMMAND." },
	{ OPTION_LIST, 0, "range", "NAME=FIRST[..LAST]", offsetof(struct values, ranges),
	  "Watches built-in code: the functions of the kernel from FIRST to LAST." },
	{ OPTION_LIST, 0, "symbols", "PATH", offsetof(struct values, symbols),
	  "Debug file, or folder that is searched for debug files. Repeatable." },
	{ OPTION_LIST, 0, "source-path", "DIR", offsetof(struct values, sources),
	  "Where source files are, to show the line itself. Repeatable." },
	{ OPTION_DURATION, 0, "for", "TIME", offsetof(struct values, for_ns),
	  "Watches for TIME instead of running a command; a pass is then a second." },
	{ OPTION_COUNT, 0, "repeat", "N", offsetof(struct values, repeat),
	  "Runs COMMAND N times; each run is a pass. Default 1, where a load is a pass, "
	  "or a second when the module is loaded already." },
	{ OPTION_STRING, 0, "source", "NAME", offsetof(struct values, source),
	  "Counts by this source of --list instead of the best one." },
	{ OPTION_COUNT, 0, "groups", "N", offsetof(struct values, groups),
	  "Sources that count for the whole kernel: N groups of cycling, idling, idling, "
	  "cycling. Default 8, at least 4." },
	{ OPTION_COUNT, 0, "cycles", "N", offsetof(struct values, cycles),
	  "How many cycles one run of COMMAND makes, for figures per cycle. Default 1." },
	{ OPTION_COUNT, 0, "objects", "N", offsetof(struct values, objects),
	  "Room for objects that are alive at once. Default 262144." },
	{ OPTION_FLAG, 0, "call-site-only",
	  .offset = offsetof(struct values, call_site_only),
	  .help = "Only direct calls of the module: cheaper, and blind for kasprintf, "
		  "pages, vmalloc and whatever the kernel allocates on its behalf." },
	{ OPTION_FLAG, 0, "no-settle", .offset = offsetof(struct values, no_settle),
	  .help = "Leaves the caches of the machine alone at the end; what the kernel "
		  "frees late may then be reported." },
	{ OPTION_STRING, 0, "save", "FILE", offsetof(struct values, save),
	  "Keeps the census as JSON." },
	{ OPTION_STRING, 0, "census", "FILE", offsetof(struct values, census),
	  "Judges a census that was kept, instead of taking one." },
	{ OPTION_FLAG, 0, "list", .offset = offsetof(struct values, list),
	  .help = "Says which sources this kernel offers, and what each can prove." },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct values, report), NULL,
	  .group = report_option_table },
	OPTIONS_END,
};

static const struct values defaults = { .report = REPORT_OPTIONS_DEFAULTS };

enum { MODULES = CENSUS_MAX_MODULES, SYMBOLS = 32 };

static volatile int interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

/* What is watched, in the forms that its users want. */
struct subject {
	char names[MODULES][64];
	const char *module_names[MODULES + 1];
	struct leak_module modules[MODULES + SYMBOLS];
	size_t module_count, symbol_count;
	struct census_range ranges[MODULES];
	char range_texts[MODULES][256];
	size_t range_count;
	const char *sources[SYMBOLS + 1];
};

static struct error *parse_range(const char *text, struct subject *s)
{
	char *copy = s->range_texts[s->range_count], *equal, *dots;

	if (s->range_count >= MODULES || strlen(text) >= sizeof(s->range_texts[0]))
		return error_new(ERROR_USAGE, "--range %s: too many or too long", text);
	strcpy(copy, text);
	equal = strchr(copy, '=');
	if (!equal || equal == copy || !equal[1])
		return error_new(ERROR_USAGE, "--range %s: NAME=FIRST[..LAST] is needed",
				 text);
	*equal++ = 0;
	dots = strstr(equal, "..");
	if (dots)
		*dots = 0;
	s->ranges[s->range_count++] =
		(struct census_range){ copy, equal, dots ? dots + 2 : NULL };
	return NULL;
}

static struct error *parse_module(const char *text, struct subject *s)
{
	size_t length = strlen(text);
	bool file = strchr(text, '/') || (length > 3 && strstr(text, ".ko"));
	char *name = s->names[s->module_count];

	if (s->module_count >= MODULES)
		return error_new(ERROR_USAGE, "at most %d modules can be watched at once",
				 MODULES);
	if (file && access(text, R_OK))
		return error_errno(errno, "cannot read %s", text);
	if (!loaded_name(text, name, sizeof(s->names[0])))
		return error_new(ERROR_USAGE, "--module %s: this is no module's name",
				 text);
	s->module_names[s->module_count] = name;
	s->modules[s->module_count++] =
		(struct leak_module){ .name = name, .path = file ? text : NULL };
	return NULL;
}

static struct error *parse_subject(const struct values *v, struct subject *s)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < v->modules.count; i++)
		error = parse_module(v->modules.items[i], s);
	for (size_t i = 0; !error && i < v->ranges.count; i++)
		error = parse_range(v->ranges.items[i], s);
	if (error)
		return error;
	if (v->symbols.count > SYMBOLS || v->sources.count > SYMBOLS)
		return error_new(ERROR_USAGE, "at most %d paths of symbols or sources",
				 SYMBOLS);
	s->symbol_count = s->module_count;
	for (size_t i = 0; i < v->symbols.count; i++)
		s->modules[s->symbol_count++] =
			(struct leak_module){ .debug_file = v->symbols.items[i] };
	for (size_t i = 0; i < v->sources.count; i++)
		s->sources[i] = v->sources.items[i];
	return NULL;
}

static struct error *list_sources(void)
{
	const struct memory_source *sources[32];
	size_t count = source_list(sources, 32);

	for (size_t i = 0; i < count; i++) {
		_error_ struct error *missing = sources[i]->available("");

		printf("%s %-12s %s\n", missing ? "-" : "+", sources[i]->name,
		       sources[i]->summary);
		printf("               proves: %s\n", sources[i]->proves);
		if (missing)
			printf("               not here: %s\n", error_message(missing));
	}
	puts("\nThe best source of a kernel is taken unless --source names another. The "
	     "formats of\nallocinfo and kmemleak, which no Debian 6.1 kernel offers, are "
	     "tested on recorded files.");
	return NULL;
}

/* The best there is, or the one asked for; @skipped says why a better one is not. */
static struct error *choose(const char *name, struct strbuf *skipped,
			    const struct memory_source **ret)
{
	const struct memory_source *sources[32];
	size_t count = source_list(sources, 32);

	if (name) {
		*ret = source_find(name);
		return *ret ? (*ret)->available("")
			    : error_new(ERROR_USAGE,
					"there is no source '%s': --list shows them",
					name);
	}
	for (size_t i = 0; i < count; i++) {
		struct error *error = sources[i]->available("");

		/* vmallocinfo sees areas alone: it is for those who ask for it */
		if (!error && strcmp(sources[i]->name, "vmallocinfo")) {
			*ret = sources[i];
			return NULL;
		}
		if (error)
			strbuf_addf(skipped, "%s%s: %s", skipped->length ? "; " : "",
				    sources[i]->name, error_message(error));
		error_destroy(error);
	}
	return error_new(ERROR_MISSING, "nothing here can count kernel memory");
}

static struct error *check_usage(const struct values *v, const struct subject *s,
				 const struct string_list *operands)
{
	if (v->census)
		return operands->count
			       ? error_new(ERROR_USAGE, "--census takes no command")
			       : NULL;
	if (!s->module_count && !s->range_count)
		return error_new(ERROR_USAGE,
				 "what shall be watched? Give --module NAME or FILE.ko");
	if (operands->count && v->for_ns)
		return error_new(ERROR_USAGE, "either --for TIME or a command, not both");
	if (!operands->count && !v->for_ns)
		return error_new(ERROR_USAGE,
				 "give a command that cycles after --, or --for TIME");
	if (v->groups && v->groups < 4)
		return error_new(ERROR_USAGE, "--groups: at least 4 are needed");
	return report_options_check(&v->report);
}

static struct error *take_census(const struct values *v, const struct subject *s,
				 const char *const *command,
				 const struct leak_options *judge, json_t **census,
				 struct report *report)
{
	struct watch_options watch = {
		.census = { .modules = s->module_names,
			    .module_count = s->module_count,
			    .ranges = s->ranges,
			    .range_count = s->range_count,
			    .objects = (uint32_t)v->objects,
			    .call_site_only = v->call_site_only },
		.command = command,
		.repeat = v->repeat,
		.for_ns = v->for_ns,
		.no_settle = v->no_settle,
		.quiet = v->report.quiet,
		.judge = judge,
		.interrupted = &interrupted,
	};
	int status = 0;
	struct error *error = watch_run(&watch, census, &status);

	if (!error && interrupted && (command || v->for_ns))
		error = report_not_checked(report, true, "the rest of the run",
					   "interrupted: this is the verdict so far");
	else if (!error && status)
		error = report_fail(report, "%s ended with status %d", command[0],
				    status);
	if (!error && v->call_site_only)
		error = report_not_checked(report, true, "indirect allocations",
					   "--call-site-only sees direct calls alone");
	return error;
}

static struct error *save(const char *path, const json_t *census)
{
	_free_ char *text = json_dumps(census, JSON_INDENT(1) | JSON_SORT_KEYS);

	return text ? file_write(path, text, strlen(text), 0644) : error_nomem();
}

static struct error *by_census(const struct values *v, const struct subject *s,
			       const char *const *command, struct report *report)
{
	struct leak_options judge = { .modules = s->modules,
				      .module_count = s->symbol_count,
				      .source_folders = s->sources };
	json_t *census = NULL;
	struct error *error =
		v->census ? json_load_path(v->census, &census)
			  : take_census(v, s, command, &judge, &census, report);

	if (!error && v->save)
		error = save(v->save, census);
	if (!error)
		error = leak_judge(census, &judge, report);
	json_decref(census);
	return error;
}

static struct error *by_source(const struct values *v, const struct subject *s,
			       const struct memory_source *source,
			       const char *const *command, struct report *report)
{
	struct compare_options compare = { .source = source,
					   .modules = s->module_names,
					   .command = command,
					   .repeat = v->repeat,
					   .groups = v->groups,
					   .cycles = v->cycles,
					   .quiet = v->report.quiet,
					   .interrupted = &interrupted };
	int status = 0;
	struct error *error;

	if (!command)
		return error_new(ERROR_USAGE,
				 "source %s compares cycling with idling: give a command",
				 source->name);
	error = compare_run(&compare, report, &status);
	if (!error && status)
		error = report_fail(report, "%s ended with status %d", command[0],
				    status);
	return error;
}

static struct error *work(const struct values *v, const struct subject *s,
			  const char *const *command, enum exit_status *ret)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	_strbuf_ struct strbuf skipped = STRBUF_INIT;
	const struct memory_source *source = NULL;
	struct error *error = v->census ? NULL : choose(v->source, &skipped, &source);

	if (!error)
		error = report_create("leakwatch",
				      s->module_count  ? s->names[0]
				      : s->range_count ? s->ranges[0].name
						       : v->census,
				      &report);
	if (error)
		return error;
	if (!v->source && source && source->tier)
		error = report_not_checked(report, true, "leak census", "%s",
					   strbuf_string(&skipped));
	if (!error && (!source || !source->read))
		error = by_census(v, s, command, report);
	else if (!error)
		error = by_source(v, s, source, command, report);
	return error ? error : report_output(report, &v->report, ret);
}

static struct error *run(void *data, const struct string_list *operands,
			 enum exit_status *ret)
{
	const struct values *v = data;
	_free_ struct subject *s = calloc(1, sizeof(*s));
	_free_ const char **command = calloc(operands->count + 1, sizeof(*command));
	struct sigaction action = { .sa_handler = on_signal };
	struct error *error;

	if (!s || !command)
		return error_nomem();
	if (v->list) {
		*ret = EXIT_CLEAN;
		return list_sources();
	}
	error = parse_subject(v, s);
	if (!error)
		error = check_usage(v, s, operands);
	if (error)
		return error;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (size_t i = 0; i < operands->count; i++)
		command[i] = operands->items[i];
	return work(v, s, operands->count ? command : NULL, ret);
}

static void deinit(void *data)
{
	struct values *v = data;

	string_list_deinit(&v->modules);
	string_list_deinit(&v->symbols);
	string_list_deinit(&v->sources);
	string_list_deinit(&v->ranges);
	report_options_deinit(&v->report);
}

static const struct tool leakwatch = {
	.command = {
		.name = "leakwatch",
		.usage = "[OPTION]… --module M [--] COMMAND [ARGUMENT]…\n"
			 "[OPTION]… --module M --for TIME\n"
			 "[OPTION]… --census FILE\n"
			 "--list",
		.summary = "Says which line of a driver leaks, how much, and proves when "
			   "none does.",
		.description =
			"Takes a census of the kernel memory that a driver allocates while "
			"COMMAND cycles it: every object, and its free by whoever frees it. "
			"What is alive when the kernel has settled is the leak. Runs as root, "
			"on the machine that has the driver; in a throwaway machine with "
			"'bookend vm run'. Where BPF is not to be had, the best other source "
			"is taken, and the report says so.",
		.examples = "bookend leakwatch --module refdrv.ko -- ./load-and-unload\n"
			    "bookend leakwatch --module nvme --for 1h",
		.options = options,
		.raw_after_first = true,
	},
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&leakwatch, argc, argv);
}
