/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/tool.h"
#include "report/format.h"
#include "symbolizer/beside.h"
#include "symbolizer/disassembly.h"
#include "symbolizer/dump.h"
#include "symbolizer/modes.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/process_core.h"
#include "symbolizer/reader.h"
#include "symbolizer/symbolizer.h"
#include "symbolizer/tail.h"

struct values {
	struct report_options report;
	struct string_list debug, sources, layouts;
	const char *kallsyms, *btf, *release, *addresses, *dedup, *gsym;
	bool no_index, returns, index, annotate, follow, modules;
};

static const struct option options[] = {
	{ OPTION_LIST, 'd', "debug", "PATH", offsetof(struct values, debug),
	  "A debug file, or a folder to look for debug files in. Repeatable; the system's "
	  "own places are asked after these." },
	{ OPTION_LIST, 0, "source", "DIR", offsetof(struct values, sources),
	  "Where source files are, so that frames show their line." },
	{ OPTION_LIST, 0, "sections", "PATH", offsetof(struct values, layouts),
	  "Where modules were loaded: a JSON file, or a copy of /sys/module." },
	{ OPTION_STRING, 0, "kallsyms", "FILE", offsetof(struct values, kallsyms),
	  "A copy of that kernel's /proc/kallsyms, made by root, packed or not. The cycler "
	  "keeps one beside its logs, which is used by itself." },
	{ OPTION_STRING, 0, "btf", "FILE", offsetof(struct values, btf),
	  "A copy of that kernel's /sys/kernel/btf/vmlinux: shows how functions are declared "
	  "where no debug file is found." },
	{ OPTION_STRING, 0, "release", "RELEASE", offsetof(struct values, release),
	  "The kernel's release, where the log does not tell it." },
	{ OPTION_FLAG, 0, "annotate", NULL, offsetof(struct values, annotate),
	  "Copies the log as it is, with lines marked by ^ below every place, instead of "
	  "reporting." },
	{ OPTION_FLAG, 0, "follow", NULL, offsetof(struct values, follow),
	  "Goes on when the log grows, and tells each report when it is complete; with "
	  "--annotate copies the log." },
	{ OPTION_STRING, 0, "addresses", "FILE|-", offsetof(struct values, addresses),
	  "Looks up the hexadecimal addresses that FILE lists in the one file given with "
	  "--debug." },
	{ OPTION_FLAG, 0, "returns", NULL, offsetof(struct values, returns),
	  "The addresses are return addresses: each is looked up one byte before." },
	{ OPTION_STRING, 0, "dedup", "DIR", offsetof(struct values, dedup),
	  "Groups the logs in DIR by what happened, with counts and releases." },
	{ OPTION_FLAG, 0, "modules", NULL, offsetof(struct values, modules),
	  "Prints a script for gdb that loads the symbols of all modules: of this running "
	  "machine, of --sections, or of a log that tells load addresses." },
	{ OPTION_FLAG, 0, "index", NULL, offsetof(struct values, index),
	  "Indexes the debug files that are named, or lie in folders that are, ahead of "
	  "need." },
	{ OPTION_STRING, 0, "gsym", "FILE", offsetof(struct values, gsym),
	  "Writes what the one file given with --debug holds as GSYM, for LLVM's tools." },
	{ OPTION_FLAG, 0, "no-index", NULL, offsetof(struct values, no_index),
	  "Neither read nor write indexes of debug files in the cache folder." },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct values, report), NULL,
	  .group = report_option_table },
	OPTIONS_END,
};

static struct error *prepare(const struct values *v, struct symbolizer **ret)
{
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	struct error *error = symbolizer_create(&s);

	if (error)
		return error;
	symbolizer_set_cache(s, !v->no_index);
	for (size_t i = 0; !error && i < v->debug.count; i++)
		error = symbolizer_add_path(s, v->debug.items[i]);
	for (size_t i = 0; !error && i < v->sources.count; i++)
		error = symbolizer_add_source_path(s, v->sources.items[i]);
	for (size_t i = 0; !error && i < v->layouts.count; i++)
		error = symbolizer_add_layouts(s, v->layouts.items[i]);
	if (!error && v->kallsyms)
		error = symbolizer_add_kallsyms(s, v->kallsyms);
	if (!error && v->btf)
		error = symbolizer_add_btf(s, v->btf);
	if (!error && v->release)
		error = symbolizer_set_release(s, v->release);
	if (!error)
		*ret = take(s);
	return error;
}

static struct error *gather(void *context, struct panic *panic)
{
	return panic_log_add(context, panic);
}

