/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XML property lists, through libxml2: no network, no DTD, no entities. */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"

#include "readers/plist_build.h"

struct walk {
	struct property_list *document;
	size_t nodes;
};

static unsigned int line_of(const xmlNode *node)
{
	long line = xmlGetLineNo(node);

	return line > 0 ? line : 0;
}

/* The element's own text; entity references of the document are left out. */
static struct error *text_of(struct walk *w, const xmlNode *element,
			     const struct property *at, char **ret)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	struct error *error = NULL;

	for (const xmlNode *n = element->children; n && !error; n = n->next) {
		if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
			strbuf_adds(&text, (const char *)n->content);
		else if (n->type == XML_ENTITY_REF_NODE)
			error = plist_note(w->document, PLIST_MALFORMED, at, line_of(n),
					   "entity &%s; is not expanded", n->name);
		else if (n->type == XML_ELEMENT_NODE)
			error = plist_note(w->document, PLIST_MALFORMED, at, line_of(n),
					   "<%s> within <%s>", n->name, element->name);
	}
	return error ? error : strbuf_steal(&text, ret);
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

static struct error *read_integer(struct walk *w, struct property *node, const char *text)
{
	const char *digits = skip_blanks(text);
	bool minus = *digits == '-', hex;
	unsigned long long value;
	char *end;

	digits += minus || *digits == '+';
	hex = digits[0] == '0' && (digits[1] | 0x20) == 'x';
	errno = 0;
	value = strtoull(digits, &end, hex ? 16 : 10);
	node->integer = minus ? -(int64_t)value : (int64_t)value;
	if (end == digits || *skip_blanks(end) || errno || *digits == '-')
		return plist_note(w->document, PLIST_MALFORMED, node, node->line,
				  "'%.40s' is no integer", text);
	return NULL;
}

static struct error *read_real(struct walk *w, struct property *node, const char *text)
{
	char *end;

	node->real = strtod(text, &end);
	if (end == text || *skip_blanks(end))
		return plist_note(w->document, PLIST_MALFORMED, node, node->line,
				  "'%.40s' is no number", text);
	return NULL;
}

static struct error *read_data(struct walk *w, struct property *node, const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0, padding = 0;

	for (const char *p = text; *p; p++) {
		if (strchr(" \t\r\n", *p))
			continue;
		if (*p == '=')
			padding++;
		else if (padding || !strchr(digits, *p))
			return plist_note(w->document, PLIST_MALFORMED, node, node->line,
					  "data is not base64 (at '%.8s')", p);
		else
			used++;
	}
	node->size = used * 3 / 4;
	return NULL;
}

static struct error *read_scalar(struct walk *w, const xmlNode *element,
				 struct property *node)
{
	_free_ char *text = NULL;
	struct error *error = text_of(w, element, node, &text);

	if (error)
		return error;
	switch (node->type) {
	case PROPERTY_INTEGER:
		return read_integer(w, node, text);
	case PROPERTY_REAL:
		return read_real(w, node, text);
	case PROPERTY_DATA:
		return read_data(w, node, text);
	case PROPERTY_STRING:
	case PROPERTY_DATE:
		node->size = strlen(text);
		node->string = take(text);
		return NULL;
	default:
		return NULL;
	}
}

static const struct element {
	const char *name;
	enum property_type type;
	int64_t integer;
} elements[] = {
	{ "dict", PROPERTY_DICT, 0 },	    { "array", PROPERTY_ARRAY, 0 },
	{ "set", PROPERTY_ARRAY, 0 },	    { "string", PROPERTY_STRING, 0 },
	{ "integer", PROPERTY_INTEGER, 0 }, { "real", PROPERTY_REAL, 0 },
	{ "true", PROPERTY_BOOLEAN, 1 },    { "false", PROPERTY_BOOLEAN, 0 },
	{ "date", PROPERTY_DATE, 0 },	    { "data", PROPERTY_DATA, 0 },
};

static const struct element *find_element(const xmlNode *node)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		if (!strcmp((const char *)node->name, elements[i].name))
			return &elements[i];
	return NULL;
}

static struct error *read_members(struct walk *w, const xmlNode *element,
				  struct property *node, unsigned int depth);

