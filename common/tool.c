/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/tool.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"

static struct error *tool_run(const struct tool *tool, int argc, char **argv,
			      void *values, struct string_list *operands,
			      enum exit_status *ret)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	enum options_answer answer;
	struct error *error = options_parse(&tool->command, argc, argv, values, operands,
					    &text, &answer);

	if (error)
		return error;
	if (answer == OPTIONS_TEXT) {
		fputs(strbuf_string(&text), stdout);
		*ret = EXIT_CLEAN;
		return strbuf_error(&text);
	}
	return tool->run(values, operands, ret);
}

int tool_main(const struct tool *tool, int argc, char **argv)
{
	_free_ void *values = calloc(1, tool->values_size ? tool->values_size : 1);
	struct string_list operands = { 0 };
	enum exit_status status = EXIT_UNABLE;
	_error_ struct error *error = NULL;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (values && tool->defaults)
		memcpy(values, tool->defaults, tool->values_size);
	error = values ? tool_run(tool, argc, argv, values, &operands, &status)
		       : error_nomem();
	if (error) {
		fflush(stdout);
		fprintf(stderr, "bookend %s: error: %s\n", tool->command.name,
			error_message(error));
		status = EXIT_UNABLE;
	}
	if (values && tool->deinit)
		tool->deinit(values);
	string_list_deinit(&operands);
	if (fflush(stdout) && status != EXIT_UNABLE) {
		fprintf(stderr, "bookend %s: error: cannot write to standard output\n",
			tool->command.name);
		status = EXIT_UNABLE;
	}
	return status;
}