static struct error *read_log(const char *path, struct panic_log *log)
{
	_cleanup_(panic_reader_destroy) struct panic_reader *reader = NULL;
	_tail_ struct tail tail = { 0 };
	enum tail_state state = TAIL_DATA;
	struct error *error = tail_open(path, false, &tail);
	char block[1 << 16];
	size_t size;

	if (!error)
		error = panic_reader_create(gather, log, &reader);
	while (!error && state == TAIL_DATA) {
		error = tail_read(&tail, block, sizeof(block), &size, &state);
		if (!error)
			error = panic_reader_feed(reader, block, size);
	}
	if (!error)
		error = panic_reader_finish(reader);
	panic_log_sort(log);
	return error;
}

static struct error *read_dump(const struct values *v, const char *path,
			       struct symbolizer *s, struct report *report,
			       struct panic_log *log)
{
	const struct dump_request request = {
		.path = path,
		.layouts = &v->layouts,
		.kallsyms = v->kallsyms,
		.report = report,
	};

	return dump_read_panic(&request, s, log);
}

/* A log in a run folder has beside it what the cycler kept of that machine. */
static struct error *use_run_folder(const struct values *v, const char *path,
				    struct symbolizer *s)
{
	_free_ char *layouts = NULL, *kallsyms = NULL;
	struct error *error = NULL;

	if (!v->layouts.count)
		error = beside_find(path, beside_layouts, &layouts);
	if (!error && !v->kallsyms)
		error = beside_find(path, beside_kallsyms, &kallsyms);
	if (!error && layouts)
		error = symbolizer_add_layouts(s, layouts);
	if (!error && kallsyms)
		error = symbolizer_add_kallsyms(s, kallsyms);
	return error;
}

/* Dumps that crash kernels compress: not read, and no logs either. */
static struct error *refuse_kdump(const char *path)
{
	static const char *const magics[] = { "KDUMP   ", "DISKDUMP", "makedump" };
	_fclose_ FILE *file = fopen(path, "re");
	char head[8];

	if (!file || fread(head, 1, sizeof(head), file) != sizeof(head))
		return NULL;
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++)
		if (!memcmp(head, magics[i], sizeof(head)))
			return error_new(ERROR_INPUT,
					 "%s is a compressed kernel dump, which is not "
					 "read yet: what its kernel said ('makedumpfile "
					 "--dump-dmesg %s FILE') can be symbolized",
					 path, path);
	return NULL;
}

/* Reports of a log, or of a memory dump. */
static struct error *read_panics(const struct values *v, const char *path,
				 struct symbolizer *s, struct report *report,
				 struct panic_log *log)
{
	struct error *error;

	if (strcmp(path, "-") && process_core_recognise(path))
		return process_core_read(path, s, log);
	if (strcmp(path, "-") && dump_recognise(path))
		return read_dump(v, path, s, report, log);
	error = strcmp(path, "-") ? refuse_kdump(path) : NULL;
	if (!error)
		error = read_log(path, log);
	if (!error && log->count && strcmp(path, "-"))
		error = use_run_folder(v, path, s);
	return error ? error : panic_symbolize(log, s);
}

static struct error *symbolize_log(const struct values *v, const char *path,
				   struct symbolizer *s, struct report *report)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	struct error *error;

	if (!log)
		return error_nomem();
	error = read_panics(v, path, s, report, log);
	for (size_t i = 0; !error && i < log->count; i++)
		error = disassembly_read(&log->panics[i]);
	if (!error)
		error = panic_show_in_report(log, path, report);
	return error;
}

static struct error *run_addresses(const struct values *v)
{
	if (v->debug.count != 1)
		return error_new(ERROR_USAGE, "--addresses needs one --debug FILE");
	return mode_addresses(v->debug.items[0], v->addresses, v->returns, !v->no_index,
			      stdout);
}

static struct error *run_gsym(const struct values *v)
{
	if (v->debug.count != 1)
		return error_new(ERROR_USAGE, "--gsym needs one --debug FILE");
	return mode_gsym(v->debug.items[0], v->gsym, !v->no_index);
}

static struct error *run_annotate(const struct values *v, struct symbolizer *s,
				  const struct string_list *operands)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < operands->count; i++) {
		if (strcmp(operands->items[i], "-") && dump_recognise(operands->items[i]))
			return error_new(ERROR_USAGE,
					 "%s is a memory dump: it has no lines to "
					 "annotate; leave --annotate out",
					 operands->items[i]);
		error = mode_annotate(operands->items[i], s, v->follow, stdout);
	}
	return error;
}

