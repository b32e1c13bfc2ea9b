/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GitLab's code quality report: the findings alone, each with a fingerprint of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "report/format.h"
#include "report/format_common.h"
#include "report/json.h"

static const char *severity(enum level level)
{
	static const char *const names[] = {
		[LEVEL_INFO] = "info",
		[LEVEL_SUGGESTION] = "minor",
		[LEVEL_WARNING] = "major",
		[LEVEL_ERROR] = "critical",
	};

	return names[level];
}

/*
 * GitLab drops a second entry of the same fingerprint, so repeats of one finding at
 * other lines get their count mixed in.
 */
static struct error *unique_fingerprint(json_t *seen, const struct finding *f, char *ret)
{
	json_int_t count = json_integer_value(json_object_get(seen, f->fingerprint));
	_strbuf_ struct strbuf text = STRBUF_INIT;

	if (json_object_set_new(seen, f->fingerprint, json_integer(count + 1)))
		return error_nomem();
	strbuf_adds(&text, f->fingerprint);
	if (count)
		strbuf_addf(&text, "#%lld", (long long)count);
	if (text.failed)
		return error_nomem();
	digest_sha256(text.data, text.length, ret);
	return NULL;
}

static struct error *add_entry(const struct report *report, const struct finding *f,
			       json_t *seen, json_t *entries)
{
	_strbuf_ struct strbuf description = STRBUF_INIT;
	char fingerprint[DIGEST_HEX_SIZE];
	struct json_builder b;
	_free_ char *place = NULL;
	json_t *entry = NULL;
	struct error *error = finding_place(report, f, &place);

	if (!error)
		error = unique_fingerprint(seen, f, fingerprint);
	if (error)
		return error;
	if (finding_member(f))
		strbuf_addf(&description, "%s: ", finding_member(f));
	if (f->symbol)
		strbuf_addf(&description, "%s: ", f->symbol);
	strbuf_adds(&description, f->message);
	json_builder_init(&b);
	json_builder_string(&b, "description", strbuf_string(&description));
	json_builder_string(&b, "check_name", f->rule);
	json_builder_string(&b, "fingerprint", fingerprint);
	json_builder_string(&b, "severity", severity(f->level));
	json_builder_value(&b, "location",
			   json_pack("{s:o, s:{s:i}}", "path", json_any_string(place),
				     "lines", "begin", f->line ? (int)f->line : 1));
	error = json_builder_finish(&b, &entry);
	if (!error && json_array_append_new(entries, entry))
		error = error_nomem();
	return error;
}

static struct error *write_gitlab(const struct report *report,
				  const struct format_context *context,
				  struct strbuf *out)
{
	json_t *entries = json_array(), *seen = json_object();
	struct error *error = entries && seen ? NULL : error_nomem();
	_free_ char *text = NULL;

	(void)context;
	for (size_t i = 0; !error && i < report->findings_count; i++)
		if (report->findings[i].level != LEVEL_OFF)
			error = add_entry(report, &report->findings[i], seen, entries);
	if (!error) {
		text = json_dumps(entries, JSON_INDENT(2));
		error = text ? NULL : error_nomem();
	}
	json_decref(entries);
	json_decref(seen);
	if (error)
		return error;
	strbuf_addf(out, "%s\n", text);
	return strbuf_error(out);
}

static const struct format format_gitlab = {
	.name = "gitlab",
	.summary = "GitLab code quality (the findings alone)",
	.extension = "gitlab.json",
	.write = write_gitlab,
};
REGISTER(format, format_gitlab);
