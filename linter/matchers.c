/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the rules that are no C over whatever subject has the facts that they ask for. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/linter.h"
#include "linter/matcher.h"
#include "linter/source/source.h"
#include "linter/subject_container.h"
#include "linter/subject_dkms.h"
#include "linter/subject_ko.h"
#include "readers/macho.h"
#include "readers/plist.h"

enum { STRING_MINIMUM = 4, STRING_MAXIMUM = 4096 };

/* One matcher on one subject. */
struct matching {
	struct linter *linter;
	const struct subject *subject;
	struct matcher m;
	const char *path; /* of the file looked at now; NULL: the subject's own */
	size_t matches;
};

static const char *message_of(const struct matcher *m, const char *what,
			      struct strbuf *text)
{
	const char *message = m->message ? m->message : m->rule->title;
	const char *mark = m->message ? strstr(message, "%s") : NULL;

	if (!mark)
		return message;
	strbuf_add(text, message, (size_t)(mark - message));
	strbuf_adds(text, what);
	strbuf_adds(text, mark + 2);
	return strbuf_string(text);
}

static struct error *fire(struct matching *now, const char *what, const char *value,
			  unsigned int line)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *message = message_of(&now->m, what, &text);

	if (text.failed)
		return error_nomem();
	return linter_emit_rule(now->linter, now->m.rule->id, now->subject,
				&(struct finding){ .path = now->path,
						   .line = line,
						   .symbol = what,
						   .message = message,
						   .evidence = value,
						   .hint = now->m.hint });
}

/* A fact; fires unless the rule is about its absence. */
static struct error *fact(struct matching *now, const char *name, const char *value,
			  unsigned int line)
{
	if (!matcher_takes(&now->m, name, value))
		return NULL;
	now->matches++;
	return now->m.absent ? NULL : fire(now, name, value, line);
}

/* After all facts of one file. */
static struct error *end_of_file(struct matching *now)
{
	bool none = !now->matches;

	now->matches = 0;
	return now->m.absent && none ? fire(now, now->m.pattern, NULL, 0) : NULL;
}

/* Printable runs of the bytes, each once as a fact. */
static struct error *string_facts(struct matching *now, struct span bytes)
{
	struct error *error = NULL;
	char text[STRING_MAXIMUM];
	size_t n = 0;

	for (size_t i = 0; !error && i <= bytes.size; i++) {
		uint8_t c = i < bytes.size ? bytes.data[i] : 0;

		if ((isprint(c) || c == '\t') && n + 1 < sizeof(text)) {
			text[n++] = (char)c;
			continue;
		}
		text[n] = 0;
		if (n >= STRING_MINIMUM)
			error = fact(now, text, NULL, 0);
		n = 0;
	}
	return error;
}

static struct error *modinfo_facts(struct matching *now, const struct ko *ko)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ko->info.count; i++) {
		const struct modinfo_field *f = &ko->info.fields[i];
		_free_ char *key = strndup(f->key, f->key_length);

		error = key ? fact(now, key, f->value, 0) : error_nomem();
	}
	return error;
}

static struct error *match_ko(struct matching *now)
{
	const struct ko *ko = subject_ko(now->subject)->ko;
	struct error *error = NULL;

	if (!matcher_looks_at(&now->m, now->subject->path))
		return NULL;
	switch (now->m.kind) {
	case MATCH_MODINFO:
		error = modinfo_facts(now, ko);
		break;
	case MATCH_IMPORT:
		for (size_t i = 0; !error && i < ko->import_count; i++)
			error = fact(now, ko->imports[i].name, NULL, 0);
		break;
	case MATCH_SECTION:
		for (size_t i = 1; !error && i < ko->elf->section_count; i++)
			error = fact(now, ko->elf->sections[i].name, NULL, 0);
		break;
	case MATCH_STRING:
		error = string_facts(now, ko->body);
		break;
	default:
		return NULL;
	}
	return error ? error : end_of_file(now);
}

static struct error *match_dkms(struct matching *now)
{
	const struct dkms_conf *conf = subject_dkms(now->subject)->conf;
	struct error *error = NULL;

	if (!matcher_looks_at(&now->m, now->subject->path))
		return NULL;
	for (size_t i = 0; !error && i < conf->count; i++) {
		const struct dkms_directive *d = &conf->items[i];
		_free_ char *name = NULL;

		/* NAME[3] is also matched as NAME */
		if (asprintf(&name, "%s[%zu]", d->name, d->index) < 0)
			return name = NULL, error_nomem();
		error = fact(now, strchr(now->m.pattern, '[') ? name : d->name, d->value,
			     d->line);
	}
	return error ? error : end_of_file(now);
}

