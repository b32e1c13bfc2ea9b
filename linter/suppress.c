/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/suppress.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "linter/baseline.h"
#include "linter/linter.h"
#include "linter/overrides.h"
#include "readers/bundle.h"
#include "report/json.h"

#define NAME ".bookend-overrides"

static void section_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	size_t overrides = 0, baseline = 0, i;
	const json_t *one;

	json_array_foreach(value, i, one)
	{
		if (json_object_get(one, "reason"))
			overrides++;
		else
			baseline++;
	}
	strbuf_addf(out, "\n%sSuppressed%s\n", style->bold, style->reset);
	if (overrides)
		strbuf_addf(out, "  %zu by overrides\n", overrides);
	if (baseline)
		strbuf_addf(out, "  %zu by the baseline\n", baseline);
}

static const struct section section = {
	.name = "suppressed",
	.text = section_text,
	.order = 10,
};

/* "2027-01-31"; SOURCE_DATE_EPOCH stands for now where a result must not change. */
static void today(char ret[16])
{
	const char *fixed = getenv("SOURCE_DATE_EPOCH");
	time_t now = fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
	struct tm when = { 0 };

	gmtime_r(&now, &when);
	strftime(ret, 16, "%Y-%m-%d", &when);
}

static struct error *keep_record(json_t *list, const struct finding *f,
				 const struct override *override)
{
	struct json_builder b;
	json_t *record = NULL;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "rule", f->rule);
	json_builder_string(&b, "level", level_name(f->level));
	json_builder_string(&b, "path", f->path);
	if (f->line)
		json_builder_integer(&b, "line", f->line);
	json_builder_string(&b, "message", f->message);
	json_builder_string(&b, "fingerprint", f->fingerprint);
	if (override) {
		json_builder_string(&b, "reason", override->reason);
		json_builder_string(&b, "owner", override->owner);
		json_builder_string(&b, "until", override->until);
	}
	error = json_builder_finish(&b, &record);
	if (!error && json_array_append_new(list, record))
		error = error_nomem();
	return error;
}

static struct override *find_override(struct overrides *o, const struct finding *f,
				      const char *date)
{
	for (size_t i = 0; i < o->count; i++)
		if (!override_expired(&o->items[i], date) &&
		    override_matches(&o->items[i], f->rule, f->path))
			return &o->items[i];
	return NULL;
}

/* A rule id that nothing has is a slip; one that is switched off is no waste. */
static bool rule_is_known(const struct linter *linter, const char *glob, bool *on)
{
	bool known = false;

	*on = false;
	for (size_t i = 0; i < catalogue_count(linter->catalogue); i++) {
		const char *id = catalogue_at(linter->catalogue, i)->id;

		if (fnmatch(glob, id, 0))
			continue;
		known = true;
		*on |= linter_level(linter, id) != LEVEL_OFF;
	}
	return known;
}

static struct error *tell_override(struct linter *linter, const struct overrides *o,
				   const struct override *override, const char *date)
{
	bool expired = override_expired(override, date), on;
	_free_ char *message = NULL;

	if (!rule_is_known(linter, override->rule, &on))
		return error_new(ERROR_INPUT, "%s:%u: no rule is called %s", o->file,
				 override->line, override->rule);
	if (!on || (override->used && !expired))
		return NULL;
	if (asprintf(&message,
		     expired ? "the override of %s for %s ended with %s"
			     : "the override of %s for %s takes out nothing%s",
		     override->rule, override->glob, expired ? override->until : "") < 0)
		return message = NULL, error_nomem();
	return linter_emit_rule(
		linter, expired ? "OVR002" : "OVR001", NULL,
		&(struct finding){ .path = o->file,
				   .line = override->line,
				   .symbol = override->rule,
				   .message = message,
				   .evidence = override->reason,
				   .hint = expired ? "mend the finding, or decide anew"
						   : "take the line out" });
}

static struct error *use_overrides(struct linter *linter, const char *path, json_t *list)
{
	_cleanup_(overrides_destroy) struct overrides *o = NULL;
	struct report *report = linter->report;
	struct error *error = overrides_read(path, &o);
	char date[16];

