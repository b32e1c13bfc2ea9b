/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line a panic, for grep and for subject lines. */
#include "common/error.h"
#include "common/strbuf.h"
#include "report/format.h"
#include "symbolizer/panic_text.h"

static struct error *write_lines(const struct report *report,
				 const struct format_context *context, struct strbuf *out)
{
	const json_t *panic;
	size_t i;

	(void)context;
	json_array_foreach(report_section(report, "reports"), i, panic)
	{
		panic_line(panic, out);
	}
	return strbuf_error(out);
}

static const struct format format_oneline = {
	.name = "oneline",
	.summary = "one line a panic: place in the log, title, file and line, bucket",
	.extension = "oneline.txt",
	.write = write_lines,
};
REGISTER(format, format_oneline);