/* Calls as they stand in the text, also in branches that this kernel leaves out. */
static struct error *match_source(struct matching *now)
{
	const struct source_model *model = subject_source(now->subject);
	struct error *error = NULL;

	model_for_each_file(model, file)
	{
		const struct lexed *l = &file->lexed;

		if (error || !file->kernel || !matcher_looks_at(&now->m, file->path))
			continue;
		now->path = file->path;
		for (size_t i = 0; !error && i < l->count; i++) {
			const struct token *t = &l->tokens[i], *next;
			char name[256];
			size_t at;

			if (t->kind != TOKEN_IDENTIFIER || t->length >= sizeof(name) ||
			    t->flags & (TOKEN_DIRECTIVE | TOKEN_DEAD))
				continue;
			next = lexed_next(l, i, &at);
			if (!next || !token_is(l, next, "("))
				continue;
			memcpy(name, l->text.data + t->offset, t->length);
			name[t->length] = 0;
			error = fact(now, name, NULL, t->line);
		}
		if (!error)
			error = end_of_file(now);
	}
	return error;
}

static void value_text(const struct property *p, struct strbuf *out)
{
	switch (p->type) {
	case PROPERTY_STRING:
	case PROPERTY_DATE:
		strbuf_adds(out, p->string ? p->string : "");
		break;
	case PROPERTY_INTEGER:
	case PROPERTY_UID:
		strbuf_addf(out, "%lld", (long long)p->integer);
		break;
	case PROPERTY_BOOLEAN:
		strbuf_adds(out, p->integer ? "true" : "false");
		break;
	case PROPERTY_REAL:
		strbuf_addf(out, "%g", p->real);
		break;
	default:
		strbuf_adds(out, property_type_name(p->type));
	}
}

/* @path is that of @parent, with / between keys. */
static struct error *plist_facts(struct matching *now, const struct property *parent,
				 const char *path)
{
	struct error *error = NULL;
	size_t index = 0;

	property_for_each(parent, it)
	{
		_strbuf_ struct strbuf name = STRBUF_INIT, value = STRBUF_INIT;

		strbuf_addf(&name, "%s%s", path, *path ? "/" : "");
		if (it->key)
			strbuf_adds(&name, it->key);
		else
			strbuf_addf(&name, "%zu", index);
		index++;
		value_text(it, &value);
		if (name.failed || value.failed)
			return error_nomem();
		error = fact(now, strbuf_string(&name), strbuf_string(&value), it->line);
		if (!error && (it->type == PROPERTY_DICT || it->type == PROPERTY_ARRAY))
			error = plist_facts(now, it, strbuf_string(&name));
		if (error)
			return error;
	}
	return NULL;
}

static struct error *match_plist(struct matching *now, struct span bytes)
{
	_cleanup_(property_list_destroy) struct property_list *list = NULL;
	_error_ struct error *broken = property_list_create(bytes, &list);
	struct error *error;

	if (broken)
		return linter_not_checked(now->linter, true, now->m.rule->id, now->path,
					  "%s", error_message(broken));
	error = plist_facts(now, list->root, "");
	return error ? error : end_of_file(now);
}

static struct error *macho_facts(struct matching *now, const struct macho *macho)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < macho->section_count; i++) {
		const struct macho_section *s = &macho->sections[i];
		char name[40];

		if (now->m.kind != MATCH_SECTION)
			break;
		snprintf(name, sizeof(name), "%s,%s", s->segment, s->name);
		error = fact(now, name, NULL, 0);
	}
	for (size_t i = 0; !error && i < macho->symbol_count; i++) {
		struct macho_symbol symbol;

		if (now->m.kind != MATCH_IMPORT)
			break;
		if (!macho_symbol(macho, i, &symbol) || symbol.type & MACHO_N_STAB ||
		    !(symbol.type & MACHO_N_EXT) ||
		    (symbol.type & MACHO_N_TYPE) != MACHO_N_UNDF)
			continue;
		error = fact(now, symbol.name, NULL, 0);
	}
	if (!error && now->m.kind == MATCH_STRING)
		error = string_facts(now, macho->bytes);
	return error;
}

static struct error *match_macho(struct matching *now, struct span bytes)
{
	_macho_file_ struct macho_file file = { 0 };
	_error_ struct error *broken = macho_file_open(bytes, &file);
	struct error *error = NULL;

