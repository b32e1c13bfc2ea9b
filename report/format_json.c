/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "report/format.h"

static struct error *write_json(const struct report *report,
				const struct format_context *context, struct strbuf *out)
{
	json_t *json = NULL;
	struct error *error = report_to_json(report, &json);
	_free_ char *text = NULL;

	(void)context;
	if (error)
		return error;
	text = json_dumps(json,
			  JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(12));
	json_decref(json);
	if (!text)
		return error_nomem();
	strbuf_adds(out, text);
	strbuf_addc(out, '\n');
	return strbuf_error(out);
}

static const struct format format_json = {
	.name = "json",
	.summary = "the whole report as one JSON document",
	.extension = "json",
	.write = write_json,
};
REGISTER(format, format_json);
