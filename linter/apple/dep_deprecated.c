/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DEP014's other half: what the headers of an SDK call deprecated. */
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/deprecations.h"
#include "linter/apple/subject_slice.h"

static const char state_key; /* by its address */

static void destroy_state(void *state)
{
	deprecations_destroy(state);
}

/* The SDK's marks, read once a run. */
static struct error *sdk_marks(struct linter *linter, const struct deprecations **ret)
{
	struct deprecations *d = linter_state(linter, &state_key);
	struct error *error = NULL;

	if (!d) {
		error = deprecations_read(linter->options->sdk, &d);
		if (!error)
			error = linter_set_state(linter, &state_key, d, destroy_state);
	}
	if (!error)
		*ret = d;
	return error;
}

/* "_func since macOS 10.15 (use other_func)" */
static void describe(const char *symbol, const struct deprecation *mark,
		     struct strbuf *out)
{
	strbuf_addf(out, "%s%s", out->length ? "\n" : "", symbol);
	if (mark->major)
		strbuf_addf(out, " since macOS %u.%u", mark->major, mark->minor);
	strbuf_addf(out, " <%s>", mark->header);
	if (*mark->message)
		strbuf_addf(out, ": %s", mark->message);
}

/* Whether an earlier slice imports it too. */
static bool told(const struct kext *kext, size_t slice, const char *symbol)
{
	for (size_t i = 0; i < slice; i++)
		if (kext_find_import(&kext->slices[i], symbol))
			return true;
	return false;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct deprecations *d)
{
	const struct kext *kext = subject_kext(subject);
	_strbuf_ struct strbuf evidence = STRBUF_INIT;
	struct kext_finding what = slice_finding(subject, NULL);
	size_t count = 0;

	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct kext_slice *s = &kext->slices[i];

		for (size_t k = 0; k < s->import_count; k++) {
			const struct kext_import *import = &s->imports[k];
			const struct deprecation *mark =
				deprecations_find(d, import->name);

			/* what only vtables name is not used, but inherited */
			if (!mark || kext_import_is_patched(import) ||
			    told(kext, i, import->name))
				continue;
			if (!count++)
				what.symbol = import->name;
			describe(import->name, mark, &evidence);
		}
	}
	if (!count)
		return NULL;
	what.evidence = strbuf_string(&evidence);
	what.hint = "see the header for what takes its place";
	return kext_tell(linter, subject, &what,
			 "%zu symbol%s that the SDK's headers call deprecated", count,
			 count == 1 ? "" : "s");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	const struct deprecations *d = NULL;
	struct error *error;

	if (kext->dext || !kext->slice_count)
		return NULL;
	if (!linter->options->sdk)
		return linter_not_checked(linter, false, "DEP014",
					  "deprecated interfaces",
					  "their marks stand in headers: give an SDK "
					  "with --sdk DIR");
	error = sdk_marks(linter, &d);
	if (!error && d->errors)
		error = linter_not_checked(linter, false, "DEP014",
					   "some headers of the SDK",
					   "%zu errors in %zu headers that speak of "
					   "deprecation: what stands behind them may be "
					   "missed",
					   d->errors, d->headers);
	return error ? error : tell(linter, subject, d);
}

static const struct deprecation_reader deprecation_reader = { .run = run };
REGISTER(deprecation_reader, deprecation_reader);
