/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/references.h"

#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/units.h"
#include "report/json.h"

static bool is_of(const json_t *event, const json_t *other, const char *when)
{
	return !strcmp(json_text(event, "event"), "references") &&
	       !strcmp(json_text(event, "when"), when) &&
	       !strcmp(json_text(event, "module"), json_text(other, "module")) &&
	       json_equal(json_object_get(event, "leg"), json_object_get(other, "leg"));
}

/* How many the same module had before the leg; -1: it was not loaded then. */
static json_int_t before(const struct results *results, const json_t *after)
{
	const json_t *event;
	json_int_t count = -1;
	size_t i;

	json_array_foreach(results->events, i, event)
	{
		if (is_of(event, after, "before"))
			count = json_integer_value(json_object_get(event, "count"));
	}
	return count;
}

struct error *references_add(const struct results *results, const json_t *event,
			     struct report *report)
{
	size_t leg = (size_t)json_integer_value(json_object_get(event, "leg"));
	json_int_t count = json_integer_value(json_object_get(event, "count"));
	json_int_t had = before(results, event);
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	struct finding finding = { .rule = "LEAK002", .level = LEVEL_ERROR };

	if (!is_of(event, event, "after") || leg >= results->plan->leg_count)
		return NULL;
	/* what was not loaded before was left loaded: that is residue */
	if (had < 0)
		had = 0;
	if (count <= had)
		return NULL;
	units_add_count(&message, (uint64_t)(count - had));
	strbuf_addf(&message, " reference%s to module %s %s left: it cannot be unloaded",
		    count - had == 1 ? "" : "s", json_text(event, "module"),
		    count - had == 1 ? "is" : "are");
	strbuf_addf(&evidence, "%s: %lld before its first pass, %lld after its last",
		    results->plan->legs[leg].name, (long long)had, (long long)count);
	finding.symbol = json_text(event, "module");
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	finding.hint =
		"Look for a module_get, try_module_get or open count that an error "
		"or close path does not give back.";
	return report_add_finding(report, &finding);
}
