/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>

#include "common/array.h"
#include "linter/source/source.h"
#include "linter/source/text.h"

/* What gives a driver, a class or a range of numbers its name, and which argument. */
static const struct {
	const char *name;
	size_t argument;
} takers[] = {
	{ "class_create", 0 },		 { "class_create", 1 },
	{ "alloc_chrdev_region", 3 },	 { "register_chrdev", 1 },
	{ "register_chrdev_region", 2 },
};

static bool is_template(const char *text)
{
	static const char *const words[] = {
		"test",	     "foo",	 "bar",	     "baz",   "example",
		"sample",    "dummy",	 "hello",    "skel",  "skeleton",
		"template",  "driver",	 "device",   "char",  "chardev",
		"chrdev",    "module",	 "mydriver", "mydev", "my_driver",
		"my_device", "mydevice", "demo",     "cdev",  "misc"
	};
	char lower[64];
	size_t n = 0;

	for (; text[n] && n + 1 < sizeof(lower); n++)
		lower[n] = (char)tolower((unsigned char)text[n]);
	lower[n] = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t length = strlen(words[i]);

		if (!strcmp(lower, words[i]) ||
		    (!strncmp(lower, words[i], length) && lower[length] == '_' && i < 11))
			return true;
	}
	return !strncmp(lower, "my_", 3);
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, const struct token *token,
			  const char *what)
{
	char name[64];

	if (token->kind != TOKEN_STRING)
		return NULL;
	text_unquote(&file->lexed, token, name, sizeof(name));
	if (!is_template(name))
		return NULL;
	return source_emit(linter, subject, file, token->line, token->column, name,
			   "name it after the product",
			   "%s is called '%s', as any template's", what, name);
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, size_t index)
{
	const struct lexed *l = &file->lexed;
	const struct token *token = &l->tokens[index];
	struct text_call call;
	struct error *error = NULL;

	if (token->kind != TOKEN_IDENTIFIER || token->flags & TOKEN_DEAD)
		return NULL;
	for (size_t i = 0; !error && i < ARRAY_LENGTH(takers); i++)
		if (token_is(l, token, takers[i].name) && text_call(l, index, &call) &&
		    call.count > takers[i].argument)
			error = tell(linter, subject, file,
				     &l->tokens[call.arguments[takers[i].argument].first],
				     takers[i].name);
	return error;
}

/* .name = "…" of a driver or miscdevice */
static struct error *look_node(struct linter *linter, const struct subject *subject,
			       const struct unit *unit, const struct node *node)
{
	static const char *const types[] = {
		"device_driver",   "miscdevice", "pci_driver", "usb_driver",
		"platform_driver", "class",	 NULL
	};
	const struct node *parent = node_parent(unit, node), *text;
	char name[64];

	if (node->kind != NODE_INIT || !node->name || strcmp(node->name, "name") ||
	    !parent || parent->kind != NODE_LIST || !name_in(parent->type, types))
		return NULL;
	text = node_find(unit, node, NODE_STRING);
	if (!text || !text->name || strlen(text->name) < 2 ||
	    strlen(text->name) >= sizeof(name))
		return NULL;
	memcpy(name, text->name + 1, strlen(text->name) - 2);
	name[strlen(text->name) - 2] = 0;
	if (!is_template(name))
		return NULL;
	return source_emit_node(linter, subject, unit, node, "name it after the product",
				"struct %s is called '%s', as any template's",
				parent->type, name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = source_each_token(linter, subject, look);

	return error ? error : source_each_node(linter, subject, look_node);
}

SOURCE_CHECK(KOM021, run);
