/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"
#include "linter/source/text.h"

static const struct node *field(const struct unit *unit, const struct node *list,
				const char *name)
{
	node_for_each_child(unit, list, it)
	{
		if (it->kind == NODE_INIT && it->name && !strcmp(it->name, name))
			return it;
	}
	return NULL;
}

static struct error *look_operations(struct linter *linter, const struct subject *subject,
				     const struct unit *unit, const struct node *node)
{
	const struct node *ioctl;

	if (node->kind != NODE_LIST || !node->type ||
	    (strcmp(node->type, "file_operations") &&
	     strcmp(node->type, "block_device_operations")))
		return NULL;
	ioctl = field(unit, node, "unlocked_ioctl");
	if (!ioctl)
		ioctl = field(unit, node, "ioctl");
	if (!ioctl || field(unit, node, "compat_ioctl"))
		return NULL;
	return source_emit_node(linter, subject, unit, ioctl,
				"add .compat_ioctl = compat_ptr_ioctl, or a handler that "
				"converts",
				"an ioctl handler without compat_ioctl: 32-bit programs "
				"get ENOTTY");
}

static const struct node *find_record(const struct unit *unit, const char *name)
{
	unit_for_each(unit, node)
	{
		if (node->kind == NODE_RECORD && node->flags & NODE_DEFINITION &&
		    node->name && !strcmp(node->name, name))
			return node;
	}
	return NULL;
}

/* The structure named in an _IOR, _IOW or _IOWR whose last argument is a struct. */
static bool ioctl_record(const struct lexed *l, size_t index, char *name, size_t size)
{
	static const char *const macros[] = { "_IOR", "_IOW", "_IOWR", NULL };
	const struct text_argument *last;
	struct text_call call;
	char macro[16];

	text_copy(l, &l->tokens[index], macro, sizeof(macro));
	if (l->tokens[index].kind != TOKEN_IDENTIFIER || !name_in(macro, macros) ||
	    !text_call(l, index, &call) || call.count != 3)
		return false;
	last = &call.arguments[2];
	if (last->end - last->first != 2 ||
	    !token_is(l, &l->tokens[last->first], "struct"))
		return false;
	text_copy(l, &l->tokens[last->first + 1], name, size);
	return true;
}

static struct error *look_record(struct linter *linter, const struct subject *subject,
				 const char *name)
{
	const struct source_model *model = subject_source(subject);

	model_for_each_unit(model, unit)
	{
		const struct node *record = find_record(unit, name);

		if (!record || !unit->primary)
			continue;
		if (!record->size32 || record->size32 == record->type_size)
			return NULL;
		return source_emit(linter, subject, &model->files[record->file],
				   record->line, record->column, name,
				   "use __u32/__u64 members, pad to 8 bytes by hand",
				   "struct %s of an ioctl has %llu bytes in a 64-bit "
				   "program and %llu in a 32-bit one",
				   name, (unsigned long long)record->type_size,
				   (unsigned long long)record->size32);
	}
	return NULL;
}

static struct error *look_text(struct linter *linter, const struct subject *subject,
			       const struct source_file *file, size_t index)
{
	char name[128];

	return ioctl_record(&file->lexed, index, name, sizeof(name))
		       ? look_record(linter, subject, name)
		       : NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	struct error *error = source_each_node(linter, subject, look_operations);

	return error ? error : source_each_token(linter, subject, look_text);
}

SOURCE_CHECK(SRC023, run);
