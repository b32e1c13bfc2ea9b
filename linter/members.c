/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/members.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "linter/classify.h"
#include "linter/linter.h"
#include "readers/bundle.h"
#include "report/json.h"

static const struct subject_kind kind_members;

/* Nobody ships such a driver; a sparse file of terabytes must not stop the run. */
static const uint64_t digest_maximum = 2ULL << 30;

static void destroy(void *state)
{
	json_decref(state);
}

/* Whether a folder above the member, or it itself, is a tree that nobody ships as such.
 */
static bool is_source_package(const struct bundle *bundle, size_t container)
{
	const struct container *c = &bundle->containers[container];

	if (c->kind == CONTAINER_FOLDER)
		return true;
	for (size_t i = 0; i < c->count; i++) {
		const char *base = path_base(bundle->members[c->first + i].path);

		if (!strcmp(base, "dkms.conf") || !strcmp(base, "Kbuild"))
			return true;
	}
	return false;
}

static void add_digest(struct json_builder *b, const struct bundle *bundle,
		       const struct member *member)
{
	_content_ struct content content = { 0 };
	_error_ struct error *error = NULL;
	char digest[DIGEST_HEX_SIZE];

	if (member->size > digest_maximum) {
		json_builder_string(b, "unread", "too large for a digest");
		return;
	}
	error = bundle_read(bundle, member, &content);
	if (error) {
		json_builder_string(b, "unread", error_message(error));
		return;
	}
	digest_sha256(content.bytes.data, content.bytes.size, digest);
	json_builder_string(b, "sha256", digest);
}

static struct error *describe(const struct linter *linter, const struct bundle *bundle,
			      const struct member *member, bool sources, json_t **ret)
{
	const struct member_class *class = member_classify(member);
	bool may = class->ship == SHIP_YES || (class->ship == SHIP_SOURCE && sources);
	struct json_builder b;
	char mode[16];

	json_builder_init(&b);
	snprintf(mode, sizeof(mode), "%04o", member->mode);
	json_builder_string(&b, "path", member->name);
	json_builder_string(&b, "kind", class->name);
	json_builder_string(&b, "verdict", may ? "may ship" : "should not ship");
	if (!may)
		json_builder_string(&b, "why", ship_name(class->ship));
	json_builder_string(&b, "mode", mode);
	if (member->link)
		json_builder_string(&b, "link", member->link);
	if (member->kind == MEMBER_FILE || member->kind == MEMBER_HARDLINK) {
		json_builder_integer(&b, "size", member->size);
		if (!linter->options->no_digests)
			add_digest(&b, bundle, member);
	}
	return json_builder_finish(&b, ret);
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	json_t *array = linter_state(linter, &kind_members);
	size_t container = SIZE_MAX;
	struct error *error = NULL;
	bool sources = false;

	if (linter->options->no_members)
		return NULL;
	if (!array) {
		array = json_array();
		error = array ? linter_set_state(linter, &kind_members, array, destroy)
			      : error_nomem();
	}
	for (size_t i = 0; !error && i < bundle->count; i++) {
		const struct member *m = &bundle->members[i];
		json_t *json = NULL;

		if (m->kind == MEMBER_FOLDER && member_classify(m)->ship == SHIP_YES)
			continue;
		if (m->container != container) {
			container = m->container;
			sources = is_source_package(bundle, container);
		}
		error = describe(linter, bundle, m, sources, &json);
		if (!error && json_array_append_new(array, json))
			error = error_nomem();
	}
	return error;
}

static struct error *finish(struct linter *linter)
{
	json_t *array = linter_state(linter, &kind_members);

	return array ? report_add_section(linter->report, &section_members,
					  json_incref(array))
		     : NULL;
}

static const struct subject_kind kind_members = {
	.name = "members",
	.order = 5,
	.visit = visit,
	.finish = finish,
};
REGISTER(subject_kind, kind_members);

struct tally {
	const char *kind;
	size_t count;
};

static int compare_tallies(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return x->count != y->count ? (x->count > y->count ? -1 : 1)
				    : strcmp(x->kind, y->kind);
}

/* "module 3, source 2", the most first. */
static void add_tally(const json_t *value, struct strbuf *out)
{
	struct tally tallies[64];
	size_t count = 0, others = 0;

	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *kind = json_text(json_array_get(value, i), "kind");
		size_t k = 0;

		while (k < count && strcmp(tallies[k].kind, kind))
			k++;
		if (k == count && count < ARRAY_LENGTH(tallies))
			tallies[count++] = (struct tally){ kind, 0 };
		if (k < count)
			tallies[k].count++;
		else
			others++;
	}
	qsort(tallies, count, sizeof(*tallies), compare_tallies);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(out, "%s%s %zu", i ? ", " : "", tallies[i].kind,
			    tallies[i].count);
	if (others)
		strbuf_addf(out, ", %zu more", others);
}

static void write_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	enum { FEW = 1 };
	size_t count = json_array_size(value);

	if (count <= FEW)
		return;
	strbuf_addf(out, "\n%s%zu members%s: ", s->bold, count, s->reset);
	add_tally(value, out);
	strbuf_addc(out, '\n');
}

const struct section section_members = {
	.name = "members",
	.text = write_text,
	.order = -2,
};
