/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of a property list, whatever it was read from. */
#include "readers/plist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"

#include "readers/plist_build.h"

enum { PROBLEM_LIMIT = 64 };

struct error *property_node(struct property *parent, const char *key,
			    enum property_type type, unsigned int line,
			    struct property **ret)
{
	struct property *node = calloc(1, sizeof(*node));

	if (!node)
		return error_nomem();
	node->type = type;
	node->line = line;
	node->parent = parent;
	if (key) {
		node->key = strdup(key);
		if (!node->key) {
			free(node);
			return error_nomem();
		}
	}
	if (parent) {
		if (parent->last)
			parent->last->next = node;
		else
			parent->first = node;
		parent->last = node;
		parent->count++;
	}
	*ret = node;
	return NULL;
}

/* Depth is bounded by the readers (PLIST_DEPTH). */
void property_node_destroy(struct property *node)
{
	struct property *next;

	for (struct property *member = node ? node->first : NULL; member; member = next) {
		next = member->next;
		property_node_destroy(member);
	}
	if (node) {
		free(node->key);
		free(node->string);
		free(node);
	}
}

void property_list_destroy(struct property_list *document)
{
	if (!document)
		return;
	for (size_t i = 0; i < document->problem_count; i++) {
		free(document->problems[i].path);
		free(document->problems[i].text);
	}
	free(document->problems);
	property_node_destroy(document->root);
	free(document);
}

struct error *plist_note(struct property_list *document, enum plist_problem_kind kind,
			 const struct property *at, unsigned int line, const char *format,
			 ...)
{
	_strbuf_ struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct plist_problem problem = { .kind = kind, .line = line };
	struct error *error;
	va_list args;

	if (document->problem_count == PROBLEM_LIMIT)
		return NULL;
	if (!array_grow(document->problems, document->problem_count,
			document->problem_capacity))
		return error_nomem();
	if (at)
		property_add_path(at, &path);
	va_start(args, format);
	strbuf_addv(&text, format, args);
	va_end(args);
	error = strbuf_steal(&path, &problem.path);
	if (error)
		return error;
	error = strbuf_steal(&text, &problem.text);
	if (error) {
		free(problem.path);
		return error;
	}
	document->problems[document->problem_count++] = problem;
	return NULL;
}

static int by_key(const void *a, const void *b)
{
	const struct property *x = *(const struct property *const *)a,
			      *y = *(const struct property *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static struct error *check_keys(struct property_list *document,
				const struct property *dict)
{
	_free_ const struct property **sorted = NULL;
	struct error *error = NULL;
	size_t count = 0;

	if (dict->count < 2)
		return NULL;
	sorted = calloc(dict->count, sizeof(*sorted));
	if (!sorted)
		return error_nomem();
	property_for_each(dict, member) sorted[count++] = member;
	qsort(sorted, count, sizeof(*sorted), by_key);
	for (size_t i = 1; i < count && !error; i++) {
		const struct property *first = sorted[i - 1], *again = sorted[i];

		if (strcmp(first->key, again->key))
			continue;
		if (again->line)
			error = plist_note(document, PLIST_DUPLICATE_KEY, again,
					   again->line,
					   "key is there twice, first on line %u",
					   first->line);
		else
			error = plist_note(document, PLIST_DUPLICATE_KEY, again, 0,
					   "key is there twice");
	}
	return error;
}

struct error *plist_check_keys(struct property_list *document,
			       const struct property *node)
{
	struct error *error = NULL;

	if (!node)
		return NULL;
	if (node->type == PROPERTY_DICT)
		error = check_keys(document, node);
	for (const struct property *m = node->first; m && !error; m = m->next)
		error = plist_check_keys(document, m);
	return error;
}

struct error *property_list_create(struct span bytes, struct property_list **ret)
{
	_cleanup_(property_list_destroy) struct property_list *document =
		calloc(1, sizeof(*document));
	struct error *error;

	if (!document)
		return error_nomem();
	document->binary = span_starts_with(bytes, "bplist", 6);
	error = document->binary ? plist_read_binary(bytes, document)
				 : plist_read_xml(bytes, document);
	if (!error)
		error = plist_check_keys(document, document->root);
	if (!error)
		*ret = take(document);
	return error;
}

const struct property *property_get(const struct property *dict, const char *key)
{
	if (!dict || dict->type != PROPERTY_DICT)
		return NULL;
	property_for_each(dict, member)
	{
		if (!strcmp(member->key, key))
			return member;
	}
	return NULL;
}

const struct property *property_get_type(const struct property *dict, const char *key,
					 enum property_type type)
{
	const struct property *member = property_get(dict, key);

	return member && member->type == type ? member : NULL;
}

const char *property_get_string(const struct property *dict, const char *key)
{
	const struct property *member = property_get_type(dict, key, PROPERTY_STRING);

	return member ? member->string : NULL;
}

const char *property_type_name(enum property_type type)
{
	static const char *const names[] = {
		[PROPERTY_DICT] = "dictionary", [PROPERTY_ARRAY] = "array",
		[PROPERTY_STRING] = "string",	[PROPERTY_INTEGER] = "integer",
		[PROPERTY_REAL] = "real",	[PROPERTY_BOOLEAN] = "boolean",
		[PROPERTY_DATE] = "date",	[PROPERTY_DATA] = "data",
		[PROPERTY_UID] = "uid",
	};

	return names[type];
}

void property_add_path(const struct property *property, struct strbuf *out)
{
	size_t index = 0;

	if (!property->parent)
		return;
	property_add_path(property->parent, out);
	if (property->key) {
		if (out->length)
			strbuf_addc(out, ':');
		strbuf_adds(out, property->key);
		return;
	}
	property_for_each(property->parent, member)
	{
		if (member == property)
			break;
		index++;
	}
	strbuf_addf(out, "[%zu]", index);
}