	for (size_t i = 0; !broken && !error && i < file.count; i++) {
		_cleanup_(macho_destroy) struct macho *macho = NULL;

		broken = macho_create(file.slices[i].bytes, &macho);
		if (!broken)
			error = macho_facts(now, macho);
	}
	if (broken)
		return linter_not_checked(now->linter, true, now->m.rule->id, now->path,
					  "%s", error_message(broken));
	return error ? error : end_of_file(now);
}

static bool is_info_plist(const char *path)
{
	return !strcmp(path_base(path), "Info.plist");
}

/* Bytes of a member, when this matcher wants them. */
static struct error *match_bytes(struct matching *now, const struct member *member)
{
	bool plist = now->m.kind == MATCH_PLIST;
	_content_ struct content content = { 0 };
	struct error *error;

	if (plist != is_info_plist(member->path) || path_is_module(member->path))
		return NULL;
	error = bundle_read(now->subject->bundle, member, &content);
	if (error) {
		/* unreadable members are told by rules of their own */
		error_destroy(error);
		return NULL;
	}
	if (plist)
		return match_plist(now, content.bytes);
	return macho_recognize(content.bytes) ? match_macho(now, content.bytes) : NULL;
}

static struct error *match_container(struct matching *now)
{
	const struct bundle *bundle = now->subject->bundle;
	const struct container *container = subject_container(now->subject);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < container->count; i++) {
		const struct member *member = &bundle->members[container->first + i];

		if (!*member->path || !matcher_looks_at(&now->m, member->path))
			continue;
		now->path = member->name;
		if (now->m.kind == MATCH_MEMBER) {
			error = fact(now, member->path, NULL, 0);
		} else if (member->kind == MEMBER_FILE ||
			   member->kind == MEMBER_HARDLINK) {
			error = match_bytes(now, member);
		}
	}
	now->path = NULL;
	/* a lone file is no package that could lack something */
	if (error || now->m.kind != MATCH_MEMBER || container->kind == CONTAINER_FILE)
		return error;
	return end_of_file(now);
}

/* Which kinds of subject have facts of which kind. */
static const struct {
	const struct subject_kind *subject;
	struct error *(*run)(struct matching *now);
	bool kinds[MATCH_KINDS];
} adapters[] = {
	{ &kind_ko,
	  match_ko,
	  { [MATCH_MODINFO] = true,
	    [MATCH_IMPORT] = true,
	    [MATCH_SECTION] = true,
	    [MATCH_STRING] = true } },
	{ &kind_package,
	  match_container,
	  { [MATCH_MEMBER] = true,
	    [MATCH_PLIST] = true,
	    [MATCH_IMPORT] = true,
	    [MATCH_SECTION] = true,
	    [MATCH_STRING] = true } },
	{ &kind_source, match_source, { [MATCH_CALL] = true } },
	{ &kind_dkms, match_dkms, { [MATCH_DKMS] = true } },
};

static bool is_on(const struct linter *linter, const struct rule *rule)
{
	return json_is_object(rule->check) && linter_level(linter, rule->id) != LEVEL_OFF;
}

static bool enabled(struct linter *linter, const struct subject_kind *kind)
{
	for (size_t i = 0; i < catalogue_count(linter->catalogue); i++) {
		const struct rule *rule = catalogue_at(linter->catalogue, i);
		_error_ struct error *error = NULL;
		struct matcher m;

		if (!is_on(linter, rule))
			continue;
		error = matcher_read(rule, &m);
		for (size_t k = 0; !error && k < ARRAY_LENGTH(adapters); k++)
			if (adapters[k].subject == kind && adapters[k].kinds[m.kind])
				return true;
	}
	return false;
}

static struct error *run_rule(struct linter *linter, const struct subject *subject,
			      const struct rule *rule)
{
	struct matching now = { .linter = linter, .subject = subject };
	struct error *error = matcher_read(rule, &now.m);

	for (size_t k = 0; !error && k < ARRAY_LENGTH(adapters); k++)
		if (adapters[k].subject == subject->kind && adapters[k].kinds[now.m.kind])
			error = adapters[k].run(&now);
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < catalogue_count(linter->catalogue); i++) {
		const struct rule *rule = catalogue_at(linter->catalogue, i);

		if (is_on(linter, rule))
			error = run_rule(linter, subject, rule);
	}
	return error;
}

static const struct observer matchers = {
	.name = "matchers",
	.enabled = enabled,
	.run = run,
};
REGISTER(observer, matchers);