static struct error *read_value(struct walk *w, const xmlNode *element,
				struct property *parent, const char *key,
				unsigned int line, unsigned int depth)
{
	const struct element *known = find_element(element);
	struct error *error;
	struct property *node;

	if (!known)
		return plist_note(w->document, PLIST_MALFORMED, parent, line_of(element),
				  "<%s> is no element of a property list", element->name);
	if (depth > PLIST_DEPTH || ++w->nodes > PLIST_NODES)
		return error_new(ERROR_INPUT, "line %u: the property list is too %s",
				 line_of(element),
				 depth > PLIST_DEPTH ? "deep" : "large");
	error = property_node(parent, key, known->type, line, &node);
	if (error)
		return error;
	if (!parent)
		w->document->root = node;
	node->integer = known->integer;
	if (known->type == PROPERTY_DICT || known->type == PROPERTY_ARRAY)
		return read_members(w, element, node, depth);
	return read_scalar(w, element, node);
}

/* Text between members, unless blank, and entities. */
static struct error *check_between(struct walk *w, const xmlNode *n,
				   const struct property *in)
{
	if (n->type == XML_TEXT_NODE && *skip_blanks((const char *)n->content))
		return plist_note(w->document, PLIST_MALFORMED, in, line_of(n),
				  "stray text '%.40s'",
				  skip_blanks((const char *)n->content));
	if (n->type == XML_ENTITY_REF_NODE)
		return plist_note(w->document, PLIST_MALFORMED, in, line_of(n),
				  "entity &%s; is not expanded", n->name);
	return NULL;
}

static struct error *read_members(struct walk *w, const xmlNode *element,
				  struct property *node, unsigned int depth)
{
	bool dict = node->type == PROPERTY_DICT;
	struct error *error = NULL;
	_free_ char *key = NULL;
	unsigned int line = 0;

	for (const xmlNode *n = element->children; n && !error; n = n->next) {
		if (n->type != XML_ELEMENT_NODE) {
			error = check_between(w, n, node);
		} else if (dict && !strcmp((const char *)n->name, "key")) {
			if (key)
				error = plist_note(w->document, PLIST_MALFORMED, node,
						   line, "key '%s' has no value", key);
			free(take(key));
			line = line_of(n);
			if (!error)
				error = text_of(w, n, node, &key);
		} else if (dict && !key) {
			error = plist_note(w->document, PLIST_MALFORMED, node, line_of(n),
					   "<%s> has no key before it", n->name);
		} else {
			error = read_value(w, n, node, key, dict ? line : line_of(n),
					   depth + 1);
			free(take(key));
		}
	}
	if (!error && key)
		error = plist_note(w->document, PLIST_MALFORMED, node, line,
				   "key '%s' has no value", key);
	return error;
}

static struct error *read_root(struct walk *w, const xmlNode *root)
{
	struct error *error = NULL;

	if (!root)
		return error_new(ERROR_INPUT, "empty document");
	if (strcmp((const char *)root->name, "plist")) {
		if (!find_element(root))
			return error_new(ERROR_INPUT, "line %u: <%s> instead of <plist>",
					 line_of(root), root->name);
		return read_value(w, root, NULL, NULL, line_of(root), 0);
	}
	for (const xmlNode *n = root->children; n && !error; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			error = check_between(w, n, NULL);
		else if (w->document->root)
			error = plist_note(w->document, PLIST_MALFORMED, NULL, line_of(n),
					   "a second value at the top");
		else
			error = read_value(w, n, NULL, NULL, line_of(n), 0);
	}
	if (!error && !w->document->root)
		error = error_new(ERROR_INPUT, "line %u: <plist> holds no value",
				  line_of(root));
	return error;
}

static struct error *syntax_error(xmlParserCtxt *context)
{
	const xmlError *last = xmlCtxtGetLastError(context);
	size_t length;

	if (!last || !last->message)
		return error_new(ERROR_INPUT, "not XML");
	length = strcspn(last->message, "\n");
	return error_new(ERROR_INPUT, "line %d: %.*s", last->line,
			 length > 200 ? 200 : (int)length, last->message);
}

struct error *plist_read_xml(struct span bytes, struct property_list *document)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_COMPACT | XML_PARSE_BIG_LINES;
	struct walk walk = { .document = document };
	xmlParserCtxt *context;
	struct error *error;
	xmlDoc *doc;

	if (bytes.size > INT_MAX)
		return error_new(ERROR_INPUT, "too large for a property list");
	context = xmlNewParserCtxt();
	if (!context)
		return error_nomem();
	doc = xmlCtxtReadMemory(context, bytes.size ? (const char *)bytes.data : "",
				bytes.size, NULL, NULL, options);
	error = doc ? read_root(&walk, xmlDocGetRootElement(doc)) : syntax_error(context);
	xmlFreeDoc(doc);
	xmlFreeParserCtxt(context);
	return error;
}
