/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one page of a gate: a row a step. */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "gate/gate.h"
#include "report/json.h"

struct error *gate_row(struct gate *gate, const char *step, const char *detail,
		       const char *result, const char *more)
{
	struct json_builder b;
	json_t *row = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "step", step);
	json_builder_string(&b, "detail", detail);
	json_builder_string(&b, "result", result);
	json_builder_string(&b, "more", more);
	error = json_builder_finish(&b, &row);
	if (error)
		return error;
	return json_array_append_new(gate->rows, row) ? error_nomem() : NULL;
}

struct error *gate_result(const struct report *report, char **ret)
{
	static const enum level levels[] = { LEVEL_ERROR, LEVEL_WARNING };
	_strbuf_ struct strbuf text = STRBUF_INIT;
	enum verdict verdict = report_verdict(report);

	if (verdict == VERDICT_CLEAN || verdict == VERDICT_INCOMPLETE)
		strbuf_adds(&text, verdict_name(verdict));
	else if (verdict == VERDICT_FAILED)
		strbuf_adds(&text, "failed");
	for (size_t i = 0; verdict >= VERDICT_FINDINGS && i < 2; i++) {
		size_t count = report_count(report, levels[i]);

		if (count)
			strbuf_addf(&text, "%s%zu %s%s", text.length ? ", " : "", count,
				    level_name(levels[i]), count == 1 ? "" : "s");
	}
	return strbuf_steal(&text, ret);
}

const struct section gate_section = { .name = "gate", .order = -10, .owns_runs = true };
