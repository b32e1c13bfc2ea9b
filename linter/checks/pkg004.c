/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_dkms.h"

static struct error *tell(struct linter *linter, const struct subject *subject,
			  unsigned int line, const char *symbol, const char *message,
			  const char *evidence)
{
	return linter_emit(linter, subject,
			   &(struct finding){ .line = line,
					      .symbol = symbol,
					      .message = message,
					      .evidence = evidence });
}

static struct error *look_for_identity(struct linter *linter,
				       const struct subject *subject)
{
	static const char *const needed[] = { "PACKAGE_NAME", "PACKAGE_VERSION" };
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(needed); i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, needed[i], 0);

		if (!d || (!*d->value && !d->computed))
			error = tell(linter, subject, d ? d->line : 0, needed[i],
				     d ? "empty: dkms refuses the tree"
				       : "missing: dkms refuses the tree",
				     NULL);
	}
	return error;
}

static bool ends_in_object(const char *name)
{
	return path_ends_with(name, ".o") || path_ends_with(name, ".ko");
}

static bool is_location(const char *value)
{
	return !strncmp(value, "/kernel", 7) || !strncmp(value, "/updates", 8) ||
	       !strncmp(value, "/extra", 6);
}

static struct error *look_at_names(struct linter *linter, const struct subject *subject,
				   size_t record, size_t records)
{
	static const char *const names[] = { "BUILT_MODULE_NAME", "DEST_MODULE_NAME" };
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	struct error *error = NULL;
	char symbol[48];

	for (size_t i = 0; !error && i < ARRAY_LENGTH(names); i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, names[i], record);

		snprintf(symbol, sizeof(symbol), "%s[%zu]", names[i], record);
		if (d && ends_in_object(d->value))
			error = tell(linter, subject, d->line, symbol,
				     "names end in neither .ko nor .o", d->value);
		/* a single record may leave it out: dkms takes PACKAGE_NAME */
		else if (!i && (!d || !*d->value) && records > 1 && !conf->has_code)
			error = tell(linter, subject, d ? d->line : 0, symbol,
				     "missing: dkms refuses the tree", NULL);
	}
	return error;
}

static struct error *look_at_record(struct linter *linter, const struct subject *subject,
				    size_t record, size_t records)
{
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	const struct dkms_directive *d =
		dkms_conf_find(conf, "DEST_MODULE_LOCATION", record);
	struct error *error = look_at_names(linter, subject, record, records);
	char symbol[48];

	snprintf(symbol, sizeof(symbol), "DEST_MODULE_LOCATION[%zu]", record);
	if (error)
		return error;
	if (d && *d->value && !strchr(d->value, '$') && !is_location(d->value))
		return tell(linter, subject, d->line, symbol,
			    "must begin with /kernel, /updates or /extra", d->value);
	if ((d && (*d->value || d->computed)) || conf->has_code)
		return NULL;
	return tell(linter, subject, d ? d->line : 0, symbol,
		    "missing: dkms refuses the tree", NULL);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const char *const arrays[] = { "BUILT_MODULE_NAME",
					      "BUILT_MODULE_LOCATION", "DEST_MODULE_NAME",
					      "DEST_MODULE_LOCATION" };
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	struct error *error;
	size_t records = 1;

	if (conf->open_quote)
		return tell(linter, subject, conf->open_quote, "quote",
			    "a quote that is never closed", NULL);
	error = look_for_identity(linter, subject);
	for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
		size_t n = dkms_conf_length(conf, arrays[i]);

		records = n > records ? n : records;
	}
	if (records > 1000)
		return tell(linter, subject, 0, "BUILT_MODULE_NAME",
			    "more than a thousand records", NULL);
	for (size_t i = 0; !error && i < records; i++)
		error = look_at_record(linter, subject, i, records);
	return error;
}

static const struct check pkg004 = { .id = "PKG004", .kind = &kind_dkms, .run = run };
REGISTER(check, pkg004);
