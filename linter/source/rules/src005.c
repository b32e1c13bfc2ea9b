/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/array.h"
#include "linter/source/source.h"
#include "linter/source/text.h"

/* Where the mode stands among the arguments. */
static const struct {
	const char *name;
	size_t mode;
} takers[] = {
	{ "DEVICE_ATTR", 1 },
	{ "DEVICE_BOOL_ATTR", 1 },
	{ "DEVICE_INT_ATTR", 1 },
	{ "DEVICE_ULONG_ATTR", 1 },
	{ "__ATTR", 1 },
	{ "BIN_ATTR", 1 },
	{ "__BIN_ATTR", 1 },
	{ "DRIVER_ATTR", 1 },
	{ "SENSOR_DEVICE_ATTR", 1 },
	{ "SENSOR_DEVICE_ATTR_2", 1 },
	{ "module_param", 2 },
	{ "module_param_named", 3 },
	{ "module_param_array", 3 },
	{ "module_param_string", 3 },
	{ "module_param_cb", 3 },
	{ "module_param_call", 4 },
	{ "debugfs_create_file", 1 },
	{ "debugfs_create_file_unsafe", 1 },
	{ "debugfs_create_u8", 1 },
	{ "debugfs_create_u16", 1 },
	{ "debugfs_create_u32", 1 },
	{ "debugfs_create_u64", 1 },
	{ "debugfs_create_x8", 1 },
	{ "debugfs_create_x16", 1 },
	{ "debugfs_create_x32", 1 },
	{ "debugfs_create_x64", 1 },
	{ "debugfs_create_bool", 1 },
	{ "debugfs_create_size_t", 1 },
	{ "debugfs_create_ulong", 1 },
	{ "debugfs_create_blob", 1 },
	{ "debugfs_create_atomic_t", 1 },
	{ "proc_create", 1 },
	{ "proc_create_data", 1 },
	{ "proc_create_single", 1 },
	{ "proc_create_seq", 1 },
	{ "create_proc_entry", 1 },
};

static bool world_writable(const struct lexed *l, const struct text_argument *mode)
{
	static const char *const names[] = { "S_IWOTH", "S_IRWXO", "S_IWUGO", "S_IRWXUGO",
					     NULL };

	for (size_t i = mode->first; i < mode->end; i++) {
		const struct token *t = &l->tokens[i];
		char text[32];

		text_copy(l, t, text, sizeof(text));
		if (t->kind == TOKEN_NUMBER && (strtoul(text, NULL, 0) & 0002))
			return true;
		if (t->kind == TOKEN_IDENTIFIER && name_in(text, names))
			return true;
	}
	return false;
}

/* ".mode = 0666" in the initialiser of an attribute. */
static bool is_mode_field(const struct lexed *l, size_t index, struct text_argument *ret)
{
	const struct token *token = &l->tokens[index], *t;
	size_t at = index;

	if (!index || !token_is(l, token, "mode") ||
	    !token_is(l, &l->tokens[index - 1], "."))
		return false;
	t = lexed_next(l, at, &at);
	if (!t || !token_is(l, t, "="))
		return false;
	ret->first = at + 1;
	while ((t = lexed_next(l, at, &at)) && !token_is(l, t, ",") &&
	       !token_is(l, t, "}"))
		;
	ret->end = at;
	return t;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, size_t index)
{
	const struct lexed *l = &file->lexed;
	const struct token *token = &l->tokens[index];
	struct text_call call;
	char name[64];
	struct text_argument mode;
	size_t i = 0;

	if (token->kind != TOKEN_IDENTIFIER ||
	    token->flags & (TOKEN_DEAD | TOKEN_DIRECTIVE))
		return NULL;
	if (is_mode_field(l, index, &mode) && world_writable(l, &mode))
		return source_emit(linter, subject, file, token->line, token->column,
				   "mode", "0644, or 0600 where reading tells too much",
				   "the attribute lets every user write");
	while (i < ARRAY_LENGTH(takers) && !token_is(l, token, takers[i].name))
		i++;
	if (i == ARRAY_LENGTH(takers) || !text_call(l, index, &call) ||
	    call.count <= takers[i].mode ||
	    !world_writable(l, &call.arguments[takers[i].mode]))
		return NULL;
	text_copy(l, &l->tokens[call.arguments[0].first], name, sizeof(name));
	return source_emit(linter, subject, file, token->line, token->column, name,
			   "0644, or 0600 where reading tells too much",
			   "%s lets every user write", takers[i].name);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_token(linter, subject, look);
}

SOURCE_CHECK(SRC005, run);