	today(date);
	for (size_t i = 0; !error && i < report->findings_count;) {
		struct finding *f = &report->findings[i];
		struct override *override = find_override(o, f, date);

		if (!override) {
			i++;
			continue;
		}
		override->used++;
		error = keep_record(list, f, override);
		report_drop_finding(report, i);
	}
	for (size_t i = 0; !error && i < o->count; i++)
		error = tell_override(linter, o, &o->items[i], date);
	return error;
}

/* Owned ".bookend-overrides" in the folder of a subject (or the subject itself). */
static char *beside(const char *subject)
{
	struct stat status;
	char *path = NULL;
	int length = (int)(path_base(subject) - subject);

	if (!stat(subject, &status) && S_ISDIR(status.st_mode)) {
		if (asprintf(&path, "%s/" NAME, subject) < 0)
			return NULL;
	} else if (asprintf(&path, "%.*s" NAME, length, subject) < 0) {
		return NULL;
	}
	return path;
}

static struct error *find_overrides(struct linter *linter,
				    const struct string_list *subjects, json_t *list)
{
	struct string_list seen = { 0 };
	struct error *error = NULL;

	for (size_t i = 0; !error && i < subjects->count; i++) {
		char *path = beside(subjects->items[i]);
		bool known = false;

		if (!path) {
			error = error_nomem();
			break;
		}
		for (size_t k = 0; k < seen.count; k++)
			known |= !strcmp(seen.items[k], path);
		if (!known && !access(path, F_OK)) {
			error = use_overrides(linter, path, list);
			if (!error)
				error = string_list_add(&seen, path);
			path = error ? path : NULL;
		}
		free(path);
	}
	for (size_t i = 0; i < seen.count; i++)
		free((char *)seen.items[i]);
	string_list_deinit(&seen);
	return error;
}

static struct error *tell_entry(struct linter *linter, const char *path,
				const struct baseline_entry *entry)
{
	if (entry->used >= entry->count || linter_level(linter, entry->rule) == LEVEL_OFF)
		return NULL;
	return linter_emit_rule(
		linter, "OVR003", NULL,
		&(struct finding){ .path = path,
				   .symbol = entry->rule,
				   .message = "the baseline has a finding that is gone",
				   .evidence = entry->message,
				   .hint = "bring it up to date: --update-baseline",
				   .fingerprint = entry->fingerprint });
}

static struct error *use_baseline(struct linter *linter, const char *path, json_t *list)
{
	_cleanup_(baseline_destroy) struct baseline *baseline = NULL;
	struct report *report = linter->report;
	struct error *error = baseline_read(path, &baseline);

	for (size_t i = 0; !error && i < report->findings_count;) {
		struct finding *f = &report->findings[i];
		struct baseline_entry *entry = baseline_find(baseline, f->fingerprint);

		if (!entry || entry->used == entry->count) {
			i++;
			continue;
		}
		entry->used++;
		error = keep_record(list, f, NULL);
		report_drop_finding(report, i);
	}
	for (size_t i = 0; !error && i < baseline->count; i++)
		error = tell_entry(linter, path, &baseline->entries[i]);
	return error;
}

struct error *suppress(struct linter *linter, const struct suppress_options *options,
		       const struct string_list *subjects)
{
	json_t *list = json_array();
	struct error *error = NULL;

	if (!list)
		return error_nomem();
	if (options->update_baseline && !options->baseline)
		error = error_new(ERROR_USAGE,
				  "--update-baseline needs --baseline FILE to write to");
	report_sort(linter->report);
	if (!error && options->overrides)
		error = use_overrides(linter, options->overrides, list);
	else if (!error)
		error = find_overrides(linter, subjects, list);
	if (!error && options->update_baseline)
		error = baseline_write(options->baseline, linter->report);
	if (!error && options->baseline)
		error = use_baseline(linter, options->baseline, list);
	if (error || !json_array_size(list)) {
		json_decref(list);
		return error;
	}
	return report_add_section(linter->report, &section, list);
}
