/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Report formats. Adding one: one C file in report/ that ends with a descriptor and
 * REGISTER(format, …), and its line in report/report.ninja. `--format NAME` then works
 * in every tool.
 */
#pragma once

#include "common/options.h"
#include "common/registry.h"
#include "common/style.h"
#include "report/report.h"

struct strbuf;

struct format_context {
	struct style style; /* plain unless it goes to a terminal */
	bool explain;	    /* long explanations of the rules that fired, once each */
};

struct format {
	const char *name;
	const char *summary;
	const char *extension; /* of its file in a run folder: "report.json" */
	struct error *(*write)(const struct report *report,
			       const struct format_context *context, struct strbuf *out);
};

REGISTRY(format);

const struct format *format_find(const char *name);

/* The options that every reporting tool shares; put into its table as a group. */
struct report_options {
	struct string_list formats; /* NAME[:FILE]; none means text */
	const char *folder;	    /* -o DIR: run folder for all files */
	int fail_on;		    /* enum level; initialise with LEVEL_WARNING */
	bool quiet;		    /* nothing but errors on the terminal */
	bool no_explain;
	const char *history; /* file that the run is recorded in; "": none, whatever … */
	const char *label;   /* … BOOKEND_HISTORY says. What the run is called there */
};

extern const struct option report_option_table[];

#define REPORT_OPTIONS_DEFAULTS          \
	{                                \
		.fail_on = LEVEL_WARNING \
	}

void report_options_deinit(struct report_options *options);

/* Checks names and that no two formats share standard output, before work begins. */
struct error *report_options_check(const struct report_options *options);

/*
 * Sorts the report and writes every format asked for (text to standard output when
 * none is; report.json and report.txt into the run folder too), and has it recorded in
 * the history, if one is kept. Sets the exit status.
 */
struct error *report_output(struct report *report, const struct report_options *options,
			    enum exit_status *ret);