static struct error *run_follow(const struct values *v, struct symbolizer *s,
				const struct string_list *operands)
{
	const struct string_list *formats = &v->report.formats;
	const struct follow_request request = {
		.path = operands->items[0],
		.symbolizer = s,
		.format = formats->count ? formats->items[0] : "text",
		.out = stdout,
	};

	if (formats->count > 1 ||
	    (strcmp(request.format, "text") && strcmp(request.format, "json") &&
	     strcmp(request.format, "oneline")))
		return error_new(ERROR_USAGE,
				 "--follow prints one format to standard output: text, "
				 "oneline or json");
	return mode_follow(&request);
}

static struct error *run_modules(const struct values *v, struct symbolizer *s,
				 const struct string_list *operands)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct error *error = NULL;

	if (!v->layouts.count && !operands->count)
		error = symbolizer_add_layouts(s, "/sys/module");
	for (size_t i = 0; !error && i < operands->count; i++) {
		_cleanup_(panic_log_destroy) struct panic_log *log =
			calloc(1, sizeof(*log));

		error = log ? read_panics(v, operands->items[i], s, NULL, log)
			    : error_nomem();
	}
	if (!error)
		error = symbolizer_write_gdb(s, &out);
	if (!error)
		fputs(strbuf_string(&out), stdout);
	return error;
}

static struct error *run_reports(const struct values *v, struct symbolizer *s,
				 const struct string_list *operands,
				 enum exit_status *ret)
{
	_cleanup_(report_destroy) struct report *report = NULL;
	struct error *error;

	error = report_create("symbolize",
			      v->dedup		     ? v->dedup
			      : operands->count == 1 ? operands->items[0]
						     : "logs",
			      &report);
	if (!error && v->dedup)
		error = mode_dedup(v->dedup, report);
	for (size_t i = 0; !error && i < operands->count; i++)
		error = symbolize_log(v, operands->items[i], s, report);
	return error ? error : report_output(report, &v->report, ret);
}

static struct error *check_usage(const struct values *v,
				 const struct string_list *operands)
{
	if (v->follow && operands->count != 1)
		return error_new(ERROR_USAGE, "--follow takes one log");
	if (v->returns && !v->addresses)
		return error_new(ERROR_USAGE, "--returns goes with --addresses");
	if (operands->count && (v->addresses || v->dedup || v->gsym))
		return error_new(ERROR_USAGE, "--%s takes no log besides",
				 v->addresses ? "addresses"
				 : v->dedup   ? "dedup"
					      : "gsym");
	if (!operands->count && !v->addresses && !v->dedup && !v->modules && !v->gsym)
		return error_new(ERROR_USAGE,
				 v->index ? "--index needs a debug file or folder"
					  : "no log given: name a file, or - for "
					    "standard input");
	return report_options_check(&v->report);
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	const struct values *v = values;
	_cleanup_(symbolizer_destroy) struct symbolizer *s = NULL;
	struct error *error = check_usage(v, operands);

	*ret = EXIT_CLEAN;
	if (!error && v->addresses)
		return run_addresses(v);
	if (!error && v->gsym)
		return run_gsym(v);
	if (!error && v->index)
		return mode_index(operands, v->report.quiet);
	if (!error)
		error = prepare(v, &s);
	if (error)
		return error;
	if (v->annotate)
		return run_annotate(v, s, operands);
	if (v->follow)
		return run_follow(v, s, operands);
	if (v->modules)
		return run_modules(v, s, operands);
	return run_reports(v, s, operands, ret);
}

static void deinit(void *values)
{
	struct values *v = values;

	report_options_deinit(&v->report);
	string_list_deinit(&v->debug);
	string_list_deinit(&v->sources);
	string_list_deinit(&v->layouts);
}

static const struct values defaults = { .report = REPORT_OPTIONS_DEFAULTS };

static const struct tool tool = {
	.command = {
		.name = "symbolize",
		.usage = "[OPTION]… LOG|DUMP|CORE…\n"
			 "--follow LOG\n"
			 "--annotate [--follow] LOG…\n"
			 "--addresses FILE|- --debug FILE\n"
			 "--index FILE|DIR…\n"
			 "--gsym FILE --debug FILE\n"
			 "--modules [LOG|DUMP…]\n"
			 "--dedup DIR",
		.summary = "Turns panic logs of any origin into functions, files and lines.",
		.description =
			"Reads logs of kernels, as dmesg, journald, a serial console, "
			"pstore or netconsole wrote them, finds every oops, warning and "
			"panic in them, and says where in the source they happened. Memory "
			"dumps of machines and cores of processes are read, too.",
		.examples = "bookend symbolize --debug build/debug console.log\n"
			    "dmesg | bookend symbolize -",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
